"""Making the store's set-up what a document says. Applying twice changes nothing more."""

from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import F

from isthmus.blueprint import taking_sign_ins
from isthmus.blueprint.documents import Connection, Document, Goal, Notify, with_object_type
from isthmus.blueprint.planning import Plan, What, compare
from isthmus.blueprint.reviewing import review
from isthmus.blueprint.stored import stored
from isthmus.connections import budget, client_apps, due, models, webhook_setting
from isthmus.connections.removing import delete_goal
from isthmus.domain.goals import ImportGoal, ObjectTypeOnDelete, OnMerge
from isthmus.people import auditing
from isthmus.profiles import setting_up
from isthmus.profiles.models import Segment
from isthmus.profiles.properties import save_property


def apply_document(document: Document) -> Plan:
    """Apply, all or nothing, and give the changes that were made.

    Raises `BlueprintInvalid` as `check` does, and `isthmus.profiles.properties.StoreBusy` where a
    property can't be added just now.
    """
    with auditing.by_document(), transaction.atomic():
        setting_up.lock()
        there = stored()
        review(document, there)
        plan = compare(document, there)
        _carry_out(plan, with_object_type(document, there))
    return plan


def _carry_out(plan: Plan, document: Document) -> None:
    changed = {(change.what, change.key.partition("/")[0]) for change in plan.changes}
    for segment in document.segments:
        if (What.SEGMENT, segment.key) in changed:
            values = {"name": segment.name, "where": segment.where}
            Segment.objects.update_or_create(key=segment.key, defaults=values)
    _save_apps_and_orgs(document, changed)
    saved = [
        each
        for each in document.connections
        if any((what, each.key) in changed for what in _PARTS_OF_CONNECTIONS)
    ]
    for connection in saved:
        _save_connection(connection)
    # Those that share come last, because the sign-in that they share has to be there.
    for connection in saved:
        if connection.share:
            row = models.Connection.objects.select_related("authorization").get(key=connection.key)
            taking_sign_ins.share(row, connection.share)
    # Last, because a new column keeps the profile table locked until the transaction ends.
    for definition in document.properties:
        if (What.PROPERTY, definition.key) in changed:
            save_property(definition)


def _save_apps_and_orgs(document: Document, changed: set[tuple[What, str]]) -> None:
    for app in document.apps:
        if (What.APP, app.name) in changed:
            there = models.App.objects.filter(name=app.name).first()
            client_apps.save(app.name, app.client_id, app.secret, app=there)
    for org in document.orgs:
        if (What.ORG, org.id) in changed:
            budget.set_share(org.id, org.api_share_percent)


_PARTS_OF_CONNECTIONS = (What.CONNECTION, What.AUTHORIZATION, What.GOAL)


def _save_connection(asked: Connection) -> None:
    row = models.Connection.objects.select_for_update().filter(key=asked.key).first()
    values = {
        "name": asked.name,
        "active": asked.active,
        "sandbox": asked.sandbox,
        "timezone": asked.timezone,
        "overlap_seconds": asked.overlap_seconds,
        "settle_seconds": asked.settle_seconds,
        "confirm_above": asked.confirm_above,
        "confirm_hours": asked.confirm_hours,
        "labels": list(asked.labels),
        "description": asked.description,
        **(_notify(asked.notify, row) if asked.notify is not None else {}),
    }
    if asked.schedule is not None:
        values["schedule"] = asked.schedule.as_plain()
    # Only these columns are written: a run may be writing others of the same row, such as the org.
    saved, _ = models.Connection.objects.update_or_create(key=asked.key, defaults=values)
    _schedule(row, saved)
    if asked.authorization is not None:
        taking_sign_ins.take(saved, asked.authorization)
    if row and row.timezone != asked.timezone:
        # Days that were made from moments are other days now: everything is taken again.
        saved.goals.update(version=F("version") + 1)
    if asked.goals is not None:
        save_goals(saved, asked.goals)


def _schedule(before: models.Connection | None, saved: models.Connection) -> None:
    """Work out when it is due, where what that depends on has changed."""
    names = ("active", "schedule", "timezone")
    if before is None or any(getattr(before, name) != getattr(saved, name) for name in names):
        due.renew(saved)


def _notify(asked: Notify, row: models.Connection | None) -> dict[str, Any]:
    """The columns that say who hears of runs."""
    kept = row or models.Connection()
    url = asked.webhook.url if asked.webhook else ""
    secret = asked.webhook.secret if asked.webhook else ""
    webhook_setting.set_webhook(kept, url, secret=secret)
    return {
        "notify_to": list(asked.to),
        "notify_when": asked.when,
        **{name: getattr(kept, name) for name in webhook_setting.COLUMNS},
    }


def save_goals(connection: models.Connection, asked: tuple[Goal, ...]) -> None:
    """Make the connection's goals these, in this order. Whoever calls holds the connection."""
    directions = {goal.key: _direction(goal) for goal in asked}
    kept: dict[str, models.Goal] = {}
    for row in connection.goals.select_for_update():
        if directions.get(row.key) == row.direction:
            kept[row.key] = row
        else:
            delete_goal(row)
    for position, goal in enumerate(asked, start=1):
        if goal.key in kept:
            _change_goal(kept[goal.key], goal, position)
        else:
            _add_goal(connection, goal, position)


def _add_goal(connection: models.Connection, goal: Goal, position: int) -> None:
    models.Goal.objects.create(
        connection=connection,
        key=goal.key,
        direction=_direction(goal),
        position=position,
        document=goal.plain(),
    )


def _change_goal(row: models.Goal, goal: Goal, position: int) -> None:
    if _mapped(row.definition) != _mapped(goal):
        row.version += 1
    row.position, row.document = position, goal.plain()
    # What runs note in the row (how far they read, for example) is not theirs to lose.
    row.save(update_fields=["position", "document", "version"])


def _mapped(goal: Goal) -> Goal:
    """The goal with only what decides which records are taken and what is made of them."""
    if isinstance(goal, ImportGoal):
        goal = replace(goal, object_type_on_delete=ObjectTypeOnDelete.KEEP, on_merge=OnMerge.MERGE)
    return replace(goal, name="", active=True)


def _direction(goal: Goal) -> str:
    return models.IMPORT if isinstance(goal, ImportGoal) else models.EXPORT
