"""Every screen on every panel in every language: nothing cut off, large enough for a thumb, readable by everybody.

Screenshots go to out/screens/, for a person to look at.
"""

from __future__ import annotations

import random

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.kiosk.conftest import SCREENSHOTS, Panel
from tests.kiosk.gallery import LANGUAGES, PANELS, SAMPLES

pytestmark = pytest.mark.browser

KEY_MM, PRIMARY_MM, TARGET_MM, LETTERS_MM = 20.0, 20.0, 10.0, 5.2
SLACK_MM = 0.15  # one device pixel on the coarsest panel
AXE_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"color-contrast-enhanced": {"enabled": True}},  # 7:1: outdoor panels stand in the sun
}
# The language whose screenshots the default run keeps, so that every screen is there on every panel.
PICTURED = {"1024x600": "en", "1280x800": "zh-Hant", "1080x1920": "zh-Hans"}

# Returns what is wrong with the drawn screen, as sentences.
INSPECT = """
({ mm, key, primary, target, letters, slack }) => {
  const LOOKED_AT = "button, h1, h2, p, dd, dt, li, figcaption, lk-digits, lk-map, lk-ring";
  const wrong = [];
  const name = (e) => `${e.dataset?.action ?? e.className ?? e.tagName} "${e.textContent.slice(0, 20)}"`;
  const box = (e) => e.getBoundingClientRect();
  const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && box(e).width > 0;
  const controls = [...document.querySelectorAll("button, input")].filter(shown);
  for (const e of controls) {
    const r = box(e), [w, h] = [r.width / mm, r.height / mm];
    if (!e.dataset.action) wrong.push(`${name(e)} has no data-action`);
    if (!(e.ariaLabel || e.textContent).trim()) wrong.push(`${name(e)} has no name`);
    if (Math.min(w, h) < target - slack) wrong.push(`${name(e)} is ${w.toFixed(1)} x ${h.toFixed(1)} mm`);
    if (e.matches(".key") && Math.max(Math.abs(w - key), Math.abs(h - key)) > slack)
      wrong.push(`key ${name(e)} is ${w.toFixed(2)} x ${h.toFixed(2)} mm`);
    if (e.matches(".primary") && h < primary - slack) wrong.push(`primary ${name(e)} is ${h.toFixed(1)} mm high`);
    if (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1) wrong.push(`${name(e)} is cut off`);
  }
  // What has scrolled out of its container is behind nothing and over nothing.
  const scrolls = (e) => {
    const s = e.closest(".scroll, .story, .work");
    return s && getComputedStyle(s).overflowY === "auto" && s.scrollHeight > s.clientHeight + 1;
  };
  const fixed = controls.filter((e) => !scrolls(e));
  for (const [i, a] of fixed.entries())
    for (const b of fixed.slice(i + 1)) {
      const [p, q] = [box(a), box(b)];
      if (p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 1 && q.top < p.bottom - 1)
        wrong.push(`${name(a)} lies over ${name(b)}`);
    }
  for (const e of document.querySelectorAll(`#app :is(${LOOKED_AT})`)) {
    const r = box(e);
    if (!shown(e) || e.closest(".scroll")) continue;
    if (r.left < -1 || r.top < -1 || r.right > innerWidth + 1 || r.bottom > innerHeight + 1)
      wrong.push(`${name(e)} leaves the glass`);
    if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth) wrong.push(`${name(e)} is too narrow`);
  }
  for (const e of document.querySelectorAll(".story, .work, .head, .foot")) {
    if (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1)
      wrong.push(`${e.className} overflows`);
    for (const child of e.children) {
      const [inner, outer] = [box(child), box(e)];
      if (shown(child) && (inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1))
        wrong.push(`${name(child)} leaves .${e.className}`);
    }
  }
  const walker = document.createTreeWalker(document.getElementById("app"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement;
    if (!node.data.trim() || e.closest("svg") || !shown(e)) continue;
    const size = parseFloat(getComputedStyle(e).fontSize) / mm;
    if (size < letters - 0.01) wrong.push(`"${node.data.slice(0, 20)}" is written ${size.toFixed(1)} mm small`);
    if (/^[a-z-]+\\.[a-z0-9.+-]+$/.test(node.data.trim())) wrong.push(`text missing: ${node.data}`);
  }
  if (document.querySelectorAll("h1").length !== 1) wrong.push("there is not exactly one headline");
  if (document.querySelector("a[href]")) wrong.push("there is a link");
  return wrong;
}
"""
PLACES = """() => Object.fromEntries(["help", "display", "language"].map((action) => {
  const r = document.querySelector(`[data-action="${action}"]`).getBoundingClientRect();
  return [action, [r.left, r.top].map(Math.round).join()];
}))"""


def inspect(panel: Panel) -> list[str]:
    return panel.page.evaluate(
        INSPECT,
        {
            "mm": panel.px_per_mm,
            "key": KEY_MM,
            "primary": PRIMARY_MM,
            "target": TARGET_MM,
            "letters": LETTERS_MM,
            "slack": SLACK_MM,
        },
    )


def keep_picture(panel: Panel, lang: str, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{panel.name}-{lang}-{name}.jpg"
    panel.page.screenshot(path=str(path), type="jpeg", quality=85)  # a quarter of the time a PNG takes


def walk(panel: Panel, lang: str, pictures: bool) -> None:
    wrong, places = {}, {}
    for name in SAMPLES:
        panel.sample(name, lang)
        if found := inspect(panel):
            wrong[name] = found
        places.setdefault(str(panel.page.evaluate(PLACES)), []).append(name)
        if pictures:
            keep_picture(panel, lang, name)

    assert wrong == {}
    assert len(places) == 1, f"help, display and language move about: {places}"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_screen_fits_and_can_be_touched(every_panel, lang):
    """20 mm keys, 20 mm primary buttons, 10 mm for the rest; help and languages stay where they are."""
    walk(every_panel, lang, pictures=PICTURED[every_panel.name] == lang)


@pytest.mark.soak
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_screen_is_pictured_in_every_language(every_panel, lang):
    walk(every_panel, lang, pictures=True)


def axe(panel: Panel) -> list[str]:
    found = Axe().run(panel.page, options=AXE_RULES).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:120] for node in one['nodes'][:3]]}" for one in found
    ]


ALL = [(size, lang, name) for size in sorted(PANELS) for lang in LANGUAGES for name in SAMPLES]
SHARE = random.Random(20261).sample(ALL, len(ALL) // 16)  # 0.4 s each on two slow cores


def check_with_axe(panel_of_size, wanted) -> None:
    wrong = {}
    for size, lang, name in wanted:
        panel = panel_of_size(size)
        panel.sample(name, lang)
        if found := axe(panel):
            wrong[size, lang, name] = found

    assert wrong == {}


@pytest.fixture
def all_panels(panel_of):
    for size in PANELS:
        panel_of(size)
    return panel_of


def test_axe_finds_nothing_on_a_share_of_the_screens(all_panels):
    check_with_axe(all_panels, SHARE)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_axe_finds_nothing_on_any_screen(all_panels):
    check_with_axe(all_panels, ALL)


MODES = ("large", "contrast", "low")
TELLING = ("home.wrong", "door-open-take", "courier-scan", "choose-size", "help", "warn-timeout", "message")
CHECKED_BY_AXE = ("home.wrong", "door-open-take")


def turn_on(panel: Panel, mode: str) -> None:
    """As a person does it; the choice lasts until the session ends."""
    panel.sample("home")
    panel.tap("display")
    panel.tap(f"display-{mode}")
    panel.tap("display-close")


def in_mode(panel: Panel, mode: str, judge) -> dict[str, list[str]]:
    """What `judge` finds wrong on the telling screens in this mode."""
    turn_on(panel, mode)
    wrong = {}
    for name in TELLING:
        panel.sample(name)
        keep_picture(panel, "en", f"{name}-{mode}")
        if found := judge(name):
            wrong[name] = found
    panel.sample("home")
    return wrong


def may_scroll(found: list[str]) -> list[str]:
    """Large words may have to scroll; keys, buttons and bars stay, and nothing lies over anything else."""
    return [one for one in found if "mm" in one or " over " in one or "foot" in one or "head " in one]


@pytest.mark.parametrize("mode", MODES)
def test_every_display_mode_fits_and_axe_finds_nothing_in_it(every_panel, mode):
    """Large text, high contrast, low layout: one pass over the telling screens, looked at in both ways."""
    panel = every_panel

    def judge(name: str) -> list[str]:
        found = inspect(panel)
        fits = may_scroll(found) if mode == "large" else found
        return [*fits, *(axe(panel) if name in CHECKED_BY_AXE else [])]

    assert in_mode(panel, mode, judge) == {}


def test_large_text_has_capitals_of_seven_millimetres(every_panel):
    panel = every_panel
    turn_on(panel, "large")
    panel.sample("pickup-phone", "en")
    size_mm = panel.page.evaluate(
        "mm => parseFloat(getComputedStyle(document.querySelector('.text')).fontSize) / mm", panel.px_per_mm
    )
    panel.sample("home")

    assert size_mm * 0.727 >= 7.3, "a capital H of Inter and Noto Sans is 0.727 of the font size or more"


def test_low_layout_moves_what_is_touched_down(panel_of):
    panel = panel_of("1080x1920")
    top = """() => document.querySelector(".key").getBoundingClientRect().top"""

    panel.sample("pickup-phone")
    usual = panel.page.evaluate(top)
    turn_on(panel, "low")
    panel.sample("pickup-phone")
    low = panel.page.evaluate(top)
    panel.sample("home")

    assert low > usual
    assert low > 1920 * 0.58
