"""What the page must know about this locker before anybody touches it: names, hotline, languages, scale, layout."""

from __future__ import annotations

import msgspec

from edge_agent.config import Config
from edge_agent.kiosk.layout import Layout, layout_of


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of the shell.

    `languages` in the order shown, the first is the default; `px_per_mm` of the panel.
    """

    locker_id: str
    name: str
    hotline: str
    languages: tuple[str, ...]
    px_per_mm: float
    speech: bool
    layout: Layout


def site_of(config: Config) -> Site:
    """The site of one configuration."""
    return Site(
        locker_id=config.locker.id,
        name=config.locker.name or config.locker.id,
        hotline=config.locker.hotline,
        languages=config.locker.languages,
        px_per_mm=config.kiosk.px_per_mm,
        speech=config.kiosk.speech,
        layout=layout_of(config),
    )
