from integration.web.expected.people import FOR_EDITORS, FOR_VIEWERS, Page

EXPECTED: dict[str, Page] = {
    "goal-preview": FOR_VIEWERS,
    "goal-preview-ask": FOR_EDITORS.by_post,
    "goal-preview-stop": FOR_EDITORS.by_post,
}
