"""What becomes of records: lead conversion, merges, the recycle bin, the org's own rules."""

from localorg.life.automation import Automation
from localorg.life.converting import Conversion, convert_leads
from localorg.life.merging import Merge, merge
from localorg.life.options import save_options
from localorg.life.recycle_bin import RecycleBin
from localorg.life.undeleting import undelete

__all__ = [
    "Automation",
    "Conversion",
    "Merge",
    "RecycleBin",
    "convert_leads",
    "merge",
    "save_options",
    "undelete",
]
