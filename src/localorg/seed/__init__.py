"""Made-up people for the org, as many and as odd as real ones; the same for the same seed."""

from localorg.seed.changes import change_records
from localorg.seed.seeding import seed

__all__ = ["change_records", "seed"]
