from integration.web.expected.people import FOR_ADMINISTRATORS, Page

EXPECTED: dict[str, Page] = {
    "audit": FOR_ADMINISTRATORS,
    "audit-log": FOR_ADMINISTRATORS,
    "audit-entry": FOR_ADMINISTRATORS,
}
