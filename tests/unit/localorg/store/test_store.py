import sqlite3
import threading
from pathlib import Path

import pytest

from localorg.ids import make_id
from localorg.schema import standard_schema
from localorg.store import FORMER_COLLEAGUE_ID, OWNER_IDS, Store

LEAD = ("Id", "LastName", "SystemModstamp")


def lead(number: int, name: str = "Ada") -> tuple[str, str, str]:
    return make_id("00Q", number), name, "2026-01-31T10:00:00.000Z"


def names(store: Store) -> list[str]:
    with store.read() as connection:
        return [row[0] for row in connection.execute("SELECT LastName FROM Lead ORDER BY Id")]


def test_a_new_org_knows_itself_its_users_and_record_types() -> None:
    store = Store(":memory:", standard_schema())
    with store.read() as connection:
        counts = [
            connection.execute(sql).fetchone()[0]
            for sql in (
                "SELECT count(*) FROM Organization",
                "SELECT count(*) FROM User",
                "SELECT count(*) FROM RecordType WHERE IsPersonType",
                "SELECT count(*) FROM UserPermissionAccess",
            )
        ]
    store.close()
    # The integration user, its colleagues, and one who left.
    users = 1 + len(OWNER_IDS) + 1
    assert counts == [1, users, 1, users]


def test_a_new_org_has_profiles_that_allow_different_things() -> None:
    store = Store(":memory:", standard_schema())
    with store.read() as connection:
        profiles = connection.execute(
            "SELECT Profile.Name, shadow.PermissionsApiEnabled, shadow.PermissionsViewSetup "
            "FROM PermissionSet shadow JOIN Profile ON Profile.Id = shadow.ProfileId "
            "WHERE shadow.IsOwnedByProfile ORDER BY Profile.Id"
        ).fetchall()
        assigned = connection.execute(
            "SELECT count(*) FROM User JOIN PermissionSetAssignment a ON a.AssigneeId = User.Id "
            "JOIN PermissionSet p ON p.Id = a.PermissionSetId AND p.ProfileId = User.ProfileId"
        ).fetchone()
        inactive = connection.execute("SELECT Id FROM User WHERE NOT IsActive").fetchall()
    store.close()
    assert profiles == [("System Administrator", 1, 1), ("Standard User", 1, 0)]
    assert assigned == (1 + len(OWNER_IDS) + 1,)
    assert inactive == [(FORMER_COLLEAGUE_ID,)]


def test_a_new_org_lists_its_statuses() -> None:
    store = Store(":memory:", standard_schema())
    with store.read() as connection:
        converted = connection.execute(
            "SELECT MasterLabel FROM LeadStatus WHERE IsConverted"
        ).fetchall()
        closed = connection.execute("SELECT MasterLabel FROM CaseStatus WHERE IsClosed").fetchall()
        stages = connection.execute("SELECT count(*) FROM OpportunityStage").fetchone()
        ids = connection.execute(
            "SELECT count(DISTINCT Id) FROM (SELECT Id FROM LeadStatus UNION ALL "
            "SELECT Id FROM CaseStatus UNION ALL SELECT Id FROM OpportunityStage)"
        ).fetchone()
    store.close()
    assert (converted, closed) == ([("Closed - Converted",)], [("Closed",)])
    assert (stages, ids) == ((10,), (18,))


def test_a_file_keeps_its_records_and_goes_on_numbering(tmp_path: Path) -> None:
    store = Store(tmp_path / "org.db", standard_schema())
    assert store.is_empty()
    store.load("lead", LEAD, [lead(7)])
    store.close()
    again = Store(tmp_path / "org.db", standard_schema())
    assert not again.is_empty()
    assert names(again) == ["Ada"]
    assert again.ids.next("00Q") == make_id("00Q", 8)
    again.close()


def test_job_ids_are_never_given_twice_over_openings(tmp_path: Path) -> None:
    given = set()
    for _ in range(2):
        store = Store(tmp_path / "org.db", standard_schema())
        given.add(store.ids.next("750"))
        store.close()
    assert len(given) == 2


def test_an_org_in_memory_leaves_no_file_behind() -> None:
    store = Store(":memory:", standard_schema())
    folder = store.folder
    assert folder.exists()
    store.close()
    assert not folder.exists()


def test_what_raises_is_rolled_back() -> None:
    store = Store(":memory:", standard_schema())
    with pytest.raises(sqlite3.IntegrityError):
        store.load("Lead", LEAD, [lead(1), lead(1)])
    assert names(store) == []
    store.close()


def test_a_reader_does_not_see_what_is_not_committed_and_does_not_wait_for_it() -> None:
    store = Store(":memory:", standard_schema())
    seen: list[list[str]] = []
    with store.write() as connection:
        connection.execute("INSERT INTO Lead (Id, LastName) VALUES ('a', 'Ada')")
        reader = threading.Thread(target=lambda: seen.append(names(store)))
        reader.start()
        reader.join(10)
    assert seen == [[]]
    assert names(store) == ["Ada"]
    store.close()


def test_readers_can_not_write() -> None:
    store = Store(":memory:", standard_schema())
    with store.read() as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM User")
    store.close()


def test_indexes_come_back_after_loading() -> None:
    store = Store(":memory:", standard_schema())

    def indexes() -> set[str]:
        with store.read() as connection:
            found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
            return {row[0] for row in found}

    before = indexes()
    with store.loading():
        assert "Lead_Email" not in indexes()
    assert indexes() == before
    assert "Lead_Email" in before
    store.close()


def test_text_is_compared_without_case_and_ids_are_not() -> None:
    store = Store(":memory:", standard_schema())
    store.load("Lead", LEAD, [("00Qa", "ADA", ""), ("00QA", "Bea", "")])
    with store.read() as connection:
        by_name = connection.execute("SELECT Id FROM Lead WHERE LastName = 'ada'").fetchall()
        by_id = connection.execute("SELECT LastName FROM Lead WHERE Id = '00QA'").fetchall()
    store.close()
    assert (by_name, by_id) == ([("00Qa",)], [("Bea",)])


def test_an_org_that_was_not_finished_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_stamp: str) -> dict[str, list[dict[str, str]]]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("localorg.store.store.first_rows", killed)
        with pytest.raises(KeyboardInterrupt):
            Store(tmp_path / "org.db", standard_schema())
    store = Store(tmp_path / "org.db", standard_schema())
    with store.read() as connection:
        users = connection.execute("SELECT count(*) FROM User").fetchone()
    store.close()
    assert users == (1 + len(OWNER_IDS) + 1,)
