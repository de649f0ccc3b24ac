from integration.web.expected.people import FOR_VIEWERS, Page

BACK_FOR_ADMINISTRATORS = Page(statuses=(302, 403, 403, 403, 403, 403, 302))
"""The address of a form whose answer may be a page: opened again, it leads to the org."""

EXPECTED: dict[str, Page] = {
    "org": FOR_VIEWERS,
    "org-share": BACK_FOR_ADMINISTRATORS,
}
