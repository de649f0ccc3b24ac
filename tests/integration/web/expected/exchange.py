from integration.web.expected.people import FOR_VIEWERS, Page

EXPECTED: dict[str, Page] = {
    "connection-exchange": FOR_VIEWERS,
    "exchange-profiles": FOR_VIEWERS,
    "exchange-file": FOR_VIEWERS,
}
