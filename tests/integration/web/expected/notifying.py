from integration.web.expected.connections import BACK_FOR_EDITORS
from integration.web.expected.people import FOR_ADMINISTRATORS, FOR_EDITORS, Page

BACK_FOR_ADMINISTRATORS = Page(statuses=(302, 403, 403, 403, 403, 403, 302))

EXPECTED: dict[str, Page] = {
    "connection-notify": BACK_FOR_EDITORS,
    "connection-webhook": BACK_FOR_EDITORS,
    "connection-webhook-secret": BACK_FOR_EDITORS,
    "connection-webhook-test": FOR_EDITORS.by_post,
    "mail": FOR_ADMINISTRATORS,
    "test-mail": BACK_FOR_ADMINISTRATORS,
    "mail-again": FOR_ADMINISTRATORS.by_post,
    "unset-mail": FOR_ADMINISTRATORS,
}
