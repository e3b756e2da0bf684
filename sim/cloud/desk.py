"""The back office's desk: everything that a person or a program there can do, and everything that it knows.

    desk = Desk(url, record, lists, signer, key, print)
    desk.start();  desk.order("HK-0001", "unlock", {...});  desk.view("HK-0001");  desk.stop()

Lockers' words arrive in the office's worker thread, orders come from anybody's; one lock stands between them.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.cloud.lists import Lists
from sim.cloud.office import Heard, Office
from sim.cloud.picture import Picture, Stay
from sim.cloud.record import Record, Taken
from sim.cloud.signing import VALID_S, Signer, sealed
from sim.cloud.voice import Voice
from sim.demo_cloud import CloudKey

SEALED_DOCUMENTS = ("couriers", "staff")
DOCUMENTS = ("carriers", *SEALED_DOCUMENTS, "policy", "notices", "update")
PERSONAL_ARGS = {"phone", "waybill"}  # a command with one of these goes sealed
REPAIR_S = 60.0  # between two repeats of what a locker says that it lacks
ORDERS_KEPT = 200  # the newest; an answer to an older one finds its row by itself
PHONE_SHOWN = 4  # last digits on the page


@dataclass
class Order:
    """One order of a person: `id` is what they know it by, whatever it was signed as. `refused`: once, for its session;
    `waiting`: for the session under which it is signed again."""

    id: str
    locker: str
    cmd: str
    args: dict[str, Any]
    until_s: float
    session: str = ""
    refused: bool = False
    waiting: bool = False


class Desk:
    """Builds its own line to the broker. `say` hears a line for every piece of news."""

    def __init__(
        self,
        url: str,
        record: Record,
        lists: Lists,
        signer: Signer,
        key: CloudKey,
        say: Callable[[str], None],
        tls: ssl.SSLContext | None = None,
        repair_s: float = REPAIR_S,
    ) -> None:
        self._record, self.lists, self._signer = record, lists, signer
        self.voice = Voice(key, say)
        self._lock = threading.RLock()
        self._pictures: dict[str, Picture] = {}
        self._states: dict[str, dict[str, Any]] = {}
        self._counts: dict[str, dict[str, int]] = {}
        self._orders: dict[str, Order] = {}  # as it was signed → the order
        self._repair_s = repair_s
        self._repaired_s: dict[tuple[str, str], float] = {}
        self.on_change: Callable[[], None] = lambda: None
        self.office = Office(url, record, tls=tls, on_taken=self._taken, on_word=self._word)
        for source in record.sources():
            locker = source.rpartition("/")[2]
            for event in record.events(source):
                self._fold(locker, event)

    def start(self) -> None:
        self.office.start()

    def stop(self) -> None:
        self.office.stop()

    # ---- orders: any thread; ValueError says why not ----------------------------------------------------------------

    def order(self, locker: str, cmd: str, args: Mapping[str, Any]) -> str:
        """Sign a command for the locker's present session, send it, and answer its id."""
        presence = self.office.presence.get(locker, {})
        if not presence.get("online") or not presence.get("session"):
            raise ValueError(f"locker {locker} is not online: an order now would be refused when it is back")
        order = Order(uuid.uuid4().hex, locker, cmd, dict(args), time.monotonic() + VALID_S)
        self.lists.sent(order.id, locker, cmd, args)
        self._send_order(order, order.id, str(presence["session"]))
        self.on_change()
        return order.id

    def _send_order(self, order: Order, command: str, session: str) -> None:
        payload = self._signer.command(order.locker, session, order.cmd, order.args, jti=command)
        if PERSONAL_ARGS & order.args.keys():
            payload = sealed(payload, self.lists.opening(order.locker))
        order.session = session
        with self._lock:
            self._orders[command] = order
            while len(self._orders) > ORDERS_KEPT:
                self._orders.pop(next(iter(self._orders)))
        self.office.send(order.locker, "dn/commands", payload, expiry_s=VALID_S)

    def publish(self, locker: str, name: str, body: Any) -> int:
        """A desired document, kept by the broker; answers its version."""
        if name not in DOCUMENTS:
            raise ValueError(f"{name!r} is no document; there are: {', '.join(DOCUMENTS)}")
        if name in SEALED_DOCUMENTS:
            self.lists.opening(locker)
        standing = self._states.get(locker, {}).get("documents", {}).get(name, {})
        above = max(int(standing.get("version", 0)), int(standing.get("refused", 0)))
        version = self.lists.keep_document(locker, name, body, above)
        self._send_document(locker, name, version, body)
        self.on_change()
        return version

    def _send_document(self, locker: str, name: str, version: int, body: Any) -> None:
        payload = self._signer.document(locker, name, version, body)
        if name in SEALED_DOCUMENTS:
            payload = sealed(payload, self.lists.opening(locker))
        self.office.send(locker, f"dn/desired/{name}", payload, retain=True)

    def expect(self, locker: str, put: Sequence[Mapping[str, Any]], drop: Sequence[str] = ()) -> int:
        """Pre-advise parcels, or take pre-advice back; answers the step's number."""
        opening = self.lists.opening(locker)
        n = self.lists.expect(locker, put, drop, self._applied_step(locker))
        payload = self._signer.step(locker, n, put=list(put), drop=list(drop))
        self.office.send(locker, "dn/expected", sealed(payload, opening))
        self.on_change()
        return n

    def reconcile(self, locker: str) -> int:
        """After a restore: all pre-advice anew, and which stays live. Answers the step's number."""
        with self._lock:
            live = self._pictures.setdefault(locker, Picture()).live()
        return self._whole_step(locker, reconcile=live)

    def _whole_step(self, locker: str, **more: Any) -> int:
        opening = self.lists.opening(locker)
        n = self.lists.expect(locker, (), (), self._applied_step(locker))
        step = self._signer.step(locker, n, reset=True, put=self.lists.expected(locker), **more)
        self.office.send(locker, "dn/expected", sealed(step, opening))
        return n

    def _applied_step(self, locker: str) -> int:
        return int(self._states.get(locker, {}).get("expected_n", 0))

    # ---- what lockers say: the office's thread ----------------------------------------------------------------------

    def _taken(self, locker: str, taken: Taken) -> None:
        with self._lock:
            counts = self._counts.setdefault(locker, {"doubles": 0, "gaps": 0})
            counts["doubles"] += taken.doubles
            counts["gaps"] += taken.gap
            for event in taken.fresh:
                self._fold(locker, event)
        self.voice.taken(locker, taken)
        if any(event["type"] == "locker.ledger.restored" for event in taken.fresh):
            self._guarded(lambda: self.reconcile(locker))
        self.on_change()

    def _fold(self, locker: str, event: Mapping[str, Any]) -> None:
        picture = self._pictures.setdefault(locker, Picture())
        picture.take(event)
        if event["type"] == "locker.parcel.deposited":
            self._arrived(locker, picture.stays[event["data"]["stay"]], self.voice.opened(event))

    def _arrived(self, locker: str, stay: Stay, told: Mapping[str, str]) -> None:
        phone = told.get("phone", "")
        for waybill in (value for name, value in told.items() if name.startswith("waybill")):
            stay.waybill = waybill
            phone = phone or self.lists.arrived(locker, waybill).get("phone", "")
        if phone:
            stay.phone, self.voice.phones[stay.id] = phone[-PHONE_SHOWN:], phone

    def _word(self, heard: Heard) -> None:
        if heard.about == "st/state":
            said = json.loads(heard.payload)
            self._states[heard.locker] = said
            if not heard.retained:
                self._guarded(lambda: self._repair(heard.locker, said))
        elif heard.about.startswith("up/replies/"):
            self._reply(heard.locker, json.loads(heard.payload))
        elif heard.about == "st/presence":
            self._guarded(lambda: self._sign_again(heard.locker))
        self.voice.word(heard)
        self.on_change()

    def _reply(self, locker: str, reply: dict[str, Any]) -> None:
        with self._lock:
            order = self._orders.get(str(reply["id"]))
        if order is not None:
            reply = {**reply, "id": order.id}
            if (reply["status"], reply.get("code")) == ("rejected", "session") and not order.refused:
                order.refused = order.waiting = True
                reply["status"] = "waiting"
        self.lists.answered(reply)
        self._guarded(lambda: self._sign_again(locker))
        doors = reply.get("result", {}).get("doors")
        if isinstance(doors, dict) and set(doors.values()) <= {"open", "closed", "unknown"}:
            with self._lock:
                for number, position in doors.items():
                    self._pictures.setdefault(locker, Picture()).door(number).door = position

    def _sign_again(self, locker: str) -> None:
        """Orders that came under a session which was over, once, under the new one; nothing was done for them."""
        session = str(self.office.presence.get(locker, {}).get("session", ""))
        with self._lock:
            waiting = [one for one in self._orders.values() if one.waiting and one.locker == locker]
        for order in waiting:
            if session not in ("", order.session) and time.monotonic() < order.until_s:
                order.waiting = False
                self._send_order(order, uuid.uuid4().hex, session)

    def _repair(self, locker: str, state: Mapping[str, Any]) -> None:
        """Send again what the locker does not have: a broker without a disk forgets what it kept."""
        for name, (version, body) in self.lists.documents(locker).items():
            standing = state.get("documents", {}).get(name, {})
            known = max(int(standing.get("version", 0)), int(standing.get("refused", 0)))
            if known < version and self._due(locker, name):
                self._send_document(locker, name, version, body)
        if int(state.get("expected_n", 0)) < self.lists.step(locker) and self._due(locker, "expected"):
            self._whole_step(locker)

    def _due(self, locker: str, what: str) -> bool:
        """At most once in so long, and not at the first sight: the locker may be about to say that it has it."""
        now_s = time.monotonic()
        before_s = self._repaired_s.setdefault((locker, what), now_s)
        if before_s == now_s or now_s - before_s < self._repair_s:
            return False
        self._repaired_s[(locker, what)] = now_s
        return True

    def _guarded(self, deed: Callable[[], object]) -> None:
        """A locker that cannot be sealed to stops nobody."""
        try:
            deed()
        except ValueError as error:
            self.voice.note(str(error))

    # ---- what a page shows ------------------------------------------------------------------------------------------

    def lockers(self) -> list[dict[str, Any]]:
        """Everybody who was heard, or enrolled."""
        names = {*self._pictures, *self.office.presence, *self.lists.enrolled()}
        return [
            {"id": name, "online": bool(self.office.presence.get(name, {}).get("online"))}
            for name in sorted(names)
        ]

    def view(self, locker: str) -> dict[str, Any]:
        """All about one locker, as JSON-ready values."""
        with self._lock:
            picture = self._pictures.get(locker, Picture()).as_json()
            counts = dict(self._counts.get(locker, {"doubles": 0, "gaps": 0}))
        documents = {name: version for name, (version, _) in self.lists.documents(locker).items()}
        couriers = self.lists.documents(locker).get("couriers", (0, []))[1]
        return {
            "id": locker,
            "presence": dict(self.office.presence.get(locker, {})),
            "state": self._states.get(locker, {}),
            "picture": picture,
            "counts": counts,
            "documents": documents,
            "couriers": [{"id": one["id"], "carrier": one["carrier"]} for one in couriers],
            "expected": self.lists.expected(locker),
            "commands": self.lists.commands(locker),
            "messages": [one for one in reversed(self.voice.messages) if one["locker"] == locker],
        }
