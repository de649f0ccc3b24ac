"""The audit log and the list of connections in a real browser: asked, opened, told apart."""

from playwright.sync_api import Locator, Page, expect

from journeys.web.browsing import NARROW, WIDE, Pages, check_by_axe

LABELS = [f"Label {number:02d}" for number in range(1, 16)]
MORE = f"""
connections:
  - {{key: beta, name: "Beta <b>", labels: [{", ".join(LABELS)}],
      goals: [{{key: leads, import: Lead, match: [{{field: Email, identifier: email}}],
        fields: [{{field: Title, property: title}}]}}]}}
  - {{key: asleep, name: Gamma, labels: [Label 15], active: false}}
"""


def _entries(page: Page) -> Locator:
    return page.locator("#rows tbody tr")


def _narrow_and_wide(page: Page) -> None:
    for width in (NARROW, WIDE):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


def test_connections_are_told_apart_labelled_and_all_of_it_is_in_the_audit_log(
    working: Pages,
) -> None:
    document = working.isthmus.home / "more.yaml"
    document.write_text(MORE, encoding="utf-8")
    working.isthmus.expect("config", "apply", str(document))
    page = working.signed_in()
    _find_connections(page)
    _label_by_keyboard(page)
    _ask_the_log(page)


def _find_connections(page: Page) -> None:
    page.goto("/connections")
    expect(_entries(page)).to_have_count(3)
    beta = page.get_by_role("row").filter(has_text="Beta <b>")
    expect(beta).to_contain_text("It has no sign-in, or no active goal.")
    check_by_axe(page)
    _narrow_and_wide(page)
    page.get_by_role("radio", name="Off 1").check(force=True)
    expect(_entries(page)).to_have_count(1)
    expect(_entries(page)).to_contain_text("Gamma")
    page.get_by_role("radio", name="All").check(force=True)
    expect(_entries(page)).to_have_count(3)
    page.locator("select[name=label]").select_option("Label 15")
    expect(_entries(page)).to_have_count(2)
    page.locator("select[name=label]").select_option("")
    beta.get_by_role("button", name="Favourite: Beta <b>").click()
    expect(page.locator("#favourites")).to_contain_text("1")
    page.get_by_role("checkbox", name="Favourites").check(force=True)
    expect(_entries(page)).to_have_count(1)
    assert "favourites=favourites" in page.url
    page.reload()
    expect(_entries(page)).to_have_count(1)
    page.go_back()
    expect(_entries(page)).to_have_count(3)


def _label_by_keyboard(page: Page) -> None:
    page.goto("/connections/acme")
    page.locator("details.fold summary").first.focus()
    page.keyboard.press("Enter")
    more = page.get_by_label("Other labels")
    more.focus()
    page.keyboard.type("Mine, Label 1")
    options = page.locator("#known-labels option")
    offered = options.evaluate_all("all => all.map(each => each.value)")
    # Those that are used most can be ticked: Label 15 is one of them.
    assert offered == ["Mine, Label 12", "Mine, Label 13", "Mine, Label 14"]
    # The list itself is the browser's own, and is not drawn without a screen.
    page.keyboard.type("2")
    expect(more).to_have_value("Mine, Label 12")
    page.keyboard.press("Control+s")
    expect(page.locator("main")).to_contain_text("Acme was saved.")
    # Who goes on to change it finds it open.
    expect(page.get_by_label("Other labels")).to_be_visible()
    expect(page.locator("details.fold summary").first).to_contain_text("Label 12")


def _ask_the_log(page: Page) -> None:
    page.goto("/audit")
    newest = _entries(page).first
    expect(newest).to_contain_text("Changed the labels of Acme")
    expect(newest).to_contain_text("Alice")
    newest.get_by_text("Before and after").click()
    expect(newest).to_contain_text("Mine, Label 12")
    check_by_axe(page)
    _narrow_and_wide(page)
    page.locator("select[name=how]").select_option("document")
    expect(_entries(page)).to_have_count(2)
    expect(page.locator("#download")).to_have_attribute("href", "/audit/log.csv?how=document")
    page.locator("select[name=connection]").select_option("Beta <b>")
    expect(_entries(page)).to_have_count(1)
    with page.expect_download() as download:
        page.locator("#download").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) > 1
    assert all("Beta <b>" in line for line in lines[1:])
    page.locator("input[name=until]").fill("2020-01-01")
    expect(page.locator("#rows")).to_contain_text("Nothing like that was done.")
    page.locator("#rows").get_by_role("link", name="Show all").click()
    expect(page.locator("select[name=how]")).to_have_value("")
    _entries(page).last.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Applied a set-up document")
    expect(page.locator("#rows")).to_contain_text("Made the connection Acme")
    check_by_axe(page)
