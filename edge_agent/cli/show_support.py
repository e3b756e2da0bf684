"""The support bundle, for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_agent.cli.terminal import say
from edge_agent.control.support_types import SupportBundleResult


def support_bundle(result: SupportBundleResult) -> None:
    print(f"{result.file}: {len(result.members)} files, {result.size_bytes / 1024:.0f} KiB")
    print(f"sha256 {result.sha256}")
    for one in result.missed:
        say(f"not in it: {one}")


SHOW: dict[str, Callable[[Any], None]] = {"support-bundle": support_bundle}
