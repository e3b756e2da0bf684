"""Spoken prompts: rendered once, kept, fetched only when announced; silence where there is no espeak-ng."""

from __future__ import annotations

import io
import shutil
import wave

import pytest

from edge_agent.kiosk.speech import ANNOUNCED_MAX, FILES_MAX, TEXT_MAX, Speech

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@needs_espeak
@pytest.mark.parametrize(
    ("voice", "text"), [("en-gb", "Door 27 is open."), ("yue", "箱門已打開"), ("cmn", "箱门已打开")]
)
async def test_a_phrase_becomes_a_sound_file_and_is_kept(tmp_path, voice, text):
    speech = Speech(tmp_path)

    name = speech.announce(voice, text)
    first = await speech.wav(name)

    with wave.open(io.BytesIO(first)) as sound:
        assert 0.3 < sound.getnframes() / sound.getframerate() < 10
    assert len(first) == 44 + 2 * sound.getnframes()
    assert (tmp_path / f"{name}.wav").read_bytes() == first


@needs_espeak
async def test_an_operators_recording_replaces_the_voice(tmp_path):
    speech = Speech(tmp_path)
    name = speech.announce("en-gb", "Thank you.")
    (tmp_path / f"{name}.wav").write_bytes(b"RIFF recorded")

    assert await speech.wav(name) == b"RIFF recorded"


@needs_espeak
async def test_only_announced_phrases_can_be_fetched(tmp_path):
    speech = Speech(tmp_path)

    assert await speech.wav("0" * 32) is None
    assert await speech.wav("../../etc/passwd") is None


@needs_espeak
async def test_announcements_are_bounded(tmp_path):
    speech = Speech(tmp_path)
    names = [speech.announce("en-gb", f"Door {n}.") for n in range(ANNOUNCED_MAX + 1)]

    assert await speech.wav(names[0]) is None
    assert await speech.wav(names[-1]) is not None


@needs_espeak
async def test_kept_files_are_bounded(tmp_path):
    for n in range(FILES_MAX + 5):
        (tmp_path / f"{n:032d}.wav").write_bytes(b"RIFF")
    speech = Speech(tmp_path)

    await speech.wav(speech.announce("en-gb", "One more."))

    assert len(list(tmp_path.glob("*.wav"))) == FILES_MAX


async def test_without_espeak_there_is_silence(tmp_path):
    speech = Speech(tmp_path, program="no-such-program")

    assert speech.announce("en-gb", "Hello.") is None


def test_a_language_without_a_voice_is_silent(tmp_path):
    assert Speech(tmp_path).announce("-", "Hello.") is None


def test_an_endless_text_is_not_spoken(tmp_path):
    assert Speech(tmp_path).announce("en-gb", "x" * (TEXT_MAX + 1)) is None
