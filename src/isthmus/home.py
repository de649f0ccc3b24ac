"""The data folder: where the embedded database, its password and the secret key live."""

import os
from pathlib import Path

from platformdirs import user_data_path


def home() -> Path:
    """The data folder, from `ISTHMUS_HOME`; by default the user's data folder. May not exist yet."""
    given = os.environ.get("ISTHMUS_HOME")
    return Path(given).expanduser().resolve() if given else user_data_path("isthmus")
