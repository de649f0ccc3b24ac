"""What this machine, or the container that we are in, has to offer."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
SHARED_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - looked at, not written to
LARGEST_SYSV_SEGMENT = Path("/proc/sys/kernel/shmmax")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The limits that the server's settings depend on."""

    # Bytes of memory: the machine's, or the container's limit where that is lower.
    memory_bytes: int
    # Processors that we may use, at least 1.
    cores: int
    # Bytes that are free on the data folder's disk.
    free_disk_bytes: int
    # Size of /dev/shm in bytes; 0 where it is missing, None on systems that have no such folder.
    shared_memory_folder_bytes: int | None
    # The largest System V segment that the kernel allows, in bytes; 0 where it is not known.
    sysv_segment_bytes: int


def look(data: Path) -> Machine:
    """Return what the machine offers to a server whose cluster is (or will be) in `data`."""
    return Machine(
        memory_bytes=min(psutil.virtual_memory().total, *_group_limits("memory.max"), 1 << 62),
        cores=_cores(),
        free_disk_bytes=psutil.disk_usage(os.fspath(data)).free,
        shared_memory_folder_bytes=_shared_memory_folder_bytes(),
        sysv_segment_bytes=_number(LARGEST_SYSV_SEGMENT) or 0,
    )


def _cores() -> int:
    allowed = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    shares = [max(1, -(-quota // 100_000)) for quota in _group_limits("cpu.max")]
    return min(allowed, *shares, 1 << 16)


def _shared_memory_folder_bytes() -> int | None:
    if not Path("/proc/self").exists():
        return None
    if not SHARED_MEMORY_FOLDER.exists():
        return 0
    return psutil.disk_usage(os.fspath(SHARED_MEMORY_FOLDER)).total


def _group_limits(name: str) -> Iterator[int]:
    """Yield the limits called `name` of the control group that we are in and of those above it.

    A limit of processors is written as time per period; it is given per 100,000 microseconds.
    """
    for group in _groups():
        limit = _number(group / name)
        if limit is not None:
            yield limit
    if name == "memory.max":
        older = _number(CGROUPS / "memory" / "memory.limit_in_bytes")
        if older is not None:
            yield older


def _groups() -> list[Path]:
    """Return the folders of our control group (version 2) and of those above it."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    ours = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    group = CGROUPS / ours
    return [group, *(above for above in group.parents if above.is_relative_to(CGROUPS))]


def _number(path: Path) -> int | None:
    """Return the number in a file of the kernel's: `max` is none, `200000 50000` is 400,000."""
    try:
        words = path.read_text(encoding="ascii").split()
        if len(words) > 1 and words[0] != "max":
            return int(words[0]) * 100_000 // int(words[1])
        return None if words[0] == "max" else int(words[0])
    except (OSError, ValueError, IndexError):
        return None
