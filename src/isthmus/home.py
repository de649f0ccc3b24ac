"""The data folder: where the embedded database, its password and the secret key live."""

import os
from pathlib import Path

from platformdirs import user_data_path


def home() -> Path:
    """The data folder: `ISTHMUS_HOME`, or by default the user's own. It may not exist yet."""
    given = os.environ.get("ISTHMUS_HOME")
    return Path(given).expanduser().resolve() if given else user_data_path("isthmus")
