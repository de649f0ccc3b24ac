"""Every model and column is either in the audit log, or it is written down here why it is not."""

from collections.abc import Mapping
from typing import Any, Final

from django.apps import apps
from django.db import models
from psycopg import Connection as Session

OURS: Final = ("connections", "people", "profiles")

NOT_SET_UP: Final[Mapping[str, str]] = {
    "Alert": "found by Isthmus itself, about what is going on",
    "FirstCode": "made at a start, and gone with the first account, which is logged",
    "KnownObject": "what an org describes, read anew again and again",
    "Letter": "what is sent, not what is set up",
    "OrgCalls": "counted at each call",
    "PageAddress": "noted by the pages when they are served",
    "Revocation": "a token on its way out; what it was of is logged",
    "Run": "what people do about runs is logged by triggers of its own",
    "RunGoal": "what engines do",
    "SignInAttempt": "a sign-in that is not done yet",
    "Connection_favoured_by": "each person's own mark, which changes nothing for anybody else",
}
"""Models without set-up."""

NOT_LOGGED: Final[Mapping[str, Mapping[str, str]]] = {
    "Connection": {"due_at": "follows from the schedule and the clock"},
    "Goal": {
        "connection_id": "never changes, and is named beside each entry",
        "version": "counted by Isthmus when the mapping changes",
        "slots": "engines'",
        "read_until": "engines'",
        "read_version": "engines'",
        "read_segment": "engines'",
        "read_whole_at": "engines'",
    },
    "Authorization": {
        "sealed_refresh_token": "changes with every renewal",
        "sealed_access_token": "changes with every renewal",
        "instance_url": "told by Salesforce at each renewal",
        "renewals": "counted at each renewal",
        "renewed_at": "of the last renewal",
        "signed_in_by": "each entry says who did it",
        "lost_at": "Salesforce's doing, not a person's",
        "lost_reason": "Salesforce's doing, not a person's",
        "permissions": "told by Salesforce",
        "permissions_at": "when Salesforce told it",
    },
    "App": {},
    "Org": {
        "org_id": "never changes, and names the entry",
        "calls_limit": "told by Salesforce",
        "calls_used": "told by Salesforce",
        "measured_at": "when Salesforce told it",
        "others_used": "worked out of what Salesforce told",
    },
    "MailServer": {},
    "Property": {},
    "Segment": {},
    "User": {
        "created_at": "never changes; the entry has a time",
        "last_login": "signing in is no set-up",
        "failures": "signing in is no set-up",
        "locked_until": "signing in is no set-up",
    },
}
"""Models whose rows are logged, with the columns that are not."""

SECRET: Final = {
    "Connection": {"sealed_webhook_secret"},
    "Authorization": {"sealed_secret"},
    "App": {"sealed_secret"},
    "MailServer": {"sealed_password"},
    "User": {"password"},
}
"""Columns of which only is logged that they changed."""


def ours() -> dict[str, type[models.Model]]:
    found = (each for label in OURS for each in apps.get_app_config(label).get_models(True))  # noqa: FBT003
    # Tests may have made models of their own in this process.
    return {each.__name__: each for each in found if each.__module__.startswith("isthmus.")}


def meta(name: str) -> Any:
    return ours()[name]._meta  # noqa: SLF001 - what Django calls the public description of a model


def columns_of(name: str) -> list[str]:
    return sorted(field.column for field in meta(name).concrete_fields)


def triggers(store: Session[Any]) -> dict[str, list[str]]:
    rows = store.execute(
        """SELECT relname, tgargs FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        JOIN pg_proc ON pg_proc.oid = tgfoid WHERE proname = 'audit_change'"""
    )
    return {table: arguments.decode().split("\0") for table, arguments in rows}


def test_every_model_is_logged_or_says_why_not() -> None:
    assert set(ours()) == set(NOT_SET_UP) | set(NOT_LOGGED)


def test_every_model_that_is_logged_has_its_triggers_with_these_columns(
    store: Session[Any],
) -> None:
    found = triggers(store)
    assert set(found) == {meta(name).db_table for name in NOT_LOGGED}
    for name, ignored in NOT_LOGGED.items():
        _, left_out, secret, *_ = found[meta(name).db_table]
        assert set(filter(None, left_out.strip("{}").split(","))) == set(ignored), name
        assert set(filter(None, secret.strip("{}").split(","))) == SECRET.get(name, set()), name


def test_no_column_is_left_out_that_there_is_not() -> None:
    for name, ignored in NOT_LOGGED.items():
        assert set(ignored) | SECRET.get(name, set()) <= set(columns_of(name))


def test_what_is_sealed_or_binary_is_never_logged() -> None:
    for name, ignored in NOT_LOGGED.items():
        for field in meta(name).concrete_fields:
            if isinstance(field, models.BinaryField) or field.column == "password":
                assert field.column in set(ignored) | SECRET[name], (name, field.column)


COLUMNS: Final = {
    "Connection": (
        "active authorization_id confirm_above confirm_hours description due_at id key labels name "
        "notify_to notify_when org_id overlap_seconds sandbox schedule sealed_webhook_secret "
        "settle_seconds timezone webhook_url"
    ),
    "Goal": (
        "connection_id direction document id key position read_segment read_until read_version "
        "read_whole_at slots version"
    ),
    "Authorization": (
        "audience certificate client_id flow id instance_url login_url lost_at lost_reason org_id "
        "org_name permissions permissions_at renewals renewed_at sealed_access_token "
        "sealed_refresh_token sealed_secret signed_in_at signed_in_by user_id user_name username"
    ),
    "App": "client_id id name sealed_secret",
    "Org": "calls_limit calls_used id measured_at org_id others_used share_percent",
    "MailServer": "host id port sealed_password security sender username",
    "Property": "description id identifier key label list normalise on_merge personal type",
    "Segment": "id key name where",
    "User": (
        "created_at email failures id is_active last_login locked_until name password role "
        "sees_personal_data timezone"
    ),
}
"""All columns that somebody has thought of. A new one is logged as it is: say here that it may."""


def test_somebody_has_thought_of_every_column() -> None:
    for name, known in COLUMNS.items():
        assert columns_of(name) == sorted(known.split()), name
    assert set(COLUMNS) == set(NOT_LOGGED)
