from integration.web.expected.people import FOR_EDITORS, FOR_VIEWERS, Page

BACK_FOR_EDITORS = Page(statuses=(302, 302, 302, 403, 403, 403, 302))
"""The address of a form whose answer may be a page: opened again, it leads to the thing."""

EXPECTED: dict[str, Page] = {
    "connections": FOR_VIEWERS,
    "connection-types": FOR_EDITORS,
    "new-connection": FOR_EDITORS,
    "connection": FOR_VIEWERS,
    "connection-title": BACK_FOR_EDITORS,
    "connection-about": BACK_FOR_EDITORS,
    "connection-switch": FOR_EDITORS.by_post,
    "connection-favourite": FOR_VIEWERS.by_post,
    "connection-run": FOR_EDITORS.by_post,
    "connection-stop": FOR_EDITORS.by_post,
    "connection-yaml": FOR_VIEWERS,
    "connection-yaml-file": FOR_VIEWERS,
    "connection-copy": FOR_EDITORS.by_post,
    "connection-losses": FOR_EDITORS,
    "connection-delete": FOR_EDITORS,
    "new-import-goal": FOR_EDITORS,
    "new-export-goal": FOR_EDITORS,
    "goal-property": FOR_EDITORS,
    "goal": FOR_VIEWERS,
    "goal-active": FOR_EDITORS.by_post,
    "goal-move": FOR_EDITORS.by_post,
    "goal-copy": FOR_EDITORS.by_post,
    "goal-losses": FOR_EDITORS,
    "goal-delete": FOR_EDITORS,
}
