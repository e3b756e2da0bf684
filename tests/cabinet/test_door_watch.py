"""A door is open or closed because its sensor said so twice in a row; silence is unknown, never closed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.lock_board import DoorReadings, DoorState
from edge_agent.cabinet.door_watch import (
    CHATTER_FLIPS,
    CHATTER_QUIET_S,
    DoorMoved,
    DoorWatch,
    PresenceSeen,
    SensorChatters,
)

OPEN, CLOSED, UNKNOWN = DoorState.OPEN, DoorState.CLOSED, DoorState.UNKNOWN


def one_door() -> DoorWatch:
    return DoorWatch({"A": [(1, "17")]})


def read(state: DoorState, *presence: bool) -> DoorReadings:
    return DoorReadings((state,), presence)


def test_one_sample_is_not_enough() -> None:
    """The first look at a door decides nothing."""
    watch = one_door()

    assert watch.sampled("A", read(CLOSED), 0.0) == []
    assert watch.state("17") is UNKNOWN


def test_two_equal_samples_move_the_door() -> None:
    """Closed twice, then open twice: two moves, each at its confirming sample."""
    watch = one_door()

    seen = [
        event
        for at, state in enumerate([CLOSED, CLOSED, OPEN, OPEN])
        for event in watch.sampled("A", read(state), at)
    ]

    assert seen == [DoorMoved("17", UNKNOWN, CLOSED, 1), DoorMoved("17", CLOSED, OPEN, 3)]


def test_nothing_is_settled_by_one_look() -> None:
    """What a restart decides about a power cut rests on doors that were read twice, or on a silence."""
    watch = DoorWatch({"A": [(1, "17")], "B": [(1, "18")]})

    watch.sampled("A", read(OPEN), 0.0)
    watch.silent("B", 0.5)
    after_one = watch.settled()
    watch.sampled("A", read(OPEN), 1.0)

    assert not after_one
    assert watch.settled()


def test_a_single_wrong_sample_is_not_a_door() -> None:
    """A late reply or a bounce for one sample (trap: door reads closed on the first poll)."""
    watch = one_door()
    for at in range(2):
        watch.sampled("A", read(OPEN), at)

    seen = watch.sampled("A", read(CLOSED), 2) + watch.sampled("A", read(OPEN), 3)

    assert seen == []
    assert watch.state("17") is OPEN


def test_a_silent_board_makes_its_doors_unknown_at_once() -> None:
    """Other boards' doors keep their state (F-014)."""
    watch = DoorWatch({"A": [(1, "17")], "B": [(1, "18")]})
    for board in "AB":
        for at in range(2):
            watch.sampled(board, read(CLOSED), at)

    seen = watch.silent("A", 5.0)

    assert seen == [DoorMoved("17", CLOSED, UNKNOWN, 5.0)]
    assert watch.states() == {"17": UNKNOWN, "18": CLOSED}


def test_a_chattering_sensor_is_reported_once_and_then_unknown() -> None:
    """50 Hz chatter that happens to agree now and then must not fill the journal (F-034)."""
    watch = one_door()
    seen = []
    for at in range(200):
        state = OPEN if at // 2 % 2 else CLOSED
        seen += watch.sampled("A", read(state), at * 0.02)

    assert [event for event in seen if isinstance(event, SensorChatters)] == [
        SensorChatters("17", seen[-1].at_s)
    ]
    assert len(seen) <= CHATTER_FLIPS + 2
    assert watch.state("17") is UNKNOWN


def test_a_quiet_sensor_is_believed_again() -> None:
    """After the loose wire is fixed and the quiet time passed, the door has a state again."""
    watch = one_door()
    for at in range(60):
        watch.sampled("A", read(OPEN if at // 2 % 2 else CLOSED), at * 0.02)

    for later_s in (2.0, 3.0, 3.0 + CHATTER_QUIET_S, 4.0 + CHATTER_QUIET_S):
        watch.sampled("A", read(CLOSED), later_s)

    assert watch.state("17") is CLOSED


def test_presence_needs_two_equal_samples_too() -> None:
    """Something inside, seen twice."""
    watch = one_door()

    first = watch.sampled("A", read(CLOSED, True), 0.0)
    second = watch.sampled("A", read(CLOSED, True), 1.0)

    assert first == []
    assert PresenceSeen("17", True, 1.0) in second
    assert watch.occupied("17") is True


@given(st.lists(st.sampled_from([OPEN, CLOSED, None]), max_size=60))
def test_a_state_is_always_backed_by_the_last_two_answers(samples: list[DoorState | None]) -> None:
    """Whatever comes, CLOSED is only said while the board answers and two samples in a row said so."""
    watch = one_door()
    believed = UNKNOWN
    for at, (before, sample) in enumerate(zip([None, *samples], samples, strict=False)):
        if sample is None:
            watch.silent("A", float(at))
            believed = UNKNOWN
        else:
            watch.sampled("A", read(sample), float(at))
            believed = sample if sample is before else believed

        assert watch.state("17") in (believed, UNKNOWN)
