"""Filling a new org in a file with made-up leads."""

import subprocess
import sys

import psutil

from bench.surroundings import SAMPLE_SECONDS, new_folder, own_mb, timed

_KINDS = ("contacts", "persons", "cases")


def measure(size: int) -> dict[str, float]:
    """Figures of an org of `size` leads."""
    none = [word for kind in _KINDS for word in (f"--{kind}", "0")]
    command = [sys.executable, "-m", "localorg", "seed", "--leads", str(size), *none]
    with new_folder("seed") as folder, timed() as seeding:
        peak = _peak_of([*command, "--data", str(folder / "org.db")])
    return {
        "records": float(size),
        "records_per_s": size / seeding[0],
        "seconds": seeding[0],
        "org_peak_own_mb": peak,
    }


def _peak_of(command: list[str]) -> float:
    """The most memory of its own, in MB, that a command was seen with."""
    peak = 0.0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            try:
                peak = max(peak, own_mb(process.pid))
                process.wait(SAMPLE_SECONDS / 10)
            except (psutil.Error, OSError, subprocess.TimeoutExpired):
                continue
    if process.returncode:
        raise SystemExit(f"localorg seed ended with {process.returncode}")
    return peak
