from integration.web.expected.connections import BACK_FOR_EDITORS
from integration.web.expected.people import FOR_EDITORS, Page

BACK_TO_RUN = Page(statuses=(302, 302, 302, 403, 403, 403, 302))
"""The run of the planted world waits for nobody, which its own page says."""

EXPECTED: dict[str, Page] = {
    "connection-asks-first": BACK_FOR_EDITORS,
    "connection-first": FOR_EDITORS,
    "goal-first": FOR_EDITORS,
    "goal-only": FOR_EDITORS,
    "confirm-run": BACK_TO_RUN,
    "refuse-run": BACK_TO_RUN,
}
