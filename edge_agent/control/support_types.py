"""What goes in and out of `support-bundle`: plain values, as in `types`."""

from __future__ import annotations

from typing import Annotated

import msgspec

from edge_agent.control.types import Arguments, Result, option


class SupportBundleArguments(Arguments, frozen=True):
    file: Annotated[
        str,
        option(
            "Where to write; default: a name with locker and time, here.", positional=True, metavar="[FILE]"
        ),
    ] = ""
    last: Annotated[
        int,
        msgspec.Meta(description="So many of the newest events.", ge=1, le=1000, extra={"metavar": "N"}),
    ] = 500
    log: Annotated[
        tuple[str, ...], option("A log file to put in too, where logs are not in the system's journal.")
    ] = ()


class SupportBundleResult(Result, frozen=True):
    """`missed`: what could not be had, and why; a bundle of a locker that is not well lacks something."""

    file: str
    sha256: str
    size_bytes: int
    members: tuple[str, ...]
    missed: tuple[str, ...]
