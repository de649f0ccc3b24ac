from integration.web.expected.people import FOR_EDITORS, FOR_VIEWERS, Page

EXPECTED: dict[str, Page] = {
    "segments": FOR_VIEWERS,
    "new-segment": FOR_EDITORS,
    "segment": FOR_VIEWERS,
    "delete-segment": FOR_EDITORS,
    "segment-estimate": FOR_VIEWERS.by_post,
    "segment-count": FOR_VIEWERS.by_post,
    "segment-sample": FOR_VIEWERS.by_post,
}
