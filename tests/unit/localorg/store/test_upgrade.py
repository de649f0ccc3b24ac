import sqlite3
from pathlib import Path

import pytest

from localorg import setup_file
from localorg.schema import Schema
from localorg.store import Store
from localorg.store.upgrade import SchemaConflict

BEFORE = """
objects:
  Lead: {fields: [{name: Code__c, type: string, length: 20}]}
  Trip__c: {key_prefix: a01, fields: [{name: Price__c, type: double}]}
"""
AFTER = """
objects:
  Lead:
    fields:
      - {name: Code__c, type: url}
      - {name: Size__c, type: string, external_id: true}
      - {name: Open__c, type: boolean, default: true}
      - {name: Length__c, type: double, formula: LEN(Size__c)}
    record_types: [{name: Consumer}]
  Trip__c: {key_prefix: a01, fields: [{name: Price__c, type: double}]}
  Hotel__c: {key_prefix: a02}
"""


def schema(text: str) -> Schema:
    setup = setup_file.parse(text, "setup.yaml")
    found = setup_file.org_schema(setup)
    setup.raise_problems()
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that was made before the set-up changed, with one lead."""
    path = tmp_path / "org.db"
    store = Store(path, schema(BEFORE))
    store.load("Lead", ("Id", "LastName", "Code__c"), [("00Q1", "Ada", "x")])
    store.close()
    return path


def rows(store: Store, statement: str) -> list[tuple[object, ...]]:
    with store.read() as connection:
        return connection.execute(statement).fetchall()


def test_a_kept_org_gets_new_fields_and_keeps_its_records(path: Path) -> None:
    store = Store(path, schema(AFTER))
    found = rows(store, "SELECT LastName, Code__c, Size__c, Open__c FROM Lead")
    store.close()
    assert found == [("Ada", "x", None, 1)]


def test_a_kept_org_gets_new_objects_indexes_and_record_types(path: Path) -> None:
    store = Store(path, schema(AFTER))
    hotels = rows(store, "SELECT count(*) FROM Hotel__c")
    indexes = rows(store, "SELECT name FROM sqlite_master WHERE name = 'Lead_Size__c'")
    types = rows(store, "SELECT DeveloperName FROM RecordType WHERE SobjectType = 'Lead'")
    store.close()
    assert (hotels, indexes, types) == ([(0,)], [("Lead_Size__c",)], [("Consumer",)])


def test_opening_again_adds_nothing_twice(path: Path) -> None:
    for _ in range(2):
        store = Store(path, schema(AFTER))
        types = rows(store, "SELECT count(*) FROM RecordType WHERE SobjectType = 'Lead'")
        store.close()
        assert types == [(1,)]


def test_a_field_that_the_set_up_lost_keeps_its_values(path: Path) -> None:
    Store(path, schema("")).close()
    store = Store(path, schema(BEFORE))
    found = rows(store, "SELECT Code__c FROM Lead")
    store.close()
    assert found == [("x",)]


STATUSES = """
objects:
  Case:
    fields:
      - name: Status
        values:
          - New
          - {value: Solved, label: Is solved, closed: true}
          - {value: Closed, closed: false}
  Lead:
    fields:
      - name: Status
        values: [New, {value: Won, converted: true}]
"""


def test_the_statuses_of_a_kept_org_are_those_of_the_set_up(path: Path) -> None:
    Store(path, schema(STATUSES)).close()
    store = Store(path, schema(STATUSES))
    cases = rows(store, "SELECT ApiName, MasterLabel, IsClosed FROM CaseStatus ORDER BY SortOrder")
    leads = rows(store, "SELECT ApiName, IsConverted FROM LeadStatus ORDER BY SortOrder")
    ids = rows(
        store,
        "SELECT count(DISTINCT Id) FROM "
        "(SELECT Id FROM CaseStatus UNION ALL SELECT Id FROM LeadStatus)",
    )
    store.close()
    assert cases == [("New", "New", 0), ("Solved", "Is solved", 1), ("Closed", "Closed", 0)]
    assert leads == [("New", 0), ("Won", 1)]
    assert ids == [(5,)]


def test_the_statuses_of_a_kept_org_stay_as_they_are_without_a_change(path: Path) -> None:
    def found() -> list[tuple[object, ...]]:
        store = Store(path, schema(BEFORE))
        statuses = rows(store, "SELECT * FROM CaseStatus ORDER BY Id")
        store.close()
        return statuses

    assert found() == found()


@pytest.fixture
def earlier(path: Path) -> Path:
    """A file of an earlier version: without profiles, permissions, statuses and some fields."""
    connection = sqlite3.connect(path)
    for table in ("Profile", "PermissionSet", "PermissionSetAssignment", "CaseStatus"):
        connection.execute(f'DROP TABLE "{table}"')
    connection.execute("ALTER TABLE User DROP COLUMN EmailEncodingKey")
    connection.execute("DELETE FROM User WHERE Username = 'elif@localorg.example'")
    connection.execute("DELETE FROM OpportunityStage WHERE MasterLabel = 'Closed Lost'")
    connection.commit()
    connection.close()
    return path


def test_a_file_of_an_earlier_version_gets_the_first_rows_of_new_objects(earlier: Path) -> None:
    store = Store(earlier, schema(BEFORE))
    closed = rows(store, "SELECT MasterLabel FROM CaseStatus WHERE IsClosed = 1")
    granted = rows(
        store,
        "SELECT count(*), sum(PermissionsApiEnabled) FROM PermissionSetAssignment "
        "JOIN PermissionSet ON PermissionSet.Id = PermissionSetId "
        "JOIN User ON User.Id = AssigneeId",
    )
    users = rows(store, "SELECT count(*) FROM User")
    store.close()
    assert closed == [("Closed",)]
    assert granted == [(users[0][0], users[0][0])]


def test_the_first_rows_of_old_objects_get_values_in_new_fields(earlier: Path) -> None:
    store = Store(earlier, schema(BEFORE))
    found = rows(store, "SELECT DISTINCT EmailEncodingKey FROM User")
    store.close()
    assert found == [("UTF-8",)]


def test_a_first_row_that_was_deleted_does_not_come_back(earlier: Path) -> None:
    store = Store(earlier, schema(BEFORE))
    found = rows(store, "SELECT count(*) FROM OpportunityStage WHERE MasterLabel = 'Closed Lost'")
    users = rows(store, "SELECT Id FROM User WHERE Username = 'elif@localorg.example'")
    stray = rows(
        store,
        "SELECT count(*) FROM PermissionSetAssignment "
        "WHERE AssigneeId NOT IN (SELECT Id FROM User)",
    )
    store.close()
    assert (found, users, stray) == ([(0,)], [], [(0,)])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            BEFORE.replace("type: double", "type: date"),
            r"Trip__c\.Price__c is double in the file and date in the set-up\. Give the field",
        ),
        (
            BEFORE.replace("type: string, length: 20", "type: boolean"),
            r"Lead\.Code__c is string in the file and boolean in the set-up",
        ),
        (
            BEFORE.replace("a01", "a09"),
            r"Trip__c has the key prefix a01 in the file and a09 in the set-up",
        ),
    ],
)
def test_what_a_kept_org_can_not_become_is_refused(path: Path, changed: str, message: str) -> None:
    with pytest.raises(SchemaConflict, match=message):
        Store(path, schema(changed))


def test_a_refused_opening_changes_nothing(path: Path) -> None:
    wrong = AFTER.replace("type: double}]}", "type: date}]}")
    with pytest.raises(SchemaConflict):
        Store(path, schema(wrong))
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT name FROM sqlite_master WHERE name = 'Hotel__c'").fetchall()
    connection.close()
    assert found == []


def test_a_field_may_begin_and_cease_to_tell_case_apart(path: Path) -> None:
    plain = "{name: Code__c, type: string, length: 20, external_id: true}"
    strict = "{name: Code__c, type: string, length: 20, external_id: true, case_sensitive: true}"
    for field, found in ((plain, 1), (strict, 0), (strict, 0), (plain, 1)):
        store = Store(path, schema("objects: {Lead: {fields: [" + field + "]}}"))
        counts = rows(store, "SELECT count(*) FROM Lead WHERE Code__c = 'X' AND LastName = 'Ada'")
        [plan] = rows(store, "EXPLAIN QUERY PLAN SELECT Id FROM Lead WHERE Code__c = 'X'")
        store.close()
        assert counts == [(found,)]
        assert "USING INDEX Lead_Code__c" in str(plan)


def test_names_may_be_written_in_another_case(path: Path) -> None:
    changed = BEFORE.replace("Code__c", "cODE__c").replace("Trip__c", "TRIP__c")
    store = Store(path, schema(changed))
    found = rows(store, "SELECT Code__c FROM Lead")
    store.close()
    assert found == [("x",)]
