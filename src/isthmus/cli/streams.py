"""Standard output and standard error, whatever they can show."""

import codecs
import os
import sys
from io import TextIOWrapper

_STAND_INS = {"→": "->", "…": "..."}
_HANDLER = "isthmus-stand-ins"


def prepare() -> None:
    """Make both streams write every text: what their encoding lacks is shown by a stand-in."""
    codecs.register_error(_HANDLER, _stand_in)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def _stand_in(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_STAND_INS.get(char, "?") for char in lost), error.end


def write_bytes(content: bytes | bytearray | memoryview) -> None:
    """Write to standard output as it is: documents are UTF-8, whatever the terminal's encoding."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


def forget_reader() -> None:
    """Let what is still buffered go nowhere: the reader of standard output has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
