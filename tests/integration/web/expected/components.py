from integration.web.expected.people import FOR_ADMINISTRATORS, Page

EXPECTED: dict[str, Page] = {
    "components": FOR_ADMINISTRATORS,
    "confirmation-example": FOR_ADMINISTRATORS,
}
