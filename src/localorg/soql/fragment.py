"""Pieces of SQL text, each with the parameters that its question marks stand for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Parameter = str | int | float
LONGEST_CHAIN = 30
DEEP = 8  # brackets' depth from which on a condition stands apart


@dataclass(frozen=True)
class Fragment:
    """SQL text and its parameters in order."""

    text: str
    parameters: tuple[Parameter, ...] = ()
    # How much of the stack of SQLite's parser its brackets take.
    depth: int = 0

    def __bool__(self) -> bool:
        """Whether there is any text."""
        return bool(self.text)


EMPTY = Fragment("")


def phrase(*words: str) -> str:
    """Return SQL words with a space between; empty ones are left out."""
    return " ".join(word for word in words if word)


def joined(parts: Iterable[Fragment | str]) -> Fragment:
    """Return the parts that are not empty, one after another with a space between."""
    fragments = [Fragment(part) if isinstance(part, str) else part for part in parts]
    filled = [fragment for fragment in fragments if fragment]
    parameters = [value for fragment in filled for value in fragment.parameters]
    depth = max((fragment.depth for fragment in filled), default=0)
    return Fragment(" ".join(fragment.text for fragment in filled), tuple(parameters), depth)


def bracketed(fragment: Fragment) -> Fragment:
    """Return the fragment in brackets."""
    return joined(("(", fragment, ")"))


def chained(word: str, fragments: Sequence[Fragment]) -> Fragment:
    """Return conditions joined by AND or OR, in brackets where there are several.

    SQLite's parser keeps what stands before a bracket on a stack of 100, so the condition with
    the deepest brackets comes first; and its trees may have 1,000 levels, of which each link of a
    chain is one, so chains are kept short and the deepest condition apart.
    """
    if len(fragments) == 1:
        return fragments[0]
    ordered = sorted(fragments, key=lambda fragment: fragment.depth, reverse=True)
    if ordered[0].depth < DEEP:
        return _short_chains(word, ordered)
    return _chain(word, [ordered[0], _short_chains(word, ordered[1:])])


def _short_chains(word: str, ordered: Sequence[Fragment]) -> Fragment:
    """Return a chain of chains of chains, as many levels as the number of conditions asks for."""
    links = list(ordered)
    while len(links) > LONGEST_CHAIN:
        starts = range(0, len(links), LONGEST_CHAIN)
        links = [_chain(word, links[start : start + LONGEST_CHAIN]) for start in starts]
    return _chain(word, links)


def _chain(word: str, ordered: Sequence[Fragment]) -> Fragment:
    if len(ordered) == 1:
        return ordered[0]
    links = [part for fragment in ordered for part in (word, fragment)][1:]
    chain = bracketed(joined(links))
    depth = max(ordered[0].depth + 1, ordered[1].depth + 3)
    return Fragment(chain.text, chain.parameters, depth)


def placeholders(values: Sequence[Parameter]) -> Fragment:
    """Return `( ?, ?, ... )` for a list of values."""
    return Fragment("".join(("(", ", ".join("?" * len(values)), ")")), tuple(values))
