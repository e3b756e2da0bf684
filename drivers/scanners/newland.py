"""Newland engines (HR and FM series, newer EM): tilde commands, line-mode data.

Source: Newland programming manuals as quoted by public drivers; golden bytes in tests/golden/. Verified on: paper only.
Frame:  [7E 01]["0000"]["#" volatile | "@" stored][tag, subtag, data][";"][03]
Answer: [02 01]["0000"][mark][the command's text][06 done, 05 unknown, 15 bad value][";"][03]
Quirks: at least 50 ms between two commands. SETUPE0 leaves set-up mode, in which alone set-up codes are obeyed
        (UNVERIFIED on EM engines: one that does not know it answers 05, counted as refused). EM3095 in its older mode
        is a Grow engine.
"""

from __future__ import annotations

import re
from typing import ClassVar

from drivers.scanner import Scanner

HEAD, TAIL = b"\x7e\x010000", b";\x03"
VOLATILE, STORED = b"#", b"@"
SHORT_TRIGGER = b"\x01T\x04"
TRIGGER_ON, TRIGGER_OFF = b"SCNTRG1", b"SCNTRG0"
SET_UP_OFF = b"SETUPE0"
MODE_TRIGGER, MODE_SENSE = b"SCNMOD0", b"SCNMOD2"
ANSWER = re.compile(rb"\x02\x010000[#@][0-9A-Za-z,*&^]{1,64}([\x05\x06\x15]);\x03")


def command(text: bytes, storage: bytes = VOLATILE) -> bytes:
    """One command; volatile, because the engine's flash has few write cycles."""
    return HEAD + storage + text + TAIL


class NewlandScanner(Scanner):
    """One Newland engine. Option `short_trigger = true` for older engines that know only the three-byte trigger."""

    family: ClassVar[str] = "newland"

    def start_commands(self) -> tuple[bytes, ...]:
        mode = MODE_TRIGGER if self.settings.trigger == "command" else MODE_SENSE
        return (command(SET_UP_OFF), command(mode))

    def trigger_on(self) -> bytes:
        return SHORT_TRIGGER if self.settings.options.get("short_trigger") else command(TRIGGER_ON)

    def trigger_off(self) -> bytes:
        return command(TRIGGER_OFF)

    def strip_answers(self, raw: bytes) -> bytes:
        while (answer := ANSWER.match(raw)) is not None:
            self.answers["ok" if answer.group(1) == b"\x06" else "refused"] += 1
            raw = raw[answer.end() :]
        return raw
