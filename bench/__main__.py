"""Run the benchmarks: `python -m bench [--only NAME] [--size RECORDS]`."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from bench import (
    export_diff,
    export_send,
    import_changed,
    import_first,
    import_increment,
    localorg_ingest,
    localorg_query,
    localorg_rest,
    localorg_seed,
    pages,
    problems,
)

Figures = dict[str, float]

BENCHMARKS: dict[str, Callable[[int], Figures]] = {
    "import_first": import_first.measure,
    "import_changed": import_changed.measure,
    "import_increment": import_increment.measure,
    "export_diff": export_diff.measure,
    "export_send": export_send.measure,
    "problems": problems.measure,
    "pages": pages.measure,
    "localorg_query": localorg_query.measure,
    "localorg_ingest": localorg_ingest.measure,
    "localorg_seed": localorg_seed.measure,
    "localorg_rest": localorg_rest.measure,
}
SIZES = {
    "import_first": 1_000_000,
    "import_changed": 1_000_000,
    "import_increment": 200_000,
    "export_diff": 5_000_000,
    "export_send": 200_000,
    "problems": 1_000_000,
    "pages": 1_000_000,
    "localorg_query": 1_000_000,
    "localorg_ingest": 400_000,
    "localorg_seed": 1_000_000,
    "localorg_rest": 200_000,
}
LATEST = Path(__file__).parent / "latest.json"


def main() -> int:
    """Run what was asked for, print the figures, and keep them in bench/latest.json."""
    arguments = _arguments()
    names = [arguments.only] if arguments.only else list(BENCHMARKS)
    figures = json.loads(LATEST.read_text()) if LATEST.exists() else {}
    for name in names:
        figures[name] = BENCHMARKS[name](arguments.size or SIZES[name])
        _print(name, figures[name])
    LATEST.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=sorted(BENCHMARKS), help="run this one alone")
    parser.add_argument("--size", type=int, help="records, instead of the benchmark's own size")
    return parser.parse_args()


def _print(name: str, figures: Figures) -> None:
    print(name)
    for figure, value in figures.items():
        print(f"  {figure:<28} {value:>14,.2f}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
