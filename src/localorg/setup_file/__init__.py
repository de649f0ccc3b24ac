"""The file that says what an org has beyond every other: objects, fields, users, apps, rules."""

from localorg.setup_file.errors import SetupFileError
from localorg.setup_file.objects import org_schema
from localorg.setup_file.reading import SECTIONS, SetupFile, parse, read
from localorg.setup_file.values import Entries, Problems, Value

__all__ = [
    "SECTIONS",
    "Entries",
    "Problems",
    "SetupFile",
    "SetupFileError",
    "Value",
    "org_schema",
    "parse",
    "read",
]
