"""Door numbers as printed, in the order in which people count."""

from __future__ import annotations

import re


def natural(number: str) -> tuple[tuple[str, int], ...]:
    """Sorts "2" before "10", and "A2" before "A10"."""
    return tuple((word, int(digits or 0)) for word, digits in re.findall(r"([^0-9]*)([0-9]*)", number))
