"""Request bodies that come as XML, read into what the same body in JSON would be."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from xml.parsers import expat

from localorg.errors import SalesforceError

_MOST_LEVELS = 100


@dataclass(slots=True)
class _Element:
    name: str
    attributes: dict[str, str]
    children: list["_Element"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def value(self) -> Any:
        if self.attributes.get("xsi:nil") == "true":
            return None
        if not self.children:
            return "".join(self.texts)
        return self.members()

    def members(self) -> dict[str, Any]:
        """The children as an object; what is there twice becomes a list."""
        found: dict[str, Any] = {}
        if "type" in self.attributes:
            found["attributes"] = {"type": self.attributes["type"]}
        for child in self.children:
            value = child.value()
            if child.name not in found:
                found[child.name] = value
            elif isinstance(found[child.name], list):
                found[child.name].append(value)
            else:
                found[child.name] = [found[child.name], value]
        return found


class _Builder:
    """Builds the tree while the parser goes on; document types, and so entities, are refused."""

    def __init__(self) -> None:
        self._open: list[_Element] = []
        self.root: _Element | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _MOST_LEVELS:
            raise _xml_error(f"The body is nested too deep: {_MOST_LEVELS} levels are allowed")
        element = _Element(name, attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        self._open[-1].texts.append(text)

    def refuse_document_type(self, *_: object) -> None:
        raise _xml_error("A document type is not allowed in a request body")


def read_xml(body: bytes) -> dict[str, Any]:
    """The members of the root element; raises 400 XML_PARSER_ERROR."""
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.refuse_document_type
    try:
        parser.Parse(body, True)  # noqa: FBT003 - expat takes no keywords
    except expat.ExpatError as error:
        raise _xml_error(str(error)) from None
    return builder.root.members() if builder.root else {}


def _xml_error(message: str) -> SalesforceError:
    return SalesforceError(HTTPStatus.BAD_REQUEST, "XML_PARSER_ERROR", message)
