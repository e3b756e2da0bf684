"""Doors, latches, springs and coils of the pretend cabinet behave as steel does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.door import PUSH_S, Door
from sim.world import PULL_S, Contact, World


class Steel:
    """One door on channel 1 of board A, and a clock that stands until moved."""

    def __init__(self, **door: object) -> None:
        self.now_s = 0.0
        self.world = World(lambda: self.now_s)
        self.door = self.world.add_door(Door("7", **door))  # type: ignore[arg-type]
        self.world.add_coil("A", 1, "psu-1")
        self.world.harness.coils[("A", 1)] = "7"
        self.world.harness.contacts[("A", 1)] = Contact("7")

    def pulse(self, length_s: float = 0.3) -> None:
        self.world.pulse("A", 1, length_s, self.now_s)

    def after(self, seconds: float) -> str:
        """Let time pass; what the sensor says then."""
        self.now_s += seconds
        return self.world.reported("7")


def test_a_pulse_opens_the_door_and_a_hand_shuts_it() -> None:
    """The everyday: coil, spring, hand, latch."""
    steel = Steel()

    steel.pulse()
    opened = steel.after(1.0)
    closed = steel.world.hand("7", "close")

    assert opened == "open"
    assert closed
    assert steel.world.reported("7") == "closed"
    assert steel.door.latched


def test_a_latched_door_does_not_open_by_hand() -> None:
    """The latch needs the coil."""
    steel = Steel()

    moved = steel.world.hand("7", "open")

    assert not moved
    assert steel.after(1.0) == "closed"


def test_a_pulse_that_is_too_short_frees_nothing() -> None:
    """A coil needs time to pull the hook."""
    steel = Steel()

    steel.pulse(PULL_S / 2)

    assert steel.after(1.0) == "closed"


def test_a_door_without_spring_is_caught_again_unless_somebody_pulls() -> None:
    """While the coil pulls a hand opens it; afterwards the hook falls in again."""
    left_alone, pulled = Steel(spring=False), Steel(spring=False)

    left_alone.pulse()
    pulled.pulse()
    during = left_alone.after(0.1)
    pulled.after(0.1)
    pulled.world.hand("7", "open")

    assert during == "open"
    assert left_alone.after(1.0) == "closed"
    assert pulled.after(1.0) == "open"


def test_a_door_shut_while_the_coil_pulls_springs_back() -> None:
    """The hook cannot catch as long as it is held."""
    steel = Steel()
    steel.pulse(1.0)
    steel.after(0.5)

    caught = steel.world.hand("7", "close")

    assert not caught
    assert steel.after(1.0) == "open"


def test_a_hand_that_presses_keeps_the_door_shut_through_the_pulse() -> None:
    """Somebody leans on the door: hook free, no opening, hook caught again."""
    steel = Steel()
    steel.world.hand("7", "push")

    steel.pulse()
    steel.after(0.1)

    assert steel.door.shut
    assert steel.after(PUSH_S + 1.0) == "closed"


def test_a_crowbar_opens_any_door() -> None:
    """Forced: no coil, no latch, and it is told at once."""
    steel = Steel()
    told: list[str] = []
    steel.world.on_change.append(lambda number, at_s: told.append(number))

    steel.world.force("7")

    assert steel.world.reported("7") == "open"
    assert told == ["7"]
    assert not steel.world.energisings()


def test_nobody_reaches_through_a_shut_door() -> None:
    """A parcel goes in and out while the door is open only."""
    steel = Steel()

    assert not steel.world.put("7", parcel=True)
    steel.pulse()
    steel.after(1.0)
    assert steel.world.put("7", parcel=True)
    assert steel.world.presences("A", 1, 1, steel.now_s) == [True]
    steel.world.hand("7", "close")
    assert not steel.world.put("7", parcel=False)


def test_the_coil_log_has_start_length_and_the_boards_own_record() -> None:
    """Two pulses, one held coil: what was asked and what really flowed."""
    steel = Steel()

    steel.pulse(0.3)
    steel.after(2.0)
    steel.world.hold("A", 1, steel.now_s)
    steel.after(5.0)
    steel.world.release("A", 1, steel.now_s)

    first, second = steel.world.energisings()
    assert (first.start_s, first.length_s, first.asked_s) == (0.0, 0.3, 0.3)
    assert (second.start_s, second.length_s, second.asked_s) == (2.0, 5.0, None)
    assert second.as_json()["board_record"] == {"asked_s": None, "on": False, "length_s": 5.0}


def test_a_second_pulse_during_a_pulse_starts_the_time_again() -> None:
    """One energising, longer: the older switch-off no longer counts."""
    steel = Steel()

    steel.pulse(0.3)
    steel.after(0.2)
    steel.pulse(0.3)
    steel.after(1.0)

    assert [entry.length_s for entry in steel.world.energisings()] == [0.5]


DEEDS = st.lists(st.sampled_from(("pulse", "hold", "release", "close", "push", "open", "wait")), max_size=40)


def play(steel: Steel, deeds: list[str]) -> list[str]:
    """Whatever hands and boards may do, in any order; every report after each deed."""
    reports = []
    for deed in deeds:
        if deed == "pulse":
            steel.pulse()
        elif deed in ("hold", "release"):
            getattr(steel.world, deed)("A", 1, steel.now_s)
        elif deed != "wait":
            steel.world.hand("7", deed)
        reports.append(steel.after(0.25))
    return reports


@given(DEEDS)
def test_a_jammed_door_never_reports_open_whatever_hands_and_boards_do(deeds: list[str]) -> None:
    """Pushed, pulled, pulsed, held: the hook does not move, so the sensor does not either."""
    steel = Steel(jammed=True)

    assert set(play(steel, deeds)) <= {"closed"}


@given(DEEDS)
def test_a_latched_door_is_a_shut_door(deeds: list[str]) -> None:
    """The hook catches a shut panel only."""
    steel = Steel()

    for deed in deeds:
        play(steel, [deed])
        assert steel.door.shut or not steel.door.latched


@given(DEEDS)
def test_no_door_opens_without_current(deeds: list[str]) -> None:
    """Without a pulse or a held coil there is nothing that hands could do."""
    steel = Steel()

    reports = play(steel, [deed for deed in deeds if deed not in ("pulse", "hold")])

    assert set(reports) <= {"closed"}


@given(st.lists(st.tuples(st.floats(0.0, 2.0), st.floats(0.01, 1.5)), max_size=20))
def test_every_timed_pulse_ends(pulses: list[tuple[float, float]]) -> None:
    """However pulses overlap: in the end the coil is off, and the log's lengths are finite."""
    steel = Steel()

    for pause_s, length_s in pulses:
        steel.after(pause_s)
        steel.pulse(length_s)
    steel.after(10.0)

    assert all(entry.length_s is not None for entry in steel.world.energisings())
    assert not steel.world.relay("A", 1)
