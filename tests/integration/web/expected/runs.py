from integration.web.expected.people import Page

EXPECTED: dict[str, Page] = {}
