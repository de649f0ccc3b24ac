"""Users, profiles, permission sets and apps of a set-up file."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from localorg.oauth.apps import SCOPES, App
from localorg.oauth.assertions import load_public_key
from localorg.rights import (
    ANY,
    EVERYTHING,
    FIELD_RIGHTS,
    OBJECT_RIGHTS,
    SETUP_OBJECTS,
    RightsDocument,
    governing,
)
from localorg.rights.records import AccessRecords
from localorg.schema import Schema
from localorg.setup_file.errors import unknown
from localorg.setup_file.reading import SetupFile
from localorg.setup_file.values import Entries, Value

if TYPE_CHECKING:
    from localorg.org import Org

_PREFIX = "Permissions"
_RIGHTS_KEYS = ("permissions", "objects", "fields")
_ALL = "all"
_USER_KEYS = (
    *("first_name", "last_name", "email", "alias", "title", "department", "phone"),
    *("profile", "permission_sets", "active", "frozen", "password"),
    *("time_zone", "locale", "language"),
)
_TEXTS = {
    "first_name": "FirstName",
    "last_name": "LastName",
    "email": "Email",
    "alias": "Alias",
    "title": "Title",
    "department": "Department",
    "phone": "Phone",
    "locale": "LocaleSidKey",
    "language": "LanguageLocaleKey",
}
_APP_FLAGS = (
    "require_pkce",
    "require_secret",
    "require_secret_for_refresh",
    "rotate_refresh_tokens",
    "password_flow",
    "blocked",
    "installed",
)
_APP_TEXTS = ("name", "secret", "run_as")
_APP_NUMBERS = (
    "session_timeout_seconds",
    "approval_cap",
    "refresh_idle_seconds",
    "refresh_lifetime_seconds",
    "daily_api_requests",
)
_APP_LISTS = ("callbacks", "pre_authorised")
_APP_CHOICES = {
    "permitted_users": ("all_users", "admin_approved"),
    "kind": ("connected_app", "external_client_app"),
}
_MOST = 2**53
APP_KEYS = tuple(entry.name for entry in fields(App) if entry.name != "client_id")


def install_access(org: "Org", setup: SetupFile) -> None:
    """Write the profiles, permission sets and users of a set-up file and add its apps.

    What is there already is changed to what the file says. Problems are reported, not raised;
    a user or app with a problem is left out.
    """
    records = AccessRecords(org.store, org.clock.now())
    for name, value in _named(setup, "profiles"):
        given = _read_rights(value, org.schema, _RIGHTS_KEYS, default=EVERYTHING)
        set_id = records.put_profile(name, given.permissions)
        org.rights.documents.set_up(set_id, given)
    for name, value in _named(setup, "permission_sets"):
        keys = ("label", *_RIGHTS_KEYS)
        given = _read_rights(value, org.schema, keys, default=RightsDocument())
        label = value.mapping()["label"].text(name) if "label" in value.mapping() else name
        set_id = records.put_permission_set(name, label, given.permissions)
        org.rights.documents.set_up(set_id, given)
    for name, value in _named(setup, "users"):
        _install_user(org, records, name, value)
    for name, value in _named(setup, "apps"):
        app = read_app(name, value)
        if app is not None:
            org.sign_in.apps.put(app)


def _named(setup: SetupFile, key: str) -> list[tuple[str, Value]]:
    section = setup.section(key)
    return [] if section is None else list(section.mapping().items())


def _read_rights(
    value: Value, schema: Schema, keys: tuple[str, ...], *, default: RightsDocument
) -> RightsDocument:
    entries = value.entries(optional=keys)
    objects, found = default.objects, default.fields
    if "objects" in entries:
        objects = _read_objects(entries["objects"], schema)
    if "fields" in entries:
        found = {**default.fields, **_read_fields(entries["fields"], schema)}
    return RightsDocument(
        objects=objects, fields=found, permissions=_read_permissions(entries, schema)
    )


def _read_permissions(entries: Entries, schema: Schema) -> dict[str, bool]:
    """Every permission of the org, given or not; nothing where the file doesn't speak of them."""
    if "permissions" not in entries:
        # A profile that is there, such as System Administrator, keeps what it has.
        return {}
    known = permission_names(schema)
    flags = dict.fromkeys(known, False)
    for item in entries.items("permissions"):
        if item.data == _ALL:
            flags = dict.fromkeys(known, True)
            continue
        allowed = [name.removeprefix(_PREFIX) for name in known]
        word = item.text().removeprefix(_PREFIX)
        match = {name.lower(): name for name in allowed}.get(word.lower())
        if match is None:
            item.report(unknown("permission", word, allowed))
        else:
            flags[_PREFIX + match] = True
    return flags


def permission_names(schema: Schema) -> list[str]:
    """The API names of the permissions that an org knows."""
    found = schema.objects.get("permissionset")
    if found is None:
        return []
    return [field.name for field in found.fields.values() if field.name.startswith(_PREFIX)]


def _read_objects(value: Value, schema: Schema) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for name, rights in value.mapping().items():
        if name != ANY and name.lower() not in schema.objects:
            names = sorted(entry.name for entry in schema.objects.values())
            rights.report(unknown("object", name, names))
            continue
        if name.lower() in SETUP_OBJECTS:
            message = f"Permissions such as ViewSetup decide about {name}. Leave it out."
            rights.report(message)
            continue
        found[name.lower()] = _read_words(rights, "right on an object", OBJECT_RIGHTS)
    return found


def _read_fields(value: Value, schema: Schema) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for name, rights in value.mapping().items():
        if name != ANY and not _is_field(name, schema):
            message = f"{name!r} is no field. Write it as Object.Field, Object.* or *."
            rights.report(message)
            continue
        if theirs := _of_contact(name, schema):
            message = f"{name!r} shows {theirs} of persons, whose rights it has: name that field."
            rights.report(message)
            continue
        found[name.lower()] = _read_words(rights, "right on a field", FIELD_RIGHTS)
    return found


def _is_field(name: str, schema: Schema) -> bool:
    object_name, _, field_name = name.lower().partition(".")
    found = schema.objects.get(object_name)
    return found is not None and (field_name == ANY or field_name in found.fields)


def _of_contact(name: str, schema: Schema) -> str | None:
    """The contact's field that decides about a person account's, as Contact.Field."""
    object_name, _, field_name = name.lower().partition(".")
    field = schema.object(object_name).fields.get(field_name) if field_name else None
    if field is None:
        return None
    owner, theirs = governing(schema, schema.object(object_name), field)
    found = schema.object(owner)
    return None if owner == object_name else f"{found.name}.{found.field(theirs).name}"


def _read_words(value: Value, kind: str, allowed: tuple[str, ...]) -> frozenset[str]:
    words = {item.choice(kind, (*allowed, _ALL, "none")) for item in value.items()}
    return frozenset(allowed) if _ALL in words else frozenset(words & set(allowed))


@dataclass(frozen=True)
class _Groups:
    """The ids of what a user belongs to; None where the file does not say so."""

    profile_id: str | None
    set_ids: list[str] | None


def _install_user(org: "Org", records: AccessRecords, username: str, value: Value) -> None:
    entries = value.entries(optional=_USER_KEYS)
    if "@" not in username:
        value.report(f"{username!r} is no user name. Write it like an address: eva@acme.example.")
        return
    known = records.find_user(username)
    groups = _read_groups(records, entries, is_new=known is None)
    values = _read_user(entries, is_new=known is None)
    if groups.profile_id is not None:
        values["ProfileId"] = groups.profile_id
    user_id = records.put_user(username, values, _new_user(username, values))
    if groups.set_ids is not None:
        records.assign(user_id, groups.set_ids)
    if "password" in entries:
        _set_password(org, user_id, entries.text("password"))
    if "frozen" in entries:
        org.sign_in.accounts.freeze(user_id, frozen=entries.flag("frozen"))


def _set_password(org: "Org", user_id: str, password: str) -> None:
    account = org.sign_in.accounts.by_id(user_id)
    if account is not None and not org.sign_in.accounts.knows_password(account, password):
        org.sign_in.accounts.set_password(user_id, password)


def _read_groups(records: AccessRecords, entries: Entries, *, is_new: bool) -> _Groups:
    profile_id = None
    if "profile" in entries or is_new:
        name = entries.text("profile", "Standard User")
        profile_id = records.find_profile(name)
        if profile_id is None:
            message = f"There is no profile {name!r}. Add it under `profiles`, or name another."
            entries.report("profile", message)
    if "permission_sets" not in entries:
        return _Groups(profile_id, None)
    set_ids = []
    for item in entries.items("permission_sets"):
        found = records.find_permission_set(item.text())
        if found is None:
            item.report(f"There is no permission set {item.data!r}. Add it: `permission_sets`.")
        else:
            set_ids.append(found)
    return _Groups(profile_id, set_ids)


def _read_user(entries: Entries, *, is_new: bool) -> dict[str, Any]:
    values: dict[str, Any] = {
        column: entries.text(key) for key, column in _TEXTS.items() if key in entries
    }
    if "active" in entries or is_new:
        values["IsActive"] = int(entries.flag("active", default=True))
    if "time_zone" in entries:
        zone = entries.text("time_zone", "GMT")
        if zone not in available_timezones():
            entries.report("time_zone", f"{zone!r} is no time zone. Write such as Europe/Berlin.")
        values["TimeZoneSidKey"] = zone
    if {"FirstName", "LastName"} & values.keys() or is_new:
        last = values.setdefault("LastName", "User")
        values["Name"] = " ".join(filter(None, (values.get("FirstName"), last)))
    return values


def _new_user(username: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Username": username,
        "Email": username,
        "Alias": username.partition("@")[0][:8],
        "CommunityNickname": username.partition("@")[0][:40],
        "UserType": "Standard",
        "TimeZoneSidKey": "GMT",
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
        "LastName": values.get("LastName", "User"),
    }


def read_app(client_id: str, value: Value) -> App | None:
    """An app by its client id; None where it has a problem, which is reported."""
    before = bool(value.problems)
    entries = value.entries(optional=APP_KEYS)
    policies: dict[str, Any] = {}
    policies |= {key: entries.text(key) for key in _APP_TEXTS if key in entries}
    policies |= {key: entries.flag(key) for key in _APP_FLAGS if key in entries}
    policies |= {key: entries.integer(key, 1, _MOST) for key in _APP_NUMBERS if key in entries}
    policies |= {key: entries.texts(key) for key in _APP_LISTS if key in entries}
    for key, allowed in _APP_CHOICES.items():
        if key in entries:
            policies[key] = entries.choice(key, key.replace("_", " "), allowed, allowed[0])
    if "scopes" in entries:
        policies["scopes"] = _read_scopes(entries)
    if "certificate" in entries:
        policies["certificate"] = _read_certificate(entries)
    if bool(value.problems) and not before:
        return None
    return App(client_id=client_id, **policies)


def _read_scopes(entries: Entries) -> tuple[str, ...]:
    return tuple(item.choice("scope", SCOPES) for item in entries.items("scopes"))


def _read_certificate(entries: Entries) -> bytes | None:
    pem = entries.text("certificate").encode()
    try:
        load_public_key(pem)
    except ValueError as error:
        entries.report("certificate", f"This is no PEM text of an RSA certificate or key: {error}")
        return None
    return pem
