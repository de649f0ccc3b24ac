"""Queues, assignment rules and duplicate rules of a set-up file, and what they do."""

from dataclasses import replace
from typing import Any

import pytest

from localorg.dml import ACTIVE_RULE, Rules, SaveOptions
from localorg.dml.duplicates import DuplicatesDetected
from localorg.life import Automation
from localorg.setup_file import SetupFileError, parse
from localorg.setup_file.rules import install_rules
from localorg.store import INTEGRATION_USER_ID, OWNER_IDS
from unit.localorg.dml.dml_org import DmlOrg, codes, messages

LEAD = {"LastName": "Lovelace", "Company": "Engines"}
SETUP = """
queues:
  - name: Web leads
    objects: [Lead]
    members: [amara@localorg.example]
  - {name: Support, objects: [Case, Lead]}
assignment_rules:
  - object: Lead
    name: Standard
    entries:
      - {owner: Web leads, criteria: [{field: LeadSource, value: web}]}
      - {owner: bruno@localorg.example, criteria: [
          {field: NumberOfEmployees, operator: greater_than, value: 100},
          {field: Company, operator: contains, value: corp}]}
      - {owner: Support, formula: 'AND(NOT(ISBLANK(Website)), City = "Rome")'}
  - object: Lead
    name: Other
    active: false
    entries: [{owner: Support}]
duplicate_rules:
  - object: Lead
    name: Same address
    matches:
      - {name: By_Email, fields: [Email]}
      - {object: Contact, fields: {Email: Email, LastName: LastName}}
  - object: Contact
    name: Contacts
    on_insert: alert
    on_update: allow
    matches: [{fields: [LastName, Phone]}]
"""


def installed(org: DmlOrg, text: str = SETUP) -> Automation:
    automation = Automation(org.store)
    setup = parse(text, "org.yaml")
    install_rules(org.store, automation, setup)
    setup.raise_problems()
    org.options = SaveOptions(rules=automation.rules, assignment_rule=ACTIVE_RULE)
    return automation


def queue(org: DmlOrg, name: str) -> str:
    with org.store.read() as connection:
        found = connection.execute('SELECT Id FROM "Group" WHERE Name = ?', (name,)).fetchone()
    return str(found[0])


def owner(org: DmlOrg, **values: Any) -> str:
    return str(org.row("Lead", org.inserted("Lead", **(LEAD | values)))["OwnerId"])


def test_the_first_entry_that_fits_gives_the_owner(org: DmlOrg) -> None:
    installed(org)
    assert owner(org, LeadSource="Web") == queue(org, "Web leads")
    assert owner(org, LeadSource="Web", Company="CORP", NumberOfEmployees=101) == queue(
        org, "Web leads"
    )
    assert owner(org, Company="Big Corp", NumberOfEmployees=101) == OWNER_IDS[1]
    assert owner(org, Website="https://x.example", City="Rome") == queue(org, "Support")
    assert owner(org) == INTEGRATION_USER_ID


def test_a_rule_overrules_the_owner_that_was_sent(org: DmlOrg) -> None:
    installed(org)
    assert owner(org, LeadSource="Web", OwnerId=OWNER_IDS[2]) == queue(org, "Web leads")


def test_a_rule_runs_only_where_the_call_asks_for_it(org: DmlOrg) -> None:
    installed(org)
    web = queue(org, "Web leads")
    with org.store.read() as connection:
        rows = connection.execute("SELECT Name, Id, Active FROM AssignmentRule").fetchall()
    ids = {name: (rule_id, active) for name, rule_id, active in rows}
    assert (ids["Standard"][1], ids["Other"][1]) == (1, 0)
    org.options = replace(org.options, assignment_rule=ids["Other"][0][:15])
    assert owner(org, LeadSource="Web") == queue(org, "Support")
    org.options = replace(org.options, assignment_rule=None)
    assert owner(org, LeadSource="Web") == INTEGRATION_USER_ID
    assert web != INTEGRATION_USER_ID


def test_updates_are_assigned_on_demand(org: DmlOrg) -> None:
    installed(org)
    lead = org.inserted("Lead", **LEAD)
    org.update("Lead", {"Id": lead, "LeadSource": "Web"})
    assert org.row("Lead", lead)["OwnerId"] == INTEGRATION_USER_ID
    org.options = replace(org.options, assign_updated=True)
    org.update("Lead", {"Id": lead, "LeadSource": "Web"})
    assert org.row("Lead", lead)["OwnerId"] == queue(org, "Web leads")


def test_a_queue_owns_records_of_its_objects_only(org: DmlOrg) -> None:
    installed(org)
    web, support = queue(org, "Web leads"), queue(org, "Support")
    org.options = replace(org.options, assignment_rule=None)
    changes = org.insert("Case", {"OwnerId": web}, {"OwnerId": support}, {"OwnerId": OWNER_IDS[0]})
    assert messages(changes) == ["Queue not associated with this SObject type", None, None]
    assert changes[0].errors[0].code == "INVALID_OPERATION"
    assert codes(org.insert("Account", {"Name": "A", "OwnerId": support})) == ["MALFORMED_ID"]


def test_a_blocked_duplicate_is_refused_and_named(org: DmlOrg) -> None:
    installed(org)
    first = org.inserted("Lead", **LEAD, Email="a@b.example")
    [change] = org.insert("Lead", LEAD | {"Email": "A@B.example"})
    [error] = change.errors
    assert isinstance(error, DuplicatesDetected)
    assert error.as_request_error().body() == [
        {
            "message": "You're creating a duplicate record. We recommend you use an existing "
            "record instead.",
            "errorCode": "DUPLICATES_DETECTED",
            "duplicateResult": {
                "allowSave": False,
                "duplicateRule": "Same_address",
                "duplicateRuleEntityType": "Lead",
                "errorMessage": error.message,
                "matchResults": [
                    {
                        "entityType": "Lead",
                        "errors": [],
                        "matchEngine": "ExactMatchEngine",
                        "matchRecords": [
                            {
                                "additionalInformation": [],
                                "fieldDiffs": [],
                                "matchConfidence": 100.0,
                                "record": {"attributes": {"type": "Lead"}, "Id": first},
                            }
                        ],
                        "rule": "By_Email",
                        "size": 1,
                        "success": True,
                    }
                ],
            },
        }
    ]
    org.options = replace(org.options, allow_duplicates=True)
    assert codes(org.insert("Lead", LEAD | {"Email": "a@b.example"})) == ["DUPLICATES_DETECTED"]


def test_a_record_in_the_recycle_bin_is_nobodys_duplicate(org: DmlOrg) -> None:
    installed(org)
    first = org.inserted("Lead", **LEAD, Email="a@b.example")
    assert codes(org.insert("Lead", LEAD | {"Email": "a@b.example"})) == ["DUPLICATES_DETECTED"]
    org.delete("Lead", first)
    assert codes(org.insert("Lead", LEAD | {"Email": "a@b.example"})) == [None]


def test_records_of_another_object_count_where_the_rule_says_so(org: DmlOrg) -> None:
    installed(org)
    org.inserted("Contact", LastName="Lovelace", Email="a@b.example")
    same, other = LEAD | {"Email": "a@b.example"}, LEAD | {"Email": "c@b.example"}
    assert codes(org.insert("Lead", same, other)) == ["DUPLICATES_DETECTED", None]
    assert codes(org.insert("Lead", same | {"LastName": "Byron"})) == [None]


def test_of_two_duplicates_in_a_chunk_the_later_is_refused(org: DmlOrg) -> None:
    installed(org)
    same = LEAD | {"Email": "a@b.example"}
    assert codes(org.insert("Lead", same, same, LEAD, LEAD)) == [
        None,
        "DUPLICATES_DETECTED",
        None,
        None,
    ]


def test_an_alert_lets_a_client_save_that_insists(org: DmlOrg) -> None:
    installed(org)
    contact = {"LastName": "L", "Phone": "1"}
    org.inserted("Contact", **contact)
    changes = org.insert("Contact", contact)
    assert messages(changes) == ["Use one of these records?"]
    error = changes[0].errors[0]
    assert isinstance(error, DuplicatesDetected)
    assert error.result["allowSave"] is True
    org.options = replace(org.options, allow_duplicates=True, include_duplicate_details=True)
    assert codes(org.insert("Contact", contact)) == [None]


def test_updates_are_looked_at_when_a_compared_field_changes(org: DmlOrg) -> None:
    installed(org)
    first = org.inserted("Lead", **LEAD, Email="a@b.example")
    second = org.inserted("Lead", **LEAD, Email="c@b.example")
    assert codes(org.update("Lead", {"Id": first, "Email": "a@b.example"})) == [None]
    assert codes(org.update("Lead", {"Id": second, "Email": "a@b.example"})) == [
        "DUPLICATES_DETECTED"
    ]
    assert codes(org.update("Lead", {"Id": second, "Title": "x"})) == [None]


def test_rules_are_kept_and_read_again(org: DmlOrg) -> None:
    automation = installed(org)
    assert Automation(org.store).rules == automation.rules
    with org.store.write() as connection:
        connection.execute("DELETE FROM localorg_automation")
    automation.reload()
    assert automation.rules == Rules(assignment={}, duplicates={})


def test_installing_again_changes_what_is_there_and_makes_nothing_twice(org: DmlOrg) -> None:
    installed(org)
    web = queue(org, "Web leads")
    installed(org, SETUP.replace("members: [amara@localorg.example]", "members: []"))
    assert queue(org, "Web leads") == web
    counts = []
    with org.store.read() as connection:
        for table in ("Group", "QueueSobject", "GroupMember", "AssignmentRule", "DuplicateRule"):
            statement = "".join(("SELECT count(*) FROM ", f'"{table}"'))
            counts.append(connection.execute(statement).fetchone()[0])
    assert counts == [2, 3, 0, 2, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("queues: [{name: Q, objects: [Account]}]", "queues[0].objects[0]"),
        ("queues: [{name: Q, objects: [Case], members: [x]}]", "The user 'x' is unknown"),
        (
            "assignment_rules: [{object: Lead, name: R, entries: [{owner: Q}]}]",
            "'Q' is neither a queue nor a user",
        ),
        (
            (
                "queues: [{name: Q, objects: [Case]}]\n"
                "assignment_rules: [{object: Lead, name: R, entries: [{owner: Q}]}]"
            ),
            "The queue 'Q' can't own records of Lead",
        ),
        (
            (
                "assignment_rules: [{object: Lead, name: R, entries: "
                "[{owner: amara@localorg.example, criteria: [{field: Citty, value: x}]}]}]"
            ),
            "Citty",
        ),
        (
            (
                "assignment_rules: [{object: Lead, name: R, entries: "
                "[{owner: amara@localorg.example, formula: Citty}]}]"
            ),
            "Citty",
        ),
        (
            "duplicate_rules: [{object: Lead, name: R, on_insert: stop, matches: []}]",
            "Allowed: block, alert, allow",
        ),
        (
            "duplicate_rules: [{object: Lead, name: R, matches: [{fields: [Emale]}]}]",
            "Emale",
        ),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_place(
    org: DmlOrg, text: str, said: str
) -> None:
    with pytest.raises(SetupFileError) as failed:
        installed(org, text)
    assert said in str(failed.value)
    with org.store.read() as connection:
        assert connection.execute('SELECT count(*) FROM "Group"').fetchone()[0] == 0
