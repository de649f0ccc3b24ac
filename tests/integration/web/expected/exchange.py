from integration.web.expected.people import FOR_VIEWERS, Page

EXPECTED: dict[str, Page] = {
    "connection-exchange": FOR_VIEWERS,
    "exchange-profiles": FOR_VIEWERS.with_personal_data,
    "exchange-file": FOR_VIEWERS,
}
