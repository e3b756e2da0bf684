"""Honeywell engines (N36xx, N86xx, Xenon; Mindeo ES4650 takes the same trigger bytes): SYN commands, line-mode data.

Source: makers' manuals as quoted by public drivers; golden bytes in tests/golden/. Verified on: paper only.
Frame:  [SYN T CR] on, [SYN U CR] off; settings [SYN M CR][tag, subtag, data]["!" volatile | "." stored]
Answer: the setting's text with 06 done, 05 unknown or 15 bad value before its end mark; triggers have no answer.
Quirks: MNUENA0 switches menu codes off and PAPHHF reads on command (both UNVERIFIED, not every model knows them): an
        unknown setting is answered with 05 and counted as refused. Packet mode is not for this driver: the engine
        must send plain lines.
"""

from __future__ import annotations

import re
from typing import ClassVar

from drivers.scanner import Scanner

SYN, CR = b"\x16", b"\r"
SETTING = b"\x16M\r"
VOLATILE, STORED = b"!", b"."
ON, OFF = b"T", b"U"
MENU_CODES_OFF = b"MNUENA0"
MANUAL_TRIGGER = b"PAPHHF"  # reads on command
ANSWER = re.compile(rb"[0-9A-Z]{6,12}([\x05\x06\x15])[!.]")


def order(letter: bytes) -> bytes:
    """One order that takes effect at once and has no answer."""
    return SYN + letter + CR


def setting(text: bytes, storage: bytes = VOLATILE) -> bytes:
    """One setting or query; volatile, because the engine's flash has few write cycles."""
    return SETTING + text + storage


class HoneywellScanner(Scanner):
    """One Honeywell engine."""

    family: ClassVar[str] = "honeywell"

    def start_commands(self) -> tuple[bytes, ...]:
        """With `trigger = "always"` the engine's own reading mode is left as it was set."""
        wanted = (MENU_CODES_OFF, MANUAL_TRIGGER) if self.settings.trigger == "command" else (MENU_CODES_OFF,)
        return tuple(setting(text) for text in wanted)

    def trigger_on(self) -> bytes:
        return order(ON)

    def trigger_off(self) -> bytes:
        return order(OFF)

    def strip_answers(self, raw: bytes) -> bytes:
        while (answer := ANSWER.match(raw)) is not None:
            self.answers["ok" if answer.group(1) == b"\x06" else "refused"] += 1
            raw = raw[answer.end() :]
        return raw
