from integration.web.expected.people import FOR_VIEWERS, TO_SIGN_IN, Page

FOR_SEEING_EDITORS = Page(statuses=(200, 200, 403, 403, 403, 403, TO_SIGN_IN), personal=True)

EXPECTED: dict[str, Page] = {
    "profiles": FOR_VIEWERS.with_personal_data,
    "profile": FOR_VIEWERS.with_personal_data,
    "profile-changes": FOR_VIEWERS.with_personal_data,
    "profile-value": FOR_VIEWERS.with_personal_data,
    "profile-edit": FOR_SEEING_EDITORS,
}
