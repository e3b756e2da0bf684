"""Events and their fold: complete, typed, repeatable, and free of personal data."""

from __future__ import annotations

import types
import typing
from datetime import UTC, datetime, timedelta
from enum import Enum

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain import events as e
from edge_agent.domain.changes import Change
from edge_agent.domain.decision import Decision, consequences
from edge_agent.domain.events import EVENT_TYPES, PREFIX, UnknownEventError, decode, encode
from edge_agent.domain.fold import RULES, FoldError, changes_of, fold
from edge_agent.domain.instant import ClockQuality, Instant
from edge_agent.domain.stamp import elapsed_ms, instant_of, stamp_of
from edge_agent.domain.state import FOLDED, GIVEN, TABLES, Layer, LockerState
from tests.domain.locker import Locker

CONTRACT = """
deposit.reserved deposit.cancelled deposit.interrupted parcel.deposited parcel.reminded parcel.overdue parcel.collected
parcel.refused parcel.recalled parcel.corrected code.reissued code.claimed code.rearmed code.spent
door.open_requested door.opened door.not_opened door.outcome_unknown door.closed door.left_open door.forced
door.wrong_door compartment.out_of_service compartment.in_service compartment.suspect compartment.contents_unknown
compartment.verified_empty compartment.reported session.started session.ended login.failed code.failed code.locked_out
feedback.given board.silent board.back bus.lost bus.back scanner.lost scanner.back coil.stuck supply.low service.entered
service.left fault.opened fault.acknowledged fault.resolved maintenance.done acceptance.passed acceptance.failed
agent.started agent.stopped clock.jumped clock.synced journal.checkpoint privacy.erased privacy.erased_unsent
storage.low storage.degraded config.applied config.rejected command.done command.rejected backup.made ledger.restored
fault.attended fault.escalated device.installed inspection.done drill.started drill.ended cabinet.decommissioned
code.delegated code.delegation_revoked deposit.refused
"""
PERSONAL = {"phone", "name", "waybill", "pin", "badge", "pickup_code", "token", "address"}
AT = Instant(datetime(2026, 3, 1, 8, 0, tzinfo=UTC), 12.5, ClockQuality.SYNCED, "boot")


def any_of(hint: object) -> st.SearchStrategy:
    """Values of a field's type, for the few kinds of types that events use."""
    args = typing.get_args(hint)
    if isinstance(hint, types.UnionType):
        return st.one_of([st.none() if a is type(None) else any_of(a) for a in args])
    if typing.get_origin(hint) is tuple:
        return (
            st.lists(any_of(args[0]), max_size=3).map(tuple)
            if args[-1] is Ellipsis
            else st.tuples(*map(any_of, args))
        )
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return any_struct(hint)
    return {str: st.text(max_size=8), int: st.integers(-(2**53), 2**53), bool: st.booleans()}[hint]


def any_struct(kind: type[msgspec.Struct]) -> st.SearchStrategy:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: any_of(hints[name]) for name in kind.__struct_fields__})


ANY_EVENT = st.sampled_from(list(EVENT_TYPES.values())).flatmap(any_struct)


def test_every_event_of_the_contract_has_its_type_and_its_rule():
    """As many names as types and rules: an event without a rule could not be folded."""
    assert sorted(EVENT_TYPES) == sorted(CONTRACT.split())
    assert set(RULES) == set(EVENT_TYPES.values())


@given(ANY_EVENT)
def test_an_event_comes_back_from_its_row_as_it_was(event):
    """Through JSON, with and without the prefix of the outside world."""
    kind = type(event)
    data = msgspec.json.decode(msgspec.json.encode(encode(event)))

    assert decode(kind.TYPE, kind.VERSION, data) == event
    assert decode(PREFIX + kind.TYPE, kind.VERSION, data) == event


@pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=lambda kind: kind.TYPE)
def test_no_event_has_a_place_for_personal_data(kind):
    """Ids, door numbers and keyed hashes only; whatever is personal goes to the vault."""
    assert not PERSONAL.intersection(kind.__struct_fields__)


def test_a_row_of_a_newer_program_is_not_misread():
    with pytest.raises(UnknownEventError):
        decode("door.opened", 2, {"intent": "i", "compartment": "1"})
    with pytest.raises(UnknownEventError):
        decode("door.teleported", 1, {})
    with pytest.raises(msgspec.ValidationError):
        decode("door.opened", 1, {"intent": 5})


@pytest.mark.parametrize(
    "event",
    [
        e.DoorOpened("nothing", "1"),
        e.DoorForced("99"),
        e.CodeSpent("nobody", "i"),
        e.ParcelOverdue("nobody", "1"),
        e.FaultAcknowledged("f", "T1"),
        e.ParcelDeposited("nobody", "p", "1", "c", "k", "h", "t", 0),
    ],
)
def test_an_event_that_does_not_fit_the_tables_is_an_error(event):
    """A damaged journal is found out, not folded into nonsense."""
    state = Locker().state
    with pytest.raises(FoldError):
        changes_of(state, event, AT)


@given(ANY_EVENT)
def test_any_event_on_any_state_either_folds_to_rows_or_is_an_error(event):
    """Rows are of their table's type, keyed as the table is, and reading them back gives the same."""
    try:
        changes = changes_of(Locker().state, event, AT)
    except FoldError:
        return
    for change in changes:
        assert change.table in FOLDED
        if change.row is not None:
            kind = FOLDED[change.table]
            assert msgspec.json.decode(msgspec.json.encode(change.row), type=kind) == change.row


def test_folding_changes_nothing_before_it_is_applied():
    """The rows are there to be written; the state changes when the commit has succeeded."""
    locker = Locker()
    before = locker.state.folded()

    (changes,) = consequences(locker.state, Decision((e.DoorForced("1"),)), AT)

    assert locker.state.folded() == before
    locker.state.apply(changes)
    assert locker.state.folded() != before


def test_a_checkpoint_and_the_rest_give_what_the_whole_journal_gives():
    """Purging keeps the folded state; folding goes on from there."""
    locker = Locker()
    opening, code = locker.deposit()
    middle = len(locker.book.rows)
    locker.claim(code.code_hash)
    locker.collect(opening)
    rows = locker.book.journal()
    checkpoint = LockerState()
    for table, kept in fold(rows[:middle]).folded().items():
        checkpoint.apply(Change(table, key, msgspec.convert(row, FOLDED[table])) for key, row in kept.items())

    assert fold(rows[middle:], checkpoint).folded() == fold(rows).folded() == locker.state.folded()


def test_every_table_has_its_field_and_its_kind():
    state = LockerState()
    for name in TABLES:
        assert len(state.table(name)) == 0
    assert not set(FOLDED) & set(GIVEN)


KEYS = st.sampled_from("abcdef")
STEPS = st.lists(st.tuples(st.sampled_from(("set", "pop")), KEYS, st.integers()), max_size=30)


@given(st.dictionaries(KEYS, st.integers()), STEPS)
def test_looking_ahead_is_a_dictionary_that_leaves_the_one_below_alone(below, steps):
    """Whatever is set or removed in the layer is seen there, and nowhere else."""
    kept, plain = dict(below), dict(below)
    layer = Layer(below)
    for what, key, value in steps:
        if what == "set":
            layer[key] = plain[key] = value
        else:
            assert layer.pop(key, None) == plain.pop(key, None)

    assert dict(layer) == plain
    assert len(layer) == len(plain)
    assert below == kept


@given(
    st.timedeltas(timedelta(days=-18_000), timedelta(days=25_000)),
    st.floats(0, 1e8),
    st.sampled_from(ClockQuality),
)
def test_a_stamp_survives_writing_and_reading(off, monotonic_s, quality):
    """Whole milliseconds: live and replayed folds see the same moment."""
    stamp = stamp_of(Instant(AT.wall + off, monotonic_s, quality, "boot"))

    assert stamp_of(instant_of(stamp)) == stamp


def test_durations_are_only_measured_within_one_boot():
    """Another boot's clock says nothing about how long ago that was."""
    since = stamp_of(AT)
    later = Instant(AT.wall - timedelta(days=400), 20.0, ClockQuality.UNSET, "boot")

    assert elapsed_ms(since, later) == 7500
    assert elapsed_ms(since, Instant(AT.wall, 20.0, AT.quality, "next boot")) is None
