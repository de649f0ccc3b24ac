"""Which field probably belongs to which property: by name and by type, for somebody to review."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from isthmus.domain.field_types import Fit, fit
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.properties import PropertyDefinition

SAME: Final = 3
"""Score of names that are the same once case, blanks and marks are left out."""

ALIKE: Final = 2
"""Of names that say the same in other words."""

CLOSE: Final = 1
"""Of names that are the same but for a word that says little."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
_SUFFIX = re.compile(r"__(c|pc|r|pr)$", re.IGNORECASE)

_PHRASES: Final[Mapping[tuple[str, ...], str]] = {
    tuple(said.split()): meant
    for meant, others in {
        "email": ("e mail", "mail", "email address", "e mail address"),
        "firstname": ("first name", "given name", "forename"),
        "lastname": ("last name", "family name", "surname"),
        "mobile": ("mobile phone", "mobile number", "cell", "cell phone", "cellphone"),
        "phone": ("telephone", "phone number", "telephone number", "business phone"),
        "postalcode": ("postal code", "postcode", "zip", "zip code", "zip postal code"),
        "birthday": ("birthdate", "birth date", "date of birth", "born", "dob"),
        "employees": ("number of employees", "no of employees"),
        "title": ("job title",),
        "company": ("organisation", "organization", "company name"),
        "website": ("web site", "homepage"),
        "state": ("state province", "province"),
        "revenue": ("annual revenue",),
        "optout": ("email opt out", "has opted out of email"),
        "source": ("lead source", "sources", "lead sources"),
    }.items()
    for said in others
}
"""Words that mean the same to everybody; what only sometimes means the same is left out."""

_LONGEST_PHRASE = max(map(len, _PHRASES))

_LITTLE: Final = frozenset(
    {"mailing", "lead", "contact", "person", "account", "salesforce", "the", "customer"}
)
"""Words beside a name that do not make it another thing."""

_NEVER: Final = frozenset({"isdeleted", "systemmodstamp", "masterrecordid", "jigsawcontactid"})
"""Fields that say something of the row and nothing of who is in it."""


@dataclass(frozen=True, kw_only=True)
class NamedField:
    """A field, with what a guess needs of it."""

    name: str
    label: str
    type: str  # of Salesforce's describe
    scale: int = 0


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A field and the property that it probably belongs to."""

    field: str
    property: str  # key
    rule: MergeRule
    score: int
    fits: Fit


def likely_pairs(
    fields: Iterable[NamedField],
    properties: Iterable[PropertyDefinition],
    *,
    fields_taken: Collection[str] = (),
    properties_taken: Collection[str] = (),
) -> list[Pair]:
    """The pairs, in the order of the fields; no field and no property is in two of them."""
    mapped = {name.casefold() for name in fields_taken} | _NEVER
    free = [each for each in fields if each.name.casefold() not in mapped]
    targets = [each for each in properties if each.key not in properties_taken]
    found = sorted(_scored(free, targets), key=lambda each: (-each[0], each[1]))
    used_fields, used_properties = set[str](), set[str]()
    pairs: list[tuple[int, Pair]] = []
    for _, place, pair in found:
        if pair.field in used_fields or pair.property in used_properties:
            continue
        used_fields.add(pair.field)
        used_properties.add(pair.property)
        pairs.append((place, pair))
    return [pair for _, pair in sorted(pairs, key=lambda each: each[0])]


def _scored(
    fields: Sequence[NamedField], targets: Sequence[PropertyDefinition]
) -> Iterator[tuple[float, int, Pair]]:
    called: dict[tuple[int, frozenset[str]], dict[str, PropertyDefinition]] = {}
    for target in targets:
        for way in _ways(target.label, target.key):
            called.setdefault(way, {})[target.key] = target
    for place, field in enumerate(fields):
        found: dict[str, tuple[int, PropertyDefinition]] = {}
        for way in sorted(_ways(field.label, field.name), key=lambda each: -each[0]):
            for key, target in called.get(way, {}).items():
                found.setdefault(key, (way[0], target))
        for score, target in found.values():
            fits = fit(field.type, field.scale, target.type)
            if _may_pair(score, fits):
                sure = _sureness(score, field, target, fits)
                yield sure, place, _pair(field, target, score, fits)


def _ways(*given: str) -> set[tuple[int, frozenset[str]]]:
    """What a thing of these names can be found by, each with the score of what is found so."""
    ways = set[tuple[int, frozenset[str]]]()
    for words in _names(*given):
        meaning = _meaning(words)
        ways |= {(SAME, words), (ALIKE, meaning)}
        if meaning - _LITTLE:
            ways.add((CLOSE, meaning - _LITTLE))
    return ways


def _may_pair(score: int, fits: Fit) -> bool:
    """What may not fit is proposed only where the name leaves no doubt."""
    return fits is Fit.ALWAYS or (fits is Fit.PERHAPS and score == SAME)


def _sureness(score: int, field: NamedField, target: PropertyDefinition, fits: Fit) -> float:
    same_name = _plain(_SUFFIX.sub("", field.name)) == _plain(target.key)
    typed = fits is Fit.ALWAYS and target.type.value != "text"
    return score + 0.4 * same_name + 0.2 * (fits is Fit.ALWAYS) + 0.1 * typed


def _pair(field: NamedField, target: PropertyDefinition, score: int, fits: Fit) -> Pair:
    rule = MergeRule.ADD if target.list else MergeRule.SET
    return Pair(field=field.name, property=target.key, rule=rule, score=score, fits=fits)


def _names(*given: str) -> Iterator[frozenset[str]]:
    for each in given:
        words = tuple(_words(each))
        if words:
            yield frozenset(words)
            meant = tuple(_meant(words))
            if meant != words:
                yield frozenset(meant)


def _meaning(words: frozenset[str]) -> frozenset[str]:
    """The words with one for each that mean the same; a set has lost their order already."""
    return frozenset(_PHRASES.get((word,), word) for word in words)


def _meant(words: Sequence[str]) -> Iterator[str]:
    """The words with what people call the same thing as one word."""
    place = 0
    while place < len(words):
        for length in range(min(_LONGEST_PHRASE, len(words) - place), 0, -1):
            meant = _PHRASES.get(tuple(words[place : place + length]))
            if meant:
                yield meant
                place += length
                break
        else:
            yield words[place]
            place += 1


def _words(name: str) -> Iterator[str]:
    """The words of a label or an API name, plain: `Mailing_City__c` is mailing and city."""
    for word in _WORD.findall(_without_marks(_SUFFIX.sub("", name))):
        yield word.casefold()


def _without_marks(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text)
    return "".join(each for each in spread if not unicodedata.combining(each))


def _plain(name: str) -> str:
    return "".join(_words(name))
