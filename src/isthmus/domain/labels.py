"""Labels: short texts by which things are grouped and found."""

from collections.abc import Sequence
from typing import Final

LABEL_LENGTH: Final = 40
MOST_LABELS: Final = 20


def trouble(label: str) -> str:
    """Why the text can't be a label, with what to do; empty where it can."""
    if len(label) > LABEL_LENGTH:
        return (
            f"A label has at most {LABEL_LENGTH} characters, and this one has {len(label):,}. "
            f"Shorten it: the description can be long."
        )
    if "," in label or not label.isprintable() or label != label.strip():
        return (
            f"{label!r} can't be a label: commas stand between labels, and line breaks and blanks "
            f"at the ends are not seen. Leave them out."
        )
    return ""


def troubles(labels: Sequence[str]) -> list[tuple[int, str]]:
    """What is wrong with a list of labels: the place (from 0) and why."""
    found = [(place, why) for place, label in enumerate(labels) if (why := trouble(label))]
    for place, label in enumerate(labels):
        if label and label in labels[:place]:
            found.append((place, f"The label {label!r} stands twice. Keep one of the two."))
    if len(labels) > MOST_LABELS:
        found.append((MOST_LABELS, f"At most {MOST_LABELS} labels are allowed. Leave some out."))
    return found
