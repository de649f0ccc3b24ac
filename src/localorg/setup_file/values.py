"""What a set-up file says, with the place of each value, and readers that report what is wrong."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Union

from localorg.setup_file.errors import SetupFileError, unknown

Scalar = str | int | float | bool | None
Data = Union[Scalar, "Sequence[Value]", "Mapping[str, Value]"]
_KINDS: Mapping[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "nothing",
    dict: "a mapping",
    list: "a list",
}


@dataclass
class Problems:
    """All that is wrong with one file."""

    # What the file is called in messages.
    file: str
    _found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, path: str, message: str) -> None:
        """Note what is wrong at a place; `line` counts from 1."""
        where = f"{self.file}:{line}: "
        text = where + (f"{path}: " if path else "") + message
        if (line, text) not in self._found:
            self._found.append((line, text))

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_any(self) -> None:
        """Raise SetupFileError where there are problems, in the order of the file."""
        if self._found:
            raise SetupFileError(text for _, text in sorted(self._found, key=lambda one: one[0]))


@dataclass(frozen=True)
class Value:
    """A value of the file: its readers answer something usable and report what is wrong."""

    data: Data
    # The line in the file, from 1, and the way there, such as `objects.Lead.fields[2].type`.
    line: int
    path: str
    problems: Problems

    def report(self, message: str) -> None:
        """Note what is wrong here."""
        self.problems.add(self.line, self.path, message)

    def text(self, default: str = "") -> str:
        """A text that is not empty; numbers are read as they are written."""
        if isinstance(self.data, str) and self.data.strip():
            return self.data
        if isinstance(self.data, int | float) and not isinstance(self.data, bool):
            return str(self.data)
        return self._wrong("a text", default)

    def flag(self, *, default: bool = False) -> bool:
        """True or false."""
        if isinstance(self.data, bool):
            return self.data
        return bool(self._wrong("true or false", "true" if default else ""))

    def integer(self, least: int, most: int, default: int = 0) -> int:
        """A whole number from `least` to `most`."""
        if isinstance(self.data, int) and not isinstance(self.data, bool):
            if least <= self.data <= most:
                return self.data
            self.report(f"{self.data} is out of range. Allowed: {least} to {most}.")
            return default
        self._wrong(f"a whole number from {least} to {most}", "")
        return default

    def choice(self, kind: str, allowed: Iterable[str], default: str = "") -> str:
        """One of the words, in any case; answers it as it is allowed."""
        names = {name.lower(): name for name in allowed}
        found = self.text() if isinstance(self.data, str) else str(self.data)
        if found.lower() in names:
            return names[found.lower()]
        self.report(unknown(kind, found, names.values(), self.shown))
        return default

    def items(self) -> Sequence["Value"]:
        """The entries of a list; one value stands for a list of one."""
        if isinstance(self.data, list):
            return self.data
        if self.is_scalar and self.data is not None:
            return [self]
        self._wrong("a list", "")
        return []

    def mapping(self) -> Mapping[str, "Value"]:
        """The values by their keys, whatever those are."""
        if isinstance(self.data, dict):
            return self.data
        self._wrong("a mapping", "")
        return {}

    def entries(self, required: Iterable[str] = (), optional: Iterable[str] = ()) -> "Entries":
        """The values by their keys, of which only some are allowed."""
        found = self.mapping()
        needed = tuple(required)
        allowed = (*needed, *optional)
        for key, value in found.items():
            if key not in allowed:
                value.report(unknown("key here", key, allowed))
        missing = [key for key in needed if key not in found]
        if missing and isinstance(self.data, dict):
            self.report(f"{', '.join(missing)} is missing. Allowed keys: {', '.join(allowed)}.")
        return Entries(self, found)

    def plain(self) -> object:
        """The value without its places, as `json.loads` would give it."""
        if isinstance(self.data, dict):
            return {key: value.plain() for key, value in self.data.items()}
        if isinstance(self.data, list):
            return [value.plain() for value in self.data]
        return self.data

    @property
    def shown(self) -> str:
        """What a message calls it: texts and numbers as they are, others by their kind."""
        if isinstance(self.data, bool):
            return "true" if self.data else "false"
        if self.data is None or not self.is_scalar:
            return _KINDS[type(self.data)]
        return repr(self.data)

    @property
    def is_scalar(self) -> bool:
        """Whether it is neither a list nor a mapping."""
        return not isinstance(self.data, dict | list)

    def _wrong(self, wanted: str, default: str) -> str:
        self.report(f"{self.shown} stands here. Write {wanted}.")
        return default


@dataclass(frozen=True)
class Entries:
    """The keys of a mapping that were asked for."""

    value: Value
    found: Mapping[str, Value]

    def __contains__(self, key: str) -> bool:
        return key in self.found

    def __getitem__(self, key: str) -> Value:
        return self.found[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def get(self, key: str) -> Value | None:
        """The value of a key, or None."""
        return self.found.get(key)

    def text(self, key: str, default: str = "") -> str:
        """The text of a key; the default where it is not there."""
        return self.found[key].text(default) if key in self.found else default

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false; the default where the key is not there."""
        return self.found[key].flag(default=default) if key in self.found else default

    def integer(self, key: str, least: int, most: int, default: int = 0) -> int:
        """The whole number of a key; the default where it is not there."""
        return self.found[key].integer(least, most, default) if key in self.found else default

    def choice(self, key: str, kind: str, allowed: Iterable[str], default: str = "") -> str:
        """The word of a key; the default where it is not there."""
        return self.found[key].choice(kind, allowed, default) if key in self.found else default

    def items(self, key: str) -> Sequence[Value]:
        """The list of a key; none where it is not there."""
        return self.found[key].items() if key in self.found else ()

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts in the list of a key."""
        return tuple(item.text() for item in self.items(key))

    def report(self, key: str, message: str) -> None:
        """Note what is wrong with the value of a key, or with the whole where it has none."""
        (self.found.get(key) or self.value).report(message)
