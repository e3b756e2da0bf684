"""The core under hypothesis: however bytes are cut, delayed and dirtied, a reply is the right one or none at all."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from drivers.bus import LineSettings
from drivers.bus_core import BusCore
from drivers.bus_turns import Job
from drivers.errors import BusError
from drivers.transaction import Priority
from tests.drivers.bus_stage import READ, UNLOCK, push, read, refusal, reply, request, unlock

LINE = LineSettings("main", "", baudrate=115200, echo="none")
STEP_S = 0.001
LONG_S = 5.0  # beyond every deadline and drain of the toy family

noise = st.binary(max_size=12)
answers = st.sampled_from([reply(READ, n) for n in range(4)])
other_frames = st.sampled_from([reply(READ, 9, address=2), push(3), request(READ, 2), reply(0x49, 1)])
damaged = answers.map(lambda frame: frame[:-1] + bytes([frame[-1] ^ 0x55]))
streams = st.lists(st.one_of(noise, other_frames, damaged, answers), max_size=6).map(b"".join)


class Hand:
    """Drives a core by hand: one procedure, bytes in whatever pieces, virtual time."""

    def __init__(self, line: LineSettings = LINE) -> None:
        self.core = BusCore(line, lambda listener, value: listener(value))
        self.now = 0.0
        self.sent: list[bytes] = []
        self.outcomes: list[Any] = []
        self.core.opened(self.now)
        self.pass_time(1.0)

    def ask(self, procedure: Any, priority: Priority = Priority.VERIFY) -> None:
        self.core.submit(
            Job(procedure, priority, lambda result, error: self.outcomes.append(error or result))
        )
        self.step()

    def step(self) -> None:
        frame = self.core.advance(self.now)
        if frame is not None:
            self.sent.append(frame)
            self.core.wrote(len(frame), self.now)

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.now = min(max(self.core.wake_at, self.now + STEP_S), until)
            self.step()

    def hear(self, data: bytes, cuts: list[int]) -> None:
        edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
        for start, end in pairwise(edges):
            self.core.received(data[start:end], self.now)
            self.step()
            self.pass_time(STEP_S)


@given(streams, answers, st.lists(st.integers(0, 200), max_size=12))
def test_a_reply_is_found_behind_anything_and_in_any_pieces(
    before: bytes, answer: bytes, cuts: list[int]
) -> None:
    """Whatever stands in front, one sound reply of the right board is accepted, or an error: never something else."""
    hand = Hand()

    hand.ask(read())
    hand.hear(before + answer, cuts)
    hand.pass_time(LONG_S)

    (outcome,) = hand.outcomes
    assert isinstance(outcome, BusError) or outcome in (before + answer)
    assert isinstance(outcome, BusError) or (outcome[0], outcome[1], outcome[2]) == (0x5A, 1, READ)


@given(answers, st.lists(st.integers(0, 50), max_size=8))
def test_a_clean_reply_is_accepted_however_it_is_cut(answer: bytes, cuts: list[int]) -> None:
    """No chunking loses a reply."""
    hand = Hand()

    hand.ask(read())
    hand.hear(answer, cuts)

    assert hand.outcomes == [answer]


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=8))
def test_no_noise_confirms_an_unlock(junk: bytes, cuts: list[int]) -> None:
    """F-008, F-009: random bytes; the frame went out once, and nothing but its own confirmation confirms it."""
    hand = Hand()

    hand.ask(unlock(7), Priority.UNLOCK)
    hand.hear(junk, cuts)
    hand.pass_time(LONG_S)

    assert hand.sent == [request(UNLOCK, 1, 7)]
    (outcome,) = hand.outcomes
    assert isinstance(outcome, BusError) or outcome == request(UNLOCK, 1, 7) in junk


@given(st.binary(max_size=6), st.lists(st.integers(0, 30), max_size=6))
def test_before_the_echo_is_known_no_single_copy_confirms_an_unlock(junk: bytes, cuts: list[int]) -> None:
    """The adapter's echo with noise in front of it, as the first frame on a new line: unknown, not confirmed."""
    hand = Hand(LineSettings("main", "", baudrate=115200, echo="auto"))

    hand.ask(unlock(7), Priority.UNLOCK)
    hand.hear(junk + request(UNLOCK, 1, 7), cuts)
    hand.pass_time(LONG_S)

    assert isinstance(hand.outcomes[0], BusError)


@given(st.floats(0.0, 0.9), answers, answers)
def test_a_late_reply_never_answers_the_next_question(late_s: float, first: bytes, second: bytes) -> None:
    """M-01: at whatever moment of the drain it comes, the second question gets its own answer."""
    hand = Hand()

    hand.ask(read())
    hand.pass_time(hand.core.wake_at - hand.now + STEP_S)  # the deadline has just passed
    drain_s = hand.core.wake_at - hand.now
    hand.ask(read())
    hand.pass_time(drain_s * late_s)
    hand.hear(first, [])
    hand.pass_time(drain_s + 0.02)
    assert len(hand.sent) == 2
    hand.hear(second, [])

    assert isinstance(hand.outcomes[0], BusError)
    assert hand.outcomes[1] == second


@given(st.lists(st.sampled_from(list(Priority)), min_size=1, max_size=12))
def test_every_procedure_ends_once_and_in_order_of_urgency(priorities: list[Priority]) -> None:
    """Nobody is forgotten, nobody is answered twice, and equal ones keep their order."""
    hand = Hand()
    order: list[tuple[Priority, int]] = []

    hand.ask(read())
    for n, priority in enumerate(priorities):
        done = lambda result, error, key=(priority, n): order.append(key)  # noqa: E731 - one line says it best
        hand.core.submit(Job(read(), priority, done))
    for _ in range(len(priorities) + 1):
        hand.hear(reply(READ, 1), [])
        hand.pass_time(0.05)

    assert order == sorted(order)
    assert len(order) == len(priorities)


@given(st.lists(st.tuples(st.booleans(), streams), max_size=5), st.sampled_from(["auto", "full", "none"]))
def test_a_conversation_of_nonsense_ends_without_an_exception(
    steps: list[tuple[bool, bytes]], echo: Any
) -> None:
    """Questions and noise in any order, with every echo setting: each question ends with a value or a BusError."""
    hand = Hand(LineSettings("main", "", baudrate=115200, echo=echo))

    for asks, data in steps:
        if asks:
            hand.ask(read(resends=1))
        hand.hear(data + refusal(2), [1, 5])
        hand.pass_time(0.05)
    hand.pass_time(LONG_S)

    assert len(hand.outcomes) == sum(asks for asks, _ in steps)
    assert all(isinstance(outcome, bytes | BusError) for outcome in hand.outcomes)
