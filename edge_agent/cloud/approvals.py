"""Second approvals: a bulk opens nothing unless two different persons of the `staff` document have signed for it.

Each signs, with a key of their own, this command's id and the digest of its arguments. A back office whose signing key
was stolen has neither key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from edge_agent.cloud import jws
from edge_agent.cloud.claims import ApprovalClaims, CommandClaims, decoded
from edge_agent.domain.instant import Instant
from edge_agent.domain.staff_member import Staff
from edge_agent.store import jose

NEEDED = 2  # persons
ROLE = "approver"


def approvers(claims: CommandClaims, locker: str, staff: Iterable[Staff], at: Instant) -> tuple[str, ...]:
    """Ids of the different persons who have signed for this very command; what does not fit counts nothing."""
    keys = {}
    for person in staff:
        if may_approve(person, at):
            try:
                keys[person.id] = jose.verification_key(person.approval_key)
            except ValueError:
                continue
    digest = hashlib.sha256(bytes(claims.args)).hexdigest()
    found = {_signer(text, keys, (locker, claims.jti, digest)) for text in claims.approvals}
    return tuple(sorted(found - {""}))


def may_approve(person: Staff, at: Instant) -> bool:
    """On the staff, with the role and a key."""
    return ROLE in person.roles and bool(person.approval_key) and person.counts(at)


def _signer(text: str, keys: jws.Keys, wanted: tuple[str, str, str]) -> str:
    try:
        signed = jws.verified(text.encode(), keys)
        approval = decoded(signed.content, ApprovalClaims)
    except (jws.NotSigned, ValueError):
        return ""
    return signed.signer if (approval.aud, approval.approves, approval.digest) == wanted else ""
