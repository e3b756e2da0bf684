"""Pictures of every screen that was really reached, for a person to look at, and the audit that goes with them.

`out/walks/{panel}-{lang}-{screen}[-{what}].jpg`. axe-core looks at each screen once in a default run, in whatever size
and language it comes up first; in a soak run at every picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

FOLDER = Path(__file__).parents[2] / "out" / "walks"
AXE_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"color-contrast-enhanced": {"enabled": True}},  # 7:1: outdoor panels stand in the sun
}


def name_of(view: dict[str, Any]) -> str:
    """The screen, and what makes this one different from others of its name."""
    vm = view["vm"]
    notice = (vm["notice"] or {}).get("kind", "")
    what = [vm.get("kind", ""), vm.get("section", ""), "opening" if vm.get("opening") else "", notice]
    return "-".join([view["screen"], *(word for word in what if word)])


class Album:
    """`audit_all`: axe at every picture and not only at the first of each screen."""

    def __init__(self, audit_all: bool = False) -> None:
        self.audit_all = audit_all
        self.audited: set[str] = set()
        self.texts: dict[str, str] = {}  # what stood on a screen when its newest picture was taken
        self._taken: set[str] = set()
        FOLDER.mkdir(parents=True, exist_ok=True)

    def take(self, page: Page, panel: str, view: dict[str, Any]) -> None:
        """Raises AssertionError where axe finds something."""
        name = f"{panel}-{view['lang']}-{name_of(view)}"
        if name in self._taken:
            return
        self._taken.add(name)
        self.texts[view["screen"]] = page.inner_text("body")
        page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=85)  # a quarter of a PNG's time
        if self.audit_all or view["screen"] not in self.audited:
            self._audit(page, view["screen"], name)

    def _audit(self, page: Page, screen: str, name: str) -> None:
        # Only a screen that stays is looked at: one that goes on by itself would be half another screen.
        if page.get_attribute("body", "data-screen") != screen:
            return
        found = Axe().run(page, options=AXE_RULES).response["violations"]
        if page.get_attribute("body", "data-screen") != screen:
            return
        self.audited.add(screen)
        wrong = [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]
        assert not wrong, f"{name}: {wrong}"
