"""Uses the server of the data folder given as argument until a line arrives or the input ends.

Prints one line of JSON: the server's address, or the error that came instead of it.
"""

import json
import sys
from pathlib import Path

from isthmus import embedded
from isthmus.errors import IsthmusError


def say(**words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def main(home: Path) -> None:
    with embedded.running(home) as server:
        state = embedded.status(home)
        say(conninfo=server.conninfo, pid=state.process_id, host=server.host)
        sys.stdin.readline()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except IsthmusError as error:
        say(error=type(error).__name__, message=str(error))
        sys.exit(1)
