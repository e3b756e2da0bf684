"""Spoken prompts: phrases of the catalogue, rendered once by espeak-ng and kept as WAV files.

A phrase is announced (its address goes out with the view) and rendered when the page asks for it, so that a
page whose speech is off costs nothing. Only announced phrases can be fetched. Without espeak-ng, or without
a voice for the language, there is no speech and nothing else changes. An operator's recording named like
the cached file replaces it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
import struct
from collections import OrderedDict
from pathlib import Path

log = logging.getLogger(__name__)

ANNOUNCED_MAX = 64  # phrases that can still be fetched; a page fetches the newest one at once
FILES_MAX = 64  # about 150 kB each: 10 MB of a run-time folder at most
RENDER_S = 5.0  # 10 to 20 ms are normal; a hung renderer must not pile up
TEXT_MAX = 400  # characters: twice the longest phrase with a place in words
NO_VOICE = "-"  # in a catalogue: espeak-ng does not speak this language (it would read it as English)
SPEED_WPM = "160"  # a little slower than espeak-ng's 175: people stand in a noisy hall
WAV_HEADER = 44  # bytes of the plain PCM header that espeak-ng writes
RENDERS_AT_ONCE = 1  # the locker has better work for its cores


def with_lengths(wav: bytes) -> bytes:
    """A stream's header says "endless"; browsers want the true lengths in a file (RIFF: bytes 4 and 40)."""
    riff, data = struct.pack("<I", len(wav) - 8), struct.pack("<I", len(wav) - WAV_HEADER)
    return wav[:4] + riff + wav[8:40] + data + wav[44:]


class Speech:
    """Announces phrases and renders them.

    `folder` is made at first use; `program` "" or absent means silence.
    """

    def __init__(self, folder: Path, program: str = "espeak-ng") -> None:
        self._folder = folder
        self._program = shutil.which(program) if program else None
        self._announced: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._renders = asyncio.Semaphore(RENDERS_AT_ONCE)

    def announce(self, voice: str, text: str) -> str | None:
        """The name under which the page may fetch this phrase, or None where there is no speech."""
        if self._program is None or voice in ("", NO_VOICE) or not text or len(text) > TEXT_MAX:
            return None
        name = hashlib.sha256(f"{voice}\n{text}".encode()).hexdigest()[:32]
        self._announced[name] = (voice, text)
        self._announced.move_to_end(name)
        while len(self._announced) > ANNOUNCED_MAX:
            self._announced.popitem(last=False)
        return name

    async def wav(self, name: str) -> bytes | None:
        """The phrase as a WAV file; None when it was never announced or cannot be rendered."""
        if name not in self._announced:
            return None
        async with self._renders:
            return await asyncio.to_thread(self._kept, name) or await self._render(name)

    def _kept(self, name: str) -> bytes | None:
        path = self._folder / f"{name}.wav"
        return path.read_bytes() if path.exists() else None

    async def _render(self, name: str) -> bytes | None:
        voice, text = self._announced[name]
        assert self._program is not None  # nothing is announced without it
        try:
            process = await asyncio.create_subprocess_exec(
                *(self._program, "-v", voice, "-s", SPEED_WPM, "--stdout", "--stdin"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            log.warning("speech not rendered program=%s error=%s", self._program, error)
            return None
        try:
            wav, _ = await asyncio.wait_for(process.communicate(text.encode()), RENDER_S)
        except TimeoutError:
            process.kill()
            await process.wait()
            return None
        if process.returncode != 0 or len(wav) <= WAV_HEADER:
            return None
        wav = with_lengths(wav)
        await asyncio.to_thread(self._keep, name, wav)
        return wav

    def _keep(self, name: str, wav: bytes) -> None:
        """Best effort: a full run-time folder costs the cache, not the phrase."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / f"{name}.wav").write_bytes(wav)
            kept = sorted(self._folder.glob("*.wav"), key=lambda path: path.stat().st_mtime)
            for old in kept[:-FILES_MAX]:
                old.unlink()
        except OSError as error:
            log.warning("speech not kept folder=%s error=%s", self._folder, error)
