from integration.web.expected.connections import BACK_FOR_EDITORS
from integration.web.expected.people import FOR_ADMINISTRATORS, FOR_EDITORS, FOR_VIEWERS, Page

EXPECTED: dict[str, Page] = {
    "connection-sign-in": FOR_EDITORS,
    "connection-certificate": Page(statuses=(404, 404, 404, 403, 403, 403, 302)),
    "connection-check": FOR_EDITORS.by_post,
    "connection-disconnect": FOR_EDITORS,
    "connection-accept-org": FOR_EDITORS,
    "connection-org-losses": FOR_EDITORS,
    "connection-begin": BACK_FOR_EDITORS,
    "connection-attempt": FOR_EDITORS,
    "salesforce-callback": Page(statuses=(400,) * 7),
    "authorizations": FOR_VIEWERS,
    "check-authorization": FOR_EDITORS.by_post,
    "disconnect-authorization": FOR_EDITORS,
    "authorization-certificate": Page(statuses=(404, 404, 404, 403, 403, 403, 302)),
    "salesforce-apps": FOR_ADMINISTRATORS,
    "new-salesforce-app": FOR_ADMINISTRATORS,
    "salesforce-app": FOR_ADMINISTRATORS,
    "delete-salesforce-app": FOR_ADMINISTRATORS,
}
