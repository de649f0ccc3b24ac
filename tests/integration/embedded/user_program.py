"""Uses the server of a data folder until a line arrives or the input ends.

Arguments: the data folder, and optionally the user id to become first. It becomes it after its
imports, because that user may not be allowed to read the Python that runs the tests.

Prints one line of JSON: the server's address, or the error that came instead of it.
"""

import codecs
import json
import os
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


def become(user_id: int) -> None:
    codecs.lookup("ascii")
    os.setgroups([])
    os.setgid(user_id)
    os.setuid(user_id)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        become(int(sys.argv[2]))
    try:
        main(Path(sys.argv[1]))
    except IsthmusError as error:
        say(error=type(error).__name__, message=str(error))
        sys.exit(1)
