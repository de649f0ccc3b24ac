from integration.web.expected.connections import BACK_FOR_EDITORS
from integration.web.expected.people import FOR_EDITORS, Page

EXPECTED: dict[str, Page] = {
    "connection-schedule": BACK_FOR_EDITORS,
    "schedule-draft": FOR_EDITORS,
}
