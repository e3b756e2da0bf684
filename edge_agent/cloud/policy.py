"""The policy in force: what the configuration says, changed by the `policy` document where it may.

What guards the locker (lockout, tries a day, quota of remote access) a document may only tighten: whoever steals a
back office's key must not be able to switch the guards off first.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from edge_agent.cloud.claims import Strict
from edge_agent.config import Config
from edge_agent.domain.limits import Limits
from edge_agent.domain.policy import Policy

Limit = Annotated[int, msgspec.Meta(ge=0, le=500)]


class RemoteIn(Strict, frozen=True, kw_only=True):
    per_minute: Limit | None = None
    per_hour: Limit | None = None
    per_day: Limit | None = None
    doors_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None


class PolicyIn(Strict, frozen=True, kw_only=True):
    """What a document may say; what it leaves out is as configured."""

    retention_h: Annotated[int, msgspec.Meta(ge=1, le=720)] | None = None
    reminders_h: tuple[Annotated[int, msgspec.Meta(ge=1, le=720)], ...] | None = None
    overdue_may_be_picked_up: bool | None = None
    reopen_grace_s: Annotated[int, msgspec.Meta(ge=0, le=900)] | None = None
    couriers_may_verify: bool | None = None
    consent_required: bool | None = None
    code_tries_per_day: Annotated[int, msgspec.Meta(ge=10, le=1000)] | None = None
    remote: RemoteIn = RemoteIn()


def configured(config: Config) -> Policy:
    """Without any document."""
    policy, security = config.policy, config.security
    return Policy(
        retention_h=policy.retention_h,
        reminders_h=policy.reminders_h,
        overdue_may_be_picked_up=policy.overdue_may_be_picked_up,
        reopen_grace_s=policy.reopen_grace_s,
        open_attempts=policy.open_attempts,
        couriers_may_verify=policy.couriers_may_verify,
        consent_required=policy.consent_required,
        lockout_steps=security.lockout_steps,
        code_tries_per_day=security.code_tries_per_day,
        remote=Limits(
            security.remote_per_minute,
            security.remote_per_hour,
            security.remote_per_day,
            security.remote_doors_percent,
        ),
        code_shape=security.code,
    )


def policy_of(config: Config, document: PolicyIn) -> Policy:
    """The configured policy with what the document says."""
    base = configured(config)
    given = {name: value for name, value in msgspec.structs.asdict(document).items() if value is not None}
    remote = {k: v for k, v in msgspec.structs.asdict(document.remote).items() if v is not None}
    given["remote"] = base.remote.tightened(msgspec.structs.replace(base.remote, **remote))
    if "code_tries_per_day" in given:
        given["code_tries_per_day"] = min(base.code_tries_per_day, given["code_tries_per_day"])
    return msgspec.structs.replace(base, **given)
