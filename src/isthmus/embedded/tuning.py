"""PostgreSQL's settings for a machine, written anew at each start."""

from collections.abc import Mapping

from isthmus.embedded.machine import Machine

MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30

SAFETY = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
}
ACCESS = {
    "listen_addresses": "",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    "unix_socket_permissions": "0700",
}
# Rows of customers must not get into the log: no details of errors, no values of parameters.
LOG = {
    "log_directory": "log",
    "log_error_verbosity": "terse",
    "log_filename": "postgresql-%a.log",
    "log_line_prefix": "%m [%p] ",
    "log_lock_waits": "on",
    "log_min_error_statement": "fatal",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_startup_progress_interval": "5s",
    "log_timezone": "UTC",
    "log_truncate_on_rotation": "on",
    "logging_collector": "on",
}
LANGUAGE = {
    "datestyle": "iso, ymd",
    "lc_messages": "C",
    "timezone": "UTC",
}
DISK = {
    "checkpoint_completion_target": "0.9",
    "checkpoint_timeout": "15min",
    "effective_io_concurrency": "32",
    "maintenance_io_concurrency": "32",
    "random_page_cost": "1.1",
    "wal_compression": "off",
}
# Loads touch millions of rows at once; the defaults (a fifth of a table) come too late for them.
AUTOVACUUM = {
    "autovacuum_analyze_scale_factor": "0.02",
    "autovacuum_naptime": "20s",
    "autovacuum_vacuum_cost_limit": "2000",
    "autovacuum_vacuum_insert_scale_factor": "0.1",
    "autovacuum_vacuum_scale_factor": "0.05",
}


def settings_for(machine: Machine) -> dict[str, str]:
    """Return the names and values of PostgreSQL's settings for `machine`."""
    return {
        "cluster_name": "isthmus",
        **SAFETY,
        **ACCESS,
        **LOG,
        **LANGUAGE,
        **DISK,
        **AUTOVACUUM,
        **_memory(machine),
        **_processes(machine.cores),
        **_write_ahead_log(machine.free_disk_bytes),
    }


def _memory(machine: Machine) -> dict[str, str]:
    memory = machine.memory_bytes
    return {
        "autovacuum_work_mem": _size(_within(64 * MEBIBYTE, memory // 64, 256 * MEBIBYTE)),
        "dynamic_shared_memory_type": _dynamic_shared_memory(machine),
        "effective_cache_size": _size(_within(256 * MEBIBYTE, memory // 2, 64 * GIBIBYTE)),
        "maintenance_work_mem": _size(_within(64 * MEBIBYTE, memory // 16, GIBIBYTE)),
        "shared_buffers": _size(_within(128 * MEBIBYTE, memory // 6, 4 * GIBIBYTE)),
        "shared_memory_type": "mmap",
        "wal_buffers": _size(_within(4 * MEBIBYTE, memory // 256, 64 * MEBIBYTE)),
        "work_mem": _size(_within(8 * MEBIBYTE, memory // 256, 128 * MEBIBYTE)),
    }


def _dynamic_shared_memory(machine: Machine) -> str:
    """Return where parallel queries share memory.

    In containers /dev/shm often has 64 MiB, which a parallel hash join passes at once; System V
    segments do not count against it, and files in the data folder always work but are slower.
    """
    wanted = machine.memory_bytes // 4
    folder = machine.shared_memory_folder_bytes
    if folder is None or folder >= wanted:
        return "posix"
    return "sysv" if machine.sysv_segment_bytes >= wanted else "mmap"


def _processes(cores: int) -> dict[str, str]:
    return {
        "jit": "off",
        "max_parallel_maintenance_workers": str(_within(1, cores, 4)),
        "max_parallel_workers": str(max(2, cores)),
        "max_parallel_workers_per_gather": str(_within(2, cores // 2, 4)),
        "max_worker_processes": str(max(8, cores + 4)),
    }


def _write_ahead_log(free_disk_bytes: int) -> dict[str, str]:
    largest = _within(256 * MEBIBYTE, free_disk_bytes // 8, 8 * GIBIBYTE)
    return {"max_wal_size": _size(largest), "min_wal_size": _size(largest // 8)}


def _within(lowest: int, value: int, highest: int) -> int:
    return max(lowest, min(value, highest))


def _size(count: int) -> str:
    return f"{count // MEBIBYTE}MB"


def render(settings: Mapping[str, str]) -> str:
    """Return `settings` as the text of a PostgreSQL configuration file."""
    head = "# Written anew at each start. Put your own settings into local.conf beside this file.\n"
    return head + "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items())


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
