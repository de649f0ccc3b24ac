"""The two parts of a job that is made and filled in one request."""

import re

from localorg.errors import json_parser_error

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_NAME = re.compile(rb'name="?([^";\r\n]+)"?', re.IGNORECASE)


def parts_of(content_type: str, body: bytes) -> dict[str, bytes]:
    """The contents of a multipart/form-data body by name."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise json_parser_error("multipart/form-data needs a boundary in its Content-Type")
    parts: dict[str, bytes] = {}
    for piece in (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode()):
        head, separator, content = piece.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if separator and name is not None:
            parts[name[1].decode()] = content
    return parts
