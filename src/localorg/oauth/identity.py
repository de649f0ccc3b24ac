"""What the org says about a user: userinfo and the identity address (reference 1.7)."""

import sqlite3
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from localorg.clock import rest_datetime
from localorg.org import Org
from localorg.store import ORGANIZATION_ID, quoted

_PATHS = {
    "enterprise": "/services/Soap/c/{version}/" + ORGANIZATION_ID[:15],
    "metadata": "/services/Soap/m/{version}/" + ORGANIZATION_ID[:15],
    "partner": "/services/Soap/u/{version}/" + ORGANIZATION_ID[:15],
    "rest": "/services/data/v{version}/",
    "sobjects": "/services/data/v{version}/sobjects/",
    "search": "/services/data/v{version}/search/",
    "query": "/services/data/v{version}/query/",
    "recent": "/services/data/v{version}/recent/",
    "tooling_soap": "/services/Soap/T/{version}/" + ORGANIZATION_ID[:15],
    "tooling_rest": "/services/data/v{version}/tooling/",
    "profile": "/{user}",
    "feeds": "/services/data/v{version}/chatter/feeds",
    "groups": "/services/data/v{version}/chatter/groups",
    "users": "/services/data/v{version}/chatter/users",
    "feed_items": "/services/data/v{version}/chatter/feed-items",
    "feed_elements": "/services/data/v{version}/chatter/feed-elements",
}
_USER_TYPES = {"Standard": "STANDARD"}
_WANTED = (
    "Id",
    "Username",
    "Name",
    "FirstName",
    "LastName",
    "Email",
    "CommunityNickname",
    "Alias",
    "IsActive",
    "UserType",
    "MobilePhone",
    "TimeZoneSidKey",
    "LocaleSidKey",
    "LanguageLocaleKey",
    "LastModifiedDate",
)


class Person:
    """One user's record and where the org is."""

    def __init__(self, row: dict[str, Any], instance: str, identity: str, now: datetime) -> None:
        """`instance` and `identity` are addresses; `now` gives the time zone's offset."""
        self.row = row
        self._instance = instance
        self._identity = identity
        self._now = now

    def userinfo(self) -> dict[str, Any]:
        """The answer of `/services/oauth2/userinfo`."""
        row = self.row
        return {
            "sub": self._identity,
            "user_id": row["Id"],
            "organization_id": ORGANIZATION_ID,
            "preferred_username": row["Username"],
            "nickname": self._nickname,
            "name": row["Name"],
            "email": row["Email"],
            "email_verified": True,
            "given_name": row.get("FirstName"),
            "family_name": row["LastName"],
            "zoneinfo": self._zone,
            "photos": self._photos,
            "profile": f"{self._instance}/{row['Id']}",
            "picture": self._photos["picture"],
            "address": {},
            "urls": self.urls(None),
            "active": bool(row["IsActive"]),
            "user_type": self._user_type,
            "language": row["LanguageLocaleKey"],
            "locale": row["LocaleSidKey"],
            "utcOffset": self._utc_offset,
            "updated_at": rest_datetime(row["LastModifiedDate"]).replace("+0000", "Z"),
            "is_app_installed": True,
        }

    def identity(self, version: str | None, *, asserted: bool) -> dict[str, Any]:
        """The answer of the identity address; `asserted` says that it is the token's own user."""
        row = self.row
        return {
            "id": self._identity,
            "asserted_user": asserted,
            "user_id": row["Id"],
            "organization_id": ORGANIZATION_ID,
            "username": row["Username"],
            "nick_name": self._nickname,
            "display_name": row["Name"],
            "email": row["Email"],
            "email_verified": True,
            "first_name": row.get("FirstName"),
            "last_name": row["LastName"],
            "timezone": self._zone,
            "photos": self._photos,
            "addr_street": None,
            "addr_city": None,
            "addr_state": None,
            "addr_country": None,
            "addr_zip": None,
            "mobile_phone": row.get("MobilePhone"),
            "mobile_phone_verified": False,
            "is_lightning_login_user": False,
            "status": {"created_date": None, "body": None},
            "urls": self.urls(version),
            "active": bool(row["IsActive"]),
            "user_type": self._user_type,
            "language": row["LanguageLocaleKey"],
            "locale": row["LocaleSidKey"],
            "utcOffset": self._utc_offset,
            "last_modified_date": rest_datetime(row["LastModifiedDate"]),
            "is_app_installed": True,
        }

    def urls(self, version: str | None) -> dict[str, str]:
        """Addresses of the APIs; `{version}` stays in them unless a version is given."""
        found = {}
        for name, path in _PATHS.items():
            text = path.replace("{user}", self.row["Id"])
            found[name] = self._instance + (text.replace("{version}", version) if version else text)
        return found | {"custom_domain": self._instance}

    @property
    def _nickname(self) -> str:
        return str(self.row.get("CommunityNickname") or self.row["Alias"])

    @property
    def _user_type(self) -> str:
        kind = str(self.row["UserType"])
        return _USER_TYPES.get(kind, kind.upper())

    @property
    def _photos(self) -> dict[str, str]:
        return {
            "picture": f"{self._instance}/profilephoto/005/F",
            "thumbnail": f"{self._instance}/profilephoto/005/T",
        }

    @property
    def _zone(self) -> str:
        return str(self.row["TimeZoneSidKey"])

    @property
    def _utc_offset(self) -> int:
        """Milliseconds that standard time is ahead of UTC."""
        local = self._now.astimezone(ZoneInfo(self._zone))
        offset, saving = local.utcoffset(), local.dst()
        seconds = (offset.total_seconds() if offset else 0) - (
            saving.total_seconds() if saving else 0
        )
        return int(seconds * 1000)


def read_user(org: Org, user_id: str) -> dict[str, Any] | None:
    """The columns of a user that identity is made of, or None where there is no such user."""
    known = org.schema.object("User").fields
    names = [name for name in _WANTED if name.lower() in known]
    statement = " ".join(("SELECT", ", ".join(map(quoted, names)), "FROM User", "WHERE Id = ?"))
    with org.store.read() as connection:
        row = _row(connection, statement, user_id)
    return None if row is None else dict(zip(names, row, strict=True))


def _row(connection: sqlite3.Connection, statement: str, key: str) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = connection.execute(statement, (key,)).fetchone()
    return found
