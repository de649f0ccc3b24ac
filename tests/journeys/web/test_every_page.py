"""Every page, from the list of addresses: for everyone, on every screen, by keyboard alone."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from journeys.processes import Isthmus, LocalOrg
from journeys.web.browsing import HEIGHT, NARROW, WIDE, check_by_axe
from journeys.web.world import World, filled, names

MOST_STOPS = 400
_STOPS = """() => {
    const kinds = 'a[href], button:not([disabled]), input:not([type=hidden]):not([disabled]), '
        + 'select:not([disabled]), textarea:not([disabled]), summary, [tabindex="0"]';
    const all = [...document.querySelectorAll(kinds)].filter(each =>
        each.tabIndex >= 0 && each.checkVisibility({visibilityProperty: true})
        && each.getClientRects().length > 0);
    const grouped = each => each.type === 'radio'
        && !each.checked
        && all.some(other => other !== each && other.type === 'radio' && other.name === each.name
            && (other.checked || all.indexOf(other) < all.indexOf(each)));
    window.__stops = all.filter(each => !grouped(each));
    document.activeElement?.blur();
    return window.__stops.length;
}"""
_STOP = """() => {
    const at = document.activeElement;
    const marked = each => {
        const style = getComputedStyle(each);
        return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
            || style.boxShadow !== 'none';
    };
    const holders = [at, at.closest('label'), at.parentElement].filter(Boolean);
    const box = at.getBoundingClientRect();
    return {
        stop: window.__stops.indexOf(at),
        visible: holders.some(marked),
        within: box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight,
        words: at.outerHTML.slice(0, 200),
    };
}"""
_NAMES = "() => window.__stops.map(each => each.outerHTML.slice(0, 200))"


@pytest.fixture(scope="module")
def world(shared_isthmus: Isthmus, shared_org: LocalOrg, browser: Browser) -> Iterator[World]:
    with (
        tempfile.TemporaryDirectory() as place,
        filled(shared_isthmus, shared_org, browser, Path(place)) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def alice(world: World) -> Page:
    return world.pages.signed_in()


def overflows(page: Page) -> list[str]:
    """On which widths the page is wider than the screen."""
    found = []
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        if wide > 0:
            found.append(f"{wide} px too wide at {width} px")
    page.set_viewport_size({"width": WIDE, "height": HEIGHT})
    return found


def out_of_reach(page: Page) -> list[str]:
    """What Tab does not come to, or comes to without showing it."""
    count = page.evaluate(_STOPS)
    # A day is typed in three parts, and its calendar opens by a button: each takes a Tab.
    days = 3 * page.locator("input[type=date]").count()
    reached, faults = set[int](), []
    for _ in range(min(count, MOST_STOPS) + days + 3):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop["stop"] < 0 or stop["stop"] in reached:
            continue
        reached.add(stop["stop"])
        if not stop["visible"] or not stop["within"]:
            faults.append(f"focus is not seen on {stop['words']}")
    words = page.evaluate(_NAMES)[:MOST_STOPS]
    missed = [text for number, text in enumerate(words) if number not in reached]
    return faults + [f"Tab does not come to {text}" for text in missed]


@pytest.mark.parametrize("name", names())
def test_a_page_is_for_everyone_on_every_screen_and_by_keyboard_alone(
    world: World, alice: Page, name: str
) -> None:
    if not world.show(alice, name):
        return  # a file, or an answer to a program
    faults = overflows(alice)
    headings = alice.locator("h1").count()
    if headings != 1:
        faults.append(f"{headings} headings of level 1")
    faults += out_of_reach(alice)
    faults += world.pages.troubles
    world.pages.troubles.clear()
    assert faults == [], "\n".join(faults)
    world.show(alice, name)
    check_by_axe(alice)


def test_the_list_of_addresses_is_not_empty() -> None:
    assert {"people", "account", "health"} <= set(names())
