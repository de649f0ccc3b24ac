"""Who asks, and what a GET gives to each of them where a page is for a right."""

from dataclasses import dataclass

ADMINISTRATOR, EDITOR, BLIND_EDITOR = "administrator", "editor", "editor without personal data"
VIEWER, BLIND_VIEWER = "viewer", "viewer without personal data"
NO_ROLE, NOBODY = "no role", "nobody"

PEOPLE = (ADMINISTRATOR, EDITOR, BLIND_EDITOR, VIEWER, BLIND_VIEWER, NO_ROLE, NOBODY)
BLIND = (BLIND_EDITOR, BLIND_VIEWER)
TO_SIGN_IN = 302


@dataclass(frozen=True, kw_only=True)
class Page:
    """What an address gives to those who ask for it by GET, and whether it shows people's data."""

    statuses: tuple[int, ...]  # in the order of PEOPLE
    personal: bool = False  # shows the planted values to whoever may see personal data

    @property
    def by_post(self) -> "Page":
        """The same rights, and nothing to be had by GET."""
        return Page(statuses=tuple(405 if each == 200 else each for each in self.statuses))

    @property
    def with_personal_data(self) -> "Page":
        """Shows the planted values to those who may see them."""
        return Page(statuses=self.statuses, personal=True)


def _page(administrator: int, editor: int, viewer: int, no_role: int, nobody: int) -> Page:
    return Page(statuses=(administrator, editor, editor, viewer, viewer, no_role, nobody))


FOR_ADMINISTRATORS = _page(200, 403, 403, 403, TO_SIGN_IN)
FOR_EDITORS = _page(200, 200, 403, 403, TO_SIGN_IN)
FOR_VIEWERS = _page(200, 200, 200, 403, TO_SIGN_IN)
FOR_SIGNED_IN = _page(200, 200, 200, 200, TO_SIGN_IN)
FOR_EVERYBODY = _page(200, 200, 200, 200, 200)
"""Each of these shows a page; `.by_post` is a form's address."""

LEADS_ON = _page(302, 302, 302, 302, TO_SIGN_IN)
