"""Whether records end as the job says, found out without having the file in memory."""

from pathlib import Path

from localorg.bulk_ingest.errors import RefusedUploadError

_BLOCK_BYTES = 1 << 20
_QUOTE = b'"'
_RETURN = b"\r"


def check_line_endings(path: Path, line_ending: str) -> None:
    """Raise RefusedUploadError where records end otherwise than the job says.

    Line ends inside quoted values don't count.
    """
    inside = False
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            # A return and the line feed behind it must not fall apart.
            if block.endswith(_RETURN) and file.peek(1)[:1] == b"\n":
                block += file.read(1)
            if _is_wrong(block, line_ending) and _is_wrong(_outside(block, inside), line_ending):
                message = "ClientInputError : LineEnding is invalid on user data. Current "
                raise RefusedUploadError(f"{message}LineEnding setting is {line_ending}")
            inside ^= block.count(_QUOTE) % 2 == 1


def _outside(block: bytes, inside: bool) -> bytes:  # noqa: FBT001 - a fact, not an option
    """The bytes that stand outside quotes; `inside` says where the block begins."""
    return b'""'.join(block.split(_QUOTE)[1 if inside else 0 :: 2])


def _is_wrong(block: bytes, line_ending: str) -> bool:
    if line_ending == "CRLF":
        return block.count(b"\n") != block.count(b"\r\n")
    return _RETURN in block
