"""What a browser without script would send of a form."""

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._form, self._inside, self._templates, self._off = form, False, 0, 0
        self._select = self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            # What stands behind the tag begins in the next line.
            known = self.values[self._textarea]
            self.values[self._textarea] = known + (data if known else data.removeprefix("\n"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id") == self._form
        if tag == "template":
            self._templates += 1
        if tag == "fieldset" and (self._off or "disabled" in given):
            self._off += 1
        if not self._templates and (self._inside or given.get("form") == self._form):
            self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if self._off or "disabled" in given:
            return
        if tag == "input" and name:
            kind = given.get("type", "text")
            if kind not in ("checkbox", "radio") or "checked" in given:
                self.values[name] = given.get("value", "on")
        if tag == "select":
            self._select = name
        chosen = "selected" in given or self._select not in self.values
        if tag == "option" and self._select and chosen:
            self.values[self._select] = given.get("value", "")
        if tag == "textarea" and name:
            self.values[name] = ""
            self._textarea = name

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if tag == "template":
            self._templates -= 1
        if tag == "fieldset" and self._off:
            self._off -= 1
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._textarea = ""


def sent(page: str, form: str) -> dict[str, str]:
    """The controls of the form of that id, in the order in which they stand."""
    reader = _Reader(form)
    reader.feed(page)
    return {name: value for name, value in reader.values.items() if name != "csrfmiddlewaretoken"}
