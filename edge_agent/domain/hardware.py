"""Boards, coils and faults as decisions: what cannot be reached is not offered, and a person hears of it."""

from __future__ import annotations

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.fault import fault_id
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import COIL_STUCK, compartment_named
from edge_agent.domain.refusals import NOT_FOUND, Refusal
from edge_agent.domain.state import LockerState

BOARD_SILENT = "BUS-110"
SAMPLING_GAP = "BUS-117"
SENSOR_CHATTERS = "DOOR-207"
FACT_MAX = 200  # characters of a fault's text: enough for a sentence, whatever a device says


def board_silent(state: LockerState, board: str, doors: tuple[str, ...], fact: str, at: Instant) -> Decision:
    """Retries are over: `doors` are unknown now, retention inside stands still, and a fault is open."""
    known = tuple(number for number in doors if number in state.compartment)
    if not any(state.compartment[number].reachable for number in known):
        return Decision()
    draft = Draft(state, at)
    draft.add(e.BoardSilent(board, known, state.clocks.at(at).service_ms, fact[:FACT_MAX]))
    _open_fault(draft, BOARD_SILENT, board, "major", fact)
    return draft.done()


def board_back(state: LockerState, board: str, doors: tuple[str, ...], at: Instant) -> Decision:
    """The board answers again; its doors' positions are journalled as the watch reads them."""
    known = tuple(number for number in doors if number in state.compartment)
    if all(state.compartment[number].reachable for number in known):
        return Decision()
    draft = Draft(state, at)
    draft.add(e.BoardBack(board, known, state.clocks.at(at).service_ms))
    if fault_id(BOARD_SILENT, board) in state.fault:
        draft.add(e.FaultResolved(fault_id(BOARD_SILENT, board), "agent", "answers again"))
    return draft.done()


def coil_stuck(state: LockerState, number: str, fact: str, at: Instant) -> Decision:
    """A coil that stays on: the compartment is faulty, and no decision opens it before the fault is resolved."""
    compartment_named(state, number)
    draft = Draft(state, at)
    if fault_id(COIL_STUCK, number) not in state.fault:
        draft.add(e.CoilStuck(number, state.clocks.at(at).service_ms, fact[:FACT_MAX]))
        _open_fault(draft, COIL_STUCK, number, "major", fact)
    return draft.done()


def sampling_gap(state: LockerState, board: str, fact: str, at: Instant) -> Decision:
    """A board was not read for a while and is read again: a fault that begins and ends here, for the record."""
    found = fault_id(SAMPLING_GAP, board)
    if found in state.fault:
        return Decision()
    draft = Draft(state, at)
    _open_fault(draft, SAMPLING_GAP, board, "minor", fact)
    draft.add(e.FaultResolved(found, "agent", "read again"))
    return draft.done()


def sensor_chatters(state: LockerState, number: str, at: Instant) -> Decision:
    """One fault however long it flips; the door counts as unknown meanwhile."""
    return open_fault(state, SENSOR_CHATTERS, number, "minor", at, "the sensor flips without a hand")


def sensor_quiet(state: LockerState, number: str, at: Instant) -> Decision:
    """The sensor has been quiet long enough to be believed again."""
    found = fault_id(SENSOR_CHATTERS, number)
    return Decision((e.FaultResolved(found, "agent", "quiet again"),)) if found in state.fault else Decision()


def open_fault(
    state: LockerState, code: str, place: str, severity: str, at: Instant, detail: str = ""
) -> Decision:
    """A fault is opened once; the same trouble at the same place adds nothing while it is open."""
    draft = Draft(state, at)
    _open_fault(draft, code, place, severity, detail)
    return draft.done(fault_id(code, place))


def acknowledge_fault(state: LockerState, fault: str, actor: str, at: Instant) -> Decision:
    """A named person has taken it on: the first answer stops the response clock."""
    if fault not in state.fault:
        raise Refusal(NOT_FOUND, f"fault {fault} is not open")
    if state.fault[fault].acknowledged is not None:
        return Decision()
    return Decision((e.FaultAcknowledged(fault, actor),))


def resolve_fault(state: LockerState, fault: str, actor: str, at: Instant, cause: str = "") -> Decision:
    if fault not in state.fault:
        raise Refusal(NOT_FOUND, f"fault {fault} is not open")
    return Decision((e.FaultResolved(fault, actor, cause),))


def _open_fault(draft: Draft, code: str, place: str, severity: str, detail: str = "") -> None:
    if fault_id(code, place) not in draft.state.fault:
        draft.add(e.FaultOpened(fault_id(code, place), code, place, severity, detail[:FACT_MAX]))
