from integration.web.expected.people import (
    FOR_ADMINISTRATORS,
    FOR_EVERYBODY,
    FOR_SIGNED_IN,
    LEADS_ON,
    Page,
)

EXPECTED: dict[str, Page] = {
    "first-start": LEADS_ON,
    "sign-in": Page(statuses=(302, 302, 302, 302, 302, 302, 200)),
    "sign-out": FOR_EVERYBODY.by_post,
    "account": FOR_SIGNED_IN,
    "own-password": FOR_SIGNED_IN.by_post,
    "theme": FOR_EVERYBODY.by_post,
    "people": FOR_ADMINISTRATORS,
    "new-person": FOR_ADMINISTRATORS,
    "person": FOR_ADMINISTRATORS,
    "person-password": FOR_ADMINISTRATORS.by_post,
    "health": FOR_EVERYBODY,
    "metrics": FOR_EVERYBODY,  # of this machine; `test_metrics` asks from elsewhere
}
