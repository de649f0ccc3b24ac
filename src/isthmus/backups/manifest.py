"""What a backup says of itself: a JSON document beside the dump, in one archive."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from zipfile import ZipFile

import orjson

from isthmus.backups.errors import BackupUnreadable

FORMAT = 1
MANIFEST, DUMP, KEY = "manifest.json", "database.dump", "secret.key"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is in the file, and by what that can be checked."""

    version: str  # of Isthmus
    made_at: datetime  # the database's clock: the moment that the backup shows
    postgresql: int  # major version of the program that wrote the dump
    migrations: list[str]
    tables: dict[str, int]  # how many rows of each are in it
    database_bytes: int
    keys: list[str]  # marks of the keys that open the secrets, the first seals
    dump_bytes: int
    dump_sha256: str
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(self.tables.values())

    def as_bytes(self) -> bytes:
        """The document."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)

    @classmethod
    def read(cls, archive: ZipFile) -> Self:
        """The document of an archive. Raises `BackupUnreadable`."""
        try:
            said: dict[str, Any] = orjson.loads(archive.read(MANIFEST))
            if said["format"] != FORMAT:
                raise BackupUnreadable(
                    f"The file is a backup of another kind (format {said['format']}): restore it "
                    f"with the version that made it, {said.get('version', 'a later one')}."
                )
            known = {name: said[name] for name in cls.__dataclass_fields__}
            return cls(**{**known, "made_at": datetime.fromisoformat(said["made_at"])})
        except (KeyError, TypeError, ValueError) as error:
            raise BackupUnreadable(
                "The file is no backup of Isthmus: it does not say what is in it. Name a file "
                "that `isthmus backup` made."
            ) from error
