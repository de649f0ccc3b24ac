"""A segment is built and counted in a real browser, by the keyboard alone."""

from playwright.sync_api import Page, expect

from journeys.web.browsing import ALICE, Pages, check_by_axe

PEOPLE = """
properties:
  - {key: email, label: Email, type: email, identifier: true}
  - {key: country, label: Country, type: text}
  - {key: last_order, label: Last order, type: date}
"""


def _given(pages: Pages) -> None:
    document = pages.isthmus.home / "properties.yaml"
    document.write_text(PEOPLE, encoding="utf-8")
    pages.isthmus.expect("config", "apply", str(document))


def _focus(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def _pick(page: Page, text: str) -> None:
    """Choose in the picker that has the focus."""
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Search: Property")).to_be_focused()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_segment_is_built_and_counted_by_the_keyboard_alone(pages: Pages) -> None:
    _given(pages)
    page = pages.signed_in(ALICE)
    page.goto("/segments")
    expect(page.get_by_text("A segment is the profiles that meet conditions")).to_be_visible()
    page.get_by_role("link", name="Add a segment").first.press("Enter")
    expect(page.get_by_text("Choose a property.")).to_be_visible()
    page.get_by_role("textbox", name="Name").focus()
    page.keyboard.type("Dutch & recent")
    page.keyboard.press("Tab")
    expect(page.get_by_role("textbox", name="Key")).to_have_value("dutch_recent")

    page.locator("[id='subject-c.0-button']").focus()
    _pick(page, "coun")
    operator = page.locator("[id='operator-c.0']")
    expect(page.locator("[id='value-c.0']")).to_be_visible()
    expect(page.locator("[id='subject-c.0-button']")).to_be_focused()
    page.keyboard.press("Tab")
    expect(operator).to_be_focused()
    page.keyboard.press("Tab")
    assert _focus(page) == "value-c.0"
    page.keyboard.type("NL")
    page.keyboard.press("Enter")
    page.keyboard.type("BE")
    expect(page.locator("#estimate")).to_contain_text("of 0 profiles")
    expect(page.locator("#sample")).to_contain_text("No profile meets these conditions.")
    check_by_axe(page)

    page.locator("[id='add-c']").press("Enter")
    expect(page.locator("[id='subject-c.1-button']")).to_be_focused()
    _pick(page, "last")
    page.locator("[id='operator-c.1']").select_option("within_last")
    expect(page.get_by_role("textbox", name="How many")).to_be_visible(timeout=20_000)
    page.get_by_role("textbox", name="How many").focus()
    page.keyboard.type("soon")
    page.keyboard.press("Control+s")
    expect(page.locator("[id='error-c.1']")).to_contain_text("give days as a whole number")
    check_by_axe(page)
    page.get_by_role("textbox", name="How many").fill("90")
    page.locator("[id='not-c.1']").press("Enter")
    expect(page.locator("[id='unnot-c.1']")).to_be_focused()
    page.keyboard.press("Control+s")
    page.wait_for_url("**/segments/dutch_recent")
    expect(page.get_by_text("Dutch & recent was saved.")).to_be_visible()

    page.goto("/segments")
    expect(page.get_by_role("row", name="Dutch & recent")).to_contain_text(
        "Country is NL or BE and not Last order is within the last 90 days"
    )
    check_by_axe(page)
    page.goto("/properties")
    check_by_axe(page)
    page.get_by_role("link", name="Country").press("Enter")
    page.wait_for_url("**/properties/country")
    expect(page.get_by_role("link", name="Dutch & recent")).to_be_visible()
    check_by_axe(page)


def test_nothing_is_lost_that_is_typed_while_the_conditions_are_drawn_anew(pages: Pages) -> None:
    _given(pages)
    page = pages.signed_in(ALICE)
    page.goto("/new-segment")
    page.locator("[id='subject-c.0-button']").focus()
    _pick(page, "coun")
    value = page.locator("[name='c.0.value']")
    value.fill("N")
    page.evaluate(
        """() => {
          const send = XMLHttpRequest.prototype.send;
          XMLHttpRequest.prototype.send = function (body) {
            setTimeout(() => send.call(this, body), 500);
          };
        }"""
    )
    page.locator("[id='operator-c.0']").select_option("contains")
    value.press("End")
    page.keyboard.type("L")
    one_line = page.locator("input[name='c.0.value']")
    expect(one_line).to_have_value("NL")
    expect(one_line).to_be_focused()
    page.keyboard.type("D")
    expect(one_line).to_have_value("NLD")


def test_a_segment_is_built_without_script(pages: Pages) -> None:
    _given(pages)
    page = pages.signed_in(ALICE, scripts=False)
    page.goto("/new-segment")
    page.get_by_role("textbox", name="Name").fill("Dutch")
    page.get_by_role("combobox", name="Property").select_option(label="Country")
    page.get_by_role("button", name="Show what fits the choices").click()
    page.get_by_role("textbox", name="Values").fill("NL")
    page.get_by_role("button", name="Add group").click()
    page.get_by_role("combobox", name="Property").nth(1).select_option("system:known")
    page.get_by_role("button", name="Count", exact=True).click()
    expect(page.locator("#estimate")).to_contain_text("of 0 profiles")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/segments/dutch")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete the segment").click()
    page.wait_for_url("**/segments")
    expect(page.get_by_text("Dutch was deleted.")).to_be_visible()
