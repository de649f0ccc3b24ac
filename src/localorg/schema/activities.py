"""What is to be done about a record: tasks."""

from localorg.schema.builders import (
    boolean,
    combobox,
    computed,
    date,
    deletion,
    lookup,
    owner,
    picklist,
    record_id,
    stamps,
    textarea,
)
from localorg.schema.object_type import ObjectType, by_name

TASK_STATUSES = (
    "Not Started",
    "In Progress",
    "Completed",
    "Waiting on someone else",
    "Deferred",
)
TASK_PRIORITIES = ("High", "Normal", "Low")
_SUBJECTS = ("Call", "Send Letter", "Send Quote", "Other")


def task() -> ObjectType:
    """Something to do for a person (Who) and about another record (What)."""
    fields = [
        record_id("Activity ID"),
        lookup("WhoId", "Name ID", ("Contact", "Lead"), "Who", indexed=True, children="Tasks"),
        lookup(
            "WhatId",
            "Related To ID",
            ("Account", "Opportunity", "Case"),
            "What",
            indexed=True,
            children="Tasks",
            cascade_delete=True,
        ),
        combobox("Subject", "Subject", _SUBJECTS, name_field=True),
        date("ActivityDate", "Due Date Only"),
        picklist("Status", "Status", TASK_STATUSES, nillable=False, default="Not Started"),
        picklist("Priority", "Priority", TASK_PRIORITIES, nillable=False, default="Normal"),
        computed(boolean("IsHighPriority", "High Priority"), """({}."Priority" IS 'High')"""),
        owner(queues=True),
        textarea("Description", "Description", 32000),
        *deletion(),
        computed(boolean("IsClosed", "Closed"), """({}."Status" IS 'Completed')"""),
        *stamps(),
    ]
    return ObjectType(
        name="Task",
        label="Task",
        label_plural="Tasks",
        key_prefix="00T",
        fields=by_name(fields),
    )
