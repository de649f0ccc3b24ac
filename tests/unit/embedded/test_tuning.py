from dataclasses import replace

import pytest

from isthmus.embedded.machine import Machine
from isthmus.embedded.tuning import render, settings_for

GIB = 1 << 30
LAPTOP = Machine(
    memory_bytes=24 * GIB,
    cores=2,
    free_disk_bytes=80 * GIB,
    shared_memory_folder_bytes=12 * GIB,
    sysv_segment_bytes=1 << 62,
)
# What a container of Docker's looks like by default.
CONTAINER = replace(
    LAPTOP, memory_bytes=2 * GIB, free_disk_bytes=5 * GIB, shared_memory_folder_bytes=64 << 20
)


@pytest.mark.parametrize(
    ("memory_gib", "buffers"), [(1, "170MB"), (24, "4096MB"), (512, "4096MB"), (0.25, "128MB")]
)
def test_buffers_are_a_sixth_of_memory_up_to_four_gigabytes(
    memory_gib: float, buffers: str
) -> None:
    machine = replace(LAPTOP, memory_bytes=int(memory_gib * GIB))
    assert settings_for(machine)["shared_buffers"] == buffers


@pytest.mark.parametrize(
    ("free_gib", "largest"), [(80, "8192MB"), (1000, "8192MB"), (16, "2048MB"), (0, "256MB")]
)
def test_the_write_ahead_log_takes_no_more_than_an_eighth_of_the_free_disk(
    free_gib: int, largest: str
) -> None:
    machine = replace(LAPTOP, free_disk_bytes=free_gib * GIB)
    assert settings_for(machine)["max_wal_size"] == largest


@pytest.mark.parametrize(
    ("machine", "kind"),
    [
        (LAPTOP, "posix"),
        (CONTAINER, "sysv"),
        (replace(CONTAINER, sysv_segment_bytes=32 << 20), "mmap"),
        (replace(CONTAINER, shared_memory_folder_bytes=0), "sysv"),
        (replace(CONTAINER, shared_memory_folder_bytes=None), "posix"),
    ],
)
def test_parallel_queries_do_not_depend_on_a_small_shared_memory_folder(
    machine: Machine, kind: str
) -> None:
    assert settings_for(machine)["dynamic_shared_memory_type"] == kind


@pytest.mark.parametrize("machine", [LAPTOP, CONTAINER])
def test_no_machine_makes_commits_less_safe(machine: Machine) -> None:
    settings = settings_for(machine)
    assert settings["fsync"] == settings["full_page_writes"] == "on"
    assert settings["synchronous_commit"] == "on"


@pytest.mark.parametrize("machine", [LAPTOP, CONTAINER])
def test_the_server_listens_on_no_network_by_default(machine: Machine) -> None:
    assert settings_for(machine)["listen_addresses"] == ""


@pytest.mark.parametrize("cores", [1, 2, 8, 64])
def test_parallel_workers_follow_the_cores(cores: int) -> None:
    settings = settings_for(replace(LAPTOP, cores=cores))
    assert int(settings["max_parallel_workers"]) == max(2, cores)
    assert int(settings["max_worker_processes"]) > int(settings["max_parallel_workers"])


def test_values_are_quoted_as_postgresql_reads_them() -> None:
    lines = render({"a": "it's", "b": "back\\slash"}).splitlines()
    assert lines[1:] == ["a = 'it''s'", "b = 'back\\\\slash'"]
