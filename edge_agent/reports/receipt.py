"""The slip that says that a parcel was taken in or handed out. It holds no name, no phone and no whole waybill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from edge_agent.config import Config

WORDS = {  # what happened to the parcel → what the slip calls it
    "parcel.deposited": "存入 Deposited",
    "parcel.collected": "取出 Collected",
    "parcel.recalled": "退回 Taken back",
}


class Moment(Protocol):
    """`time`: ISO 8601, local; `event`: its type without "locker."."""

    @property
    def time(self) -> str: ...

    @property
    def event(self) -> str: ...


class Story(Protocol):
    """One stay as `lockerctl parcel` tells it: the waybill is masked."""

    @property
    def compartment(self) -> str: ...

    @property
    def waybill(self) -> str: ...

    @property
    def events(self) -> Sequence[Moment]: ...


def lines(config: Config, story: Story) -> Iterator[str]:
    """For `escpos.picture`: one line of paper each."""
    yield config.locker.name or config.locker.id
    yield f"櫃 Locker {config.locker.id}"
    yield f"門 Compartment {story.compartment}"
    yield f"單號 Parcel {story.waybill or 'erased'}"
    for event in story.events:
        if event.event in WORDS:
            yield f"{WORDS[event.event]} {event.time[:16].replace('T', ' ')}"
    if config.locker.hotline:
        yield f"熱線 Hotline {config.locker.hotline}"
