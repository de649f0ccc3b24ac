from integration.web.expected.people import FOR_EDITORS, FOR_VIEWERS, Page

EXPECTED: dict[str, Page] = {
    "properties": FOR_VIEWERS,
    "new-property": FOR_EDITORS,
    "property": FOR_VIEWERS,
}
