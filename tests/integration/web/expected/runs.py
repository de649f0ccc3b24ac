from integration.web.expected.people import FOR_EDITORS, FOR_VIEWERS, Page

EXPECTED: dict[str, Page] = {
    "runs": FOR_VIEWERS,
    "run": FOR_VIEWERS,
    "stop-run": FOR_EDITORS.by_post,
    "run-log": FOR_VIEWERS.with_personal_data,
    "run-rows": FOR_VIEWERS.with_personal_data,
    "run-problems": FOR_VIEWERS.with_personal_data,
    "record": FOR_VIEWERS.with_personal_data,
}
