from integration.web.expected.people import (
    FOR_ADMINISTRATORS,
    FOR_EDITORS,
    FOR_VIEWERS,
    TO_SIGN_IN,
    Page,
)

EXPECTED: dict[str, Page] = {
    # Somebody without a role has nothing to look at but the own account.
    "home": Page(statuses=(200, 200, 200, 200, 200, 302, TO_SIGN_IN)),
    "home-profiles": FOR_VIEWERS,
    "profiles-over-time": FOR_VIEWERS,
    "resume": FOR_ADMINISTRATORS,
    "alert-usual": FOR_EDITORS.by_post,
}
