"""What was printed, for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_agent.control import paper_types as t


def labels(result: t.LabelsResult) -> None:
    print(f"{result.file}: {result.labels} labels")


def receipt(result: t.ReceiptResult) -> None:
    print("\n".join(result.lines))


SHOW: dict[str, Callable[[Any], None]] = {"labels": labels, "receipt": receipt}
