"""Structured logs to standard error: fixed first words, then key=value fields. Logs are for people; the journal is the
record, and nothing parses logs.

Control characters are escaped (a hostile scan must not forge a line), lines are bounded, and a logger that repeats
itself is throttled so that a retry loop cannot fill a card. Secrets never reach a logger: callers pass identifiers.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping

LINE_MAX = 1000  # characters; longer facts are cut with an ellipsis
REPEATS_PER_MINUTE = 30  # of one message text from one logger; the rest is counted and reported once

JOURNALD_LEVELS = {logging.ERROR: "<3>", logging.WARNING: "<4>", logging.INFO: "<6>", logging.DEBUG: "<7>"}


def fields(**values: object) -> Mapping[str, Mapping[str, object]]:
    """`log.info("unlock sent", extra=fields(compartment="17"))`."""
    return {"fields": values}


def escaped(text: str) -> str:
    """Printable text only: every control character becomes its escape."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


class KeyValueFormatter(logging.Formatter):
    """`<6>cabinet: unlock sent compartment=17 txn=...` - the prefix gives journald its level."""

    def __init__(self, journald: bool) -> None:
        super().__init__()
        self._journald = journald

    def format(self, record: logging.LogRecord) -> str:
        pairs = getattr(record, "fields", {})
        words = [record.getMessage(), *(f"{key}={value}" for key, value in pairs.items())]
        if record.exc_info:
            words.append(f"error={record.exc_info[1]!r} at={_where(record)}")
        line = escaped(f"{record.name.removeprefix('edge_agent.')}: {' '.join(words)}")
        if len(line) > LINE_MAX:
            line = line[: LINE_MAX - 1] + "…"
        return JOURNALD_LEVELS.get(record.levelno, "<5>") + line if self._journald else line


def _where(record: logging.LogRecord) -> str:
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"


class RepeatFilter(logging.Filter):
    """Lets the first lines of a flood through and says how many were dropped when the minute is over."""

    def __init__(self) -> None:
        super().__init__()
        self._minute = 0
        self._counts: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        key = (record.name, record.msg)
        self._counts[key] = self._counts.get(key, 0) + 1
        if self._counts[key] == REPEATS_PER_MINUTE:
            record.msg = f"{record.msg} (said {REPEATS_PER_MINUTE} times this minute; silent until the next)"
        return self._counts[key] <= REPEATS_PER_MINUTE


def set_up(level: int = logging.INFO, journald: bool | None = None) -> None:
    """Once, at the start of a program. `journald` defaults to: standard error is not a terminal."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValueFormatter(not sys.stderr.isatty() if journald is None else journald))
    handler.addFilter(RepeatFilter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("uvicorn.error").setLevel(
        logging.WARNING
    )  # at INFO it writes addresses, tokens included
