"""The vault: personal data under a key per stay, so that throwing the key away erases it everywhere.

Three tables beside the journal, written in the same transaction:

    vault_key    the stay's key, wrapped by the device key; when the stay ended
    vault_item   one encrypted field (phone, name, waybill ...)
    vault_hash   blinded look-up hash → real one, so that folding the journal finds the hashes of live stays
    vault_sealed the once-made JWE to the cloud's key, by the journal position of the event that carries it

The journal itself holds no personal data and no look-up hash: a phone's keyed hash could be searched for by whoever
holds the pepper, so rows carry an HMAC of it under the stay's key (`blind`), which means nothing once the key is gone.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

import apsw
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge_agent.domain.decision import VaultWrite
from edge_agent.randomness import Randomness
from edge_agent.store import jose
from edge_agent.store.canonical import canonical_json
from edge_agent.store.cloudevents import COMMITMENT
from edge_agent.store.errors import VaultClosed
from edge_agent.store.journal import Stored
from edge_agent.store.sql import one, rows

KEY_BYTES = 32
NONCE_BYTES = 12
BLIND = "blind:"  # prefix of a blinded hash, in rows and in tables
# Fields of events and of folded rows that look people or credentials up.
HASH_FIELDS = ("code_hash", "token_hash", "phone_hash", "waybill_hash")
# What only the cloud needs, for the notice: with a cloud key it is kept in the JWE alone.
SEND_ONLY = frozenset({"code", "token"})
# Stay keys unwrapped and kept at hand: twice the doors of a large locker.
CACHED_MAX = 1_024
COMMITMENT_MARK = f'"{COMMITMENT}":"'.encode()  # cheap test before a row's data is parsed


class Prepared(msgspec.Struct):
    """What a unit of work puts into the vault tables, ready to be inserted."""

    keys: list[tuple[str, bytes]] = []  # stay, wrapped key
    items: list[tuple[str, str, bytes]] = []  # stay, field, cipher
    hashes: list[tuple[str, str, str]] = []  # blind, stay, real
    sealed: list[tuple[int, str, str]] = []  # index of the event in the unit, stay, JWE


class Vault:
    """Used on the store's executor only. `cloud_key` is the cloud's public X25519 JWK, None where there is none."""

    def __init__(
        self, device_key: bytes, chance: Randomness, cloud_key: Mapping[str, str] | None = None
    ) -> None:
        self._wrap = AESGCM(device_key)
        self._chance = chance
        self._cloud_key = cloud_key
        self._cached: dict[str, bytes] = {}

    # ---- writing -----------------------------------------------------------------------------------------------

    def prepare(
        self, connection: apsw.Connection, events: list[dict[str, Any]], writes: Iterable[VaultWrite]
    ) -> Prepared:
        """Blind the hashes in `events` (data as plain values, changed in place) and encrypt `writes`.

        The first event that names the stay of a write carries the commitment to it, and later the JWE.
        """
        prepared = Prepared()
        for event in events:
            self._blind_event(connection, event, prepared)
            self._split(connection, event, prepared)
        by_stay: dict[str, dict[str, str]] = {}
        for write in writes:
            by_stay.setdefault(write.stay, {})[write.field] = write.value
        for stay, fields in by_stay.items():
            self._seal(connection, stay, fields, events, prepared)
        return prepared

    def _blind_event(self, connection: apsw.Connection, event: dict[str, Any], prepared: Prepared) -> None:
        stay = event.get("stay")
        if not stay:
            return
        for field in HASH_FIELDS:
            real = event.get(field)
            if real and not real.startswith(BLIND):
                event[field] = blinded = blind(self.key(connection, stay, prepared), field, real)
                prepared.hashes.append((blinded, stay, real))

    def _split(self, connection: apsw.Connection, event: dict[str, Any], prepared: Prepared) -> None:
        """Parcels that were refused become a stay of their own: it gets its own key, and what belongs to it."""
        old, new = event.get("stay", ""), event.get("split_stay", "")
        if not new:
            return
        key = self.key(connection, new, prepared)
        found = rows(connection, "SELECT blind, real FROM vault_hash WHERE stay = ?", (old,))
        prepared.hashes += [(blinded, new, real) for blinded, real in found]
        for field, value in self.read(connection, old).items():
            prepared.items.append((new, field, _encrypt(key, self._chance, f"{new}|{field}", value.encode())))

    def _seal(
        self,
        connection: apsw.Connection,
        stay: str,
        fields: dict[str, str],
        events: list[dict[str, Any]],
        prepared: Prepared,
    ) -> None:
        key = self.key(connection, stay, prepared)
        carrier = next(
            (n for n, event in enumerate(events) if stay in (event.get("stay"), event.get("split_stay"))),
            None,
        )
        for field, value in fields.items():
            if self._cloud_key is None or carrier is None or field not in SEND_ONLY:
                prepared.items.append(
                    (stay, field, _encrypt(key, self._chance, f"{stay}|{field}", value.encode()))
                )
        if carrier is None:
            return
        plain = canonical_json({"fields": fields, "stay": stay})
        events[carrier][COMMITMENT] = hmac.digest(key, b"personal\0" + plain, hashlib.sha256).hex()
        if self._cloud_key is not None:
            prepared.sealed.append((carrier, stay, jose.seal(plain, self._cloud_key)))

    def key(self, connection: apsw.Connection, stay: str, prepared: Prepared) -> bytes:
        """The stay's key; drawn and put into `prepared` where there is none yet."""
        if (cached := self._cached.get(stay)) is not None:
            return cached
        key = self.open_key(connection, stay)
        if key is None:
            key = self._chance.token_bytes(KEY_BYTES)
            prepared.keys.append((stay, self._wrapped(stay, key)))
        if len(self._cached) >= CACHED_MAX:
            self._cached.clear()
        self._cached[stay] = key
        return key

    def _wrapped(self, stay: str, key: bytes) -> bytes:
        nonce = self._chance.token_bytes(NONCE_BYTES)
        return nonce + self._wrap.encrypt(nonce, key, f"stay:{stay}".encode())

    def forget(self, stays: Iterable[str] | None = None) -> None:
        """Drop keys at hand: of these stays after an erasure, of all after a transaction that failed."""
        for stay in list(self._cached) if stays is None else list(stays):
            self._cached.pop(stay, None)

    # ---- reading -----------------------------------------------------------------------------------------------

    def open_key(self, connection: apsw.Connection, stay: str) -> bytes | None:
        """None where the stay has no key (any more). Raises VaultClosed where the device key does not fit."""
        found = one(connection, "SELECT wrapped FROM vault_key WHERE stay = ?", (stay,))
        if found is None:
            return None
        wrapped = bytes(found[0])
        try:
            return self._wrap.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], f"stay:{stay}".encode())
        except InvalidTag as error:
            raise VaultClosed(f"stay {stay}", "its key does not open with this device key") from error

    def read(self, connection: apsw.Connection, stay: str) -> dict[str, str]:
        """The plain fields of one stay; empty where it is erased. For sealing and for a person with a reason."""
        key = self.open_key(connection, stay)
        if key is None:
            return {}
        ciphers = rows(
            connection, "SELECT field, cipher FROM vault_item WHERE stay = ? ORDER BY field", (stay,)
        )
        return {field: _decrypt(key, f"{stay}|{field}", bytes(cipher)).decode() for field, cipher in ciphers}

    def read_masked(self, connection: apsw.Connection, stay: str) -> dict[str, str]:
        """What screens and lists may show: the last four characters of a phone or waybill, nothing of a name."""
        return {field: masked(field, value) for field, value in self.read(connection, stay).items()}


def insert(connection: apsw.Connection, prepared: Prepared, first_position: int) -> None:
    """Write what was prepared, inside the caller's transaction. `first_position` is that of the unit's first event."""
    for key in prepared.keys:
        connection.execute("INSERT INTO vault_key(stay, wrapped) VALUES (?,?)", key)
    for item in prepared.items:
        connection.execute("INSERT OR REPLACE INTO vault_item(stay, field, cipher) VALUES (?,?,?)", item)
    for blinded in prepared.hashes:
        connection.execute("INSERT OR REPLACE INTO vault_hash(blind, stay, real) VALUES (?,?,?)", blinded)
    for index, stay, jwe in prepared.sealed:
        connection.execute(
            "INSERT INTO vault_sealed(position, stay, jwe) VALUES (?,?,?)",
            (first_position + index, stay, jwe),
        )


def sealed_state(connection: apsw.Connection, stored: Stored) -> tuple[str | None, bool]:
    """The JWE that goes up with this row, or None; and whether the stay's key is gone for good."""
    if COMMITMENT_MARK not in stored.row.data:
        return None, False
    found = one(connection, "SELECT jwe FROM vault_sealed WHERE position = ?", (stored.position,))
    if found is not None:
        return found[0], False
    stay = msgspec.json.decode(stored.row.data).get("stay", "")
    return None, one(connection, "SELECT 1 FROM vault_key WHERE stay = ?", (stay,)) is None


def blind(key: bytes, field: str, real: str) -> str:
    """The look-up hash as the journal carries it."""
    return BLIND + hmac.digest(key, f"{field}\0{real}".encode(), hashlib.sha256).hex()


def real_hashes(connection: apsw.Connection) -> dict[str, str]:
    """Blinded → real, for folding the journal of stays that are not erased."""
    return dict(rows(connection, "SELECT blind, real FROM vault_hash"))


def blinded_hashes(connection: apsw.Connection) -> dict[tuple[str, str], str]:
    """(Stay, real) → blinded, for a snapshot or a backup that may outlive the vault."""
    return {
        (stay, real): blinded
        for stay, blinded, real in rows(connection, "SELECT stay, blind, real FROM vault_hash")
    }


def unblind(row: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A row or an event's data with its hash fields looked up in `real_hashes`; an erased one stays as it is."""
    return row | {field: names.get(row[field], row[field]) for field in HASH_FIELDS if row.get(field)}


def masked(field: str, value: str) -> str:
    """`••••5678` for phones and waybills; a name or anything else shows nothing."""
    shown = value[-4:] if field.partition(":")[0] in ("phone", "waybill") and len(value) >= 8 else ""
    return "••••" + shown


def _encrypt(key: bytes, chance: Randomness, about: str, plain: bytes) -> bytes:
    nonce = chance.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, about.encode())


def _decrypt(key: bytes, about: str, cipher: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(cipher[:NONCE_BYTES], cipher[NONCE_BYTES:], about.encode())
    except InvalidTag as error:
        raise VaultClosed(about, "was changed, or another key sealed it") from error
