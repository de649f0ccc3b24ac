from pathlib import Path

import pytest

from isthmus.embedded import machine


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "CGROUPS", tmp_path)
    monkeypatch.setattr(machine, "_groups", lambda: [tmp_path])
    return tmp_path


def test_a_containers_memory_limit_counts_instead_of_the_machines_memory(group: Path) -> None:
    (group / "memory.max").write_text("536870912\n")
    assert machine.look(group).memory_bytes == 512 << 20


def test_a_group_without_a_limit_leaves_the_machines_memory(group: Path) -> None:
    (group / "memory.max").write_text("max\n")
    assert machine.look(group).memory_bytes > 512 << 20


def test_the_limit_of_older_control_groups_counts(group: Path) -> None:
    (group / "memory").mkdir()
    (group / "memory" / "memory.limit_in_bytes").write_text("268435456\n")
    assert machine.look(group).memory_bytes == 256 << 20


@pytest.mark.parametrize(
    ("limit", "cores"), [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None)]
)
def test_a_share_of_processors_is_rounded_up(group: Path, limit: str, cores: int | None) -> None:
    without_limit = machine.look(group).cores
    (group / "cpu.max").write_text(limit)
    assert machine.look(group).cores == (cores or without_limit)


def test_an_unreadable_limit_is_ignored(group: Path) -> None:
    (group / "cpu.max").write_text("")
    (group / "memory.max").write_text("lots")
    assert machine.look(group).cores >= 1
