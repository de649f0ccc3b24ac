"""What people may do, by their role."""

from enum import StrEnum


class Role(StrEnum):
    """What somebody is here for. Each may do all that the ones before it may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMINISTRATOR = "administrator"


class Right(StrEnum):
    """What a page, a command of the interface or an answer asks for."""

    LOOK = "look"  # see the set-up, runs, and profiles without personal data
    EDIT = "edit"  # change the set-up and profiles, run and stop
    ADMINISTER = "administer"  # people and settings


_FROM = {Right.LOOK: Role.VIEWER, Right.EDIT: Role.EDITOR, Right.ADMINISTER: Role.ADMINISTRATOR}


def may(role: Role | None, right: Right) -> bool:
    """Whether the role has the right; somebody without a role has none."""
    roles = list(Role)
    return role is not None and roles.index(role) >= roles.index(_FROM[right])
