from localorg.sobjects.recent import RecentRecords


def test_the_latest_record_comes_first_and_once() -> None:
    recent = RecentRecords()
    for record_id in ("a", "b", "a", "c"):
        recent.add("alice", "Lead", record_id)
    recent.add("bob", "Lead", "d")
    assert recent.of("alice", "Lead") == ["c", "a", "b"]
    assert recent.of("alice", "Contact") == []


def test_only_some_are_kept() -> None:
    recent = RecentRecords()
    for number in range(50):
        recent.add("alice", "Lead", str(number))
    assert recent.of("alice", "Lead") == [str(number) for number in range(49, 29, -1)]
