"""Bytes that nobody asked for: noise, late replies, and the frames that some families push by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from drivers.transaction import Sight, Transaction

KEPT_BYTES_MAX = 512  # twice the longest frame: a pushed frame that comes in pieces is still found


class UnaskedBytes:
    """`kept` are the latest of them, until the next request; `on_push` gets each pushed frame found among them."""

    __slots__ = ("_on_push", "kept")

    def __init__(self, on_push: Callable[[bytes], None]) -> None:
        self._on_push = on_push
        self.kept = b""

    def add(self, data: bytes, questions: Iterable[Transaction | None]) -> None:
        """`questions` lend their codecs: one of each watched board, None where a board has none ready."""
        self.kept = (self.kept + data)[-KEPT_BYTES_MAX:]
        for question in questions:
            if question is not None:
                self._find_pushed(question)

    def _find_pushed(self, question: Transaction) -> None:
        at = 0
        while at < len(self.kept):  # ends: each round takes a frame out or passes one
            seen = question.recognise(self.kept[at:])
            if seen is None:
                return
            start, end = at + seen.start, at + seen.end
            if seen.sight is Sight.PUSHED:
                frame = self.kept[start:end]
                self.kept = self.kept[:start] + self.kept[end:]
                self._on_push(frame)
                at = start
            else:  # perhaps a pushed frame of a board whose turn is yet to come
                at = end
