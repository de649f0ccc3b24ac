"""Uses the server of a data folder until a line arrives or the input ends.

Arguments: the data folder, and optionally the account to become first. It becomes it after its
imports, because that account may not be allowed to read the Python that runs the tests.

Prints one line of JSON: the server's address, or the error that came instead of it.
"""

import codecs
import json
import os
import pwd
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


def become(account: str) -> None:
    codecs.lookup("ascii")
    entry = pwd.getpwnam(account)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


if __name__ == "__main__":
    if sys.argv[2]:
        become(sys.argv[2])
    try:
        main(Path(sys.argv[1]))
    except IsthmusError as error:
        say(error=type(error).__name__, message=str(error))
        sys.exit(1)
