"""The stage on which a bus story is played: each on a real pseudo-terminal and in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.drivers.bus_stage import LINE, Answer, Story, play_in_virtual_time, play_on_pty

Play = Callable[..., Any]


@pytest.fixture(params=["pty", "virtual"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """`play(answer, story, line)`: the story's result on one of the pumps."""

    def on_stage(answer: Answer, story: Story, line: Any = LINE) -> Any:
        if request.param == "pty":
            return play_on_pty(answer, story, tmp_path, line)
        return play_in_virtual_time(answer, story, line)

    return on_stage
