"""The locker's identity for a person: what was done, what is left to do, how long it holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from edge_agent.cli.terminal import say
from edge_agent.control import cloud_types as c
from edge_agent.control import identity_types as t


def provision(result: t.ProvisionResult) -> None:
    match result.outcome:
        case "requested":
            print(f"{result.file}: the certificate request of {result.locker}")
            say("Next: carry it to the back office, then lockerctl provision --bundle FILE with its answer")
        case "installed":
            print(f"{result.file}: {result.locker} is provisioned until {result.valid_until}")
        case "waiting":
            print(f"{result.file}: valid until {result.valid_until}; the bridge tries it within a minute")
            say(
                "The present certificate stays until the broker has greeted the new one: lockerctl identity show"
            )
    if result.configure:
        print("locker.toml lacks:")
        for line in result.configure:
            print(f"  {line}")


def identity_show(result: t.IdentityShowResult) -> None:
    if result.present is None and result.waiting is None:
        print("no certificate: run lockerctl provision")
    for word, pair in (("present", result.present), ("waiting", result.waiting)):
        if pair is not None:
            print(f"{word}: {pair.cert_file}: {pair.problem or _holds(pair)}")


def _holds(pair: t.IdentityPair) -> str:
    return f"until {pair.valid_until} ({pair.days:.0f} days), serial {pair.serial}, by {pair.issuer}"


def identity_forget(result: t.IdentityForgetResult) -> None:
    print(
        "revoked by the back office"
        if result.told
        else "the back office was not told: have it revoke the locker"
    )
    for file in result.gone:
        print(f"gone: {file}")


def cloud_show(result: c.CloudShowResult) -> None:
    online = "the bridge has a session" if result.connected else "the bridge has no session"
    print(
        f"{online}; {result.waiting} events are not acknowledged; pre-advice up to step {result.expected_n}"
    )
    for one in result.documents:
        refused = f"; {one.refused or 'one'} refused: {one.reason}" if one.reason else ""
        print(f"{one.name}: version {one.version}{refused}")
        if one.body is not None:
            print(f"  {json.dumps(one.body, ensure_ascii=False)}")


SHOW: dict[str, Callable[[Any], None]] = {
    "provision": provision,
    "identity.show": identity_show,
    "identity.forget": identity_forget,
    "cloud.show": cloud_show,
}
