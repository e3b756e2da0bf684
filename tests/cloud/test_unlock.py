"""A remote unlock: once, by the right person, for this locker, now; and nothing else ever moves a door."""

from __future__ import annotations

from pathlib import Path

import pytest
from jwcrypto import jwk

from edge_agent.control import cloud_types as ct
from edge_agent.domain.instant import ClockQuality
from tests.cloud.office import LOCKER, SIGNER, Site, approval, new_key, play, signed, unlock


def test_an_unlock_tells_pulse_and_door_as_two_facts(tmp_path: Path) -> None:
    """Support opens door 1 for a recipient: accepted, pulse sent, opened; the journal names who and why."""

    async def story(site: Site) -> None:
        answer = await site.order("unlock", unlock())

        assert answer.status == "accepted"
        assert (await site.closed(answer.id)).status == "opened"
        assert await site.replies() == [("pulse_sent", ""), ("opened", "")]
        assert site.pulses() == 1
        [asked] = await site.journal("door.open_requested")
        assert (asked["cause"], asked["actor"], asked["case"]) == ("remote", f"operator:op-3@{SIGNER}", "C-7")
        assert [one["status"] for one in await site.journal("command.done")] == ["opened"]

    play(tmp_path, story)


def test_a_jammed_latch_is_a_pulse_without_a_door(tmp_path: Path) -> None:
    """The board says yes and the door stays shut: nobody is told that it is open."""

    async def story(site: Site) -> None:
        site.locker.sim.world.door("1").jammed = True
        answer = await site.order("unlock", unlock())
        ended = await site.closed(answer.id)

        assert (ended.status, ended.code) == ("failed", "DOOR-201")
        assert await site.replies() == [("pulse_sent", ""), ("failed", "DOOR-201")]

    play(tmp_path, story)


def test_the_same_command_again_gets_the_same_answer(tmp_path: Path) -> None:
    """A broker delivers twice, a proxy thrice: one pulse, one answer, also after the door has opened."""

    async def story(site: Site) -> None:
        payload = signed(site.claims("unlock", unlock()), site.key)
        first = await site.post(payload)
        second = await site.post(payload)
        ended = await site.closed(first.id)
        third = await site.post(payload)

        assert first == second
        assert third == ended
        assert site.pulses() == 1

    play(tmp_path, story)


def test_a_recorded_command_does_nothing_after_a_reboot(tmp_path: Path) -> None:
    """Played back after a power cut it gets the old answer; as a new one under the old session it is refused."""

    async def story(site: Site) -> None:
        payload = signed(site.claims("unlock", unlock("1")), site.key)
        unused = signed(site.claims("unlock", unlock("2"), exp=2_000_000_000, iat=1_999_990_000), site.key)
        held = site.claims("unlock", unlock("3"))
        ended = await site.closed((await site.post(payload)).id)
        await site.locker.cut(dark_s=1.0)
        await site.locker.start()
        await site.connect()

        assert await site.post(payload) == ended
        assert (await site.post(unused)).status == "rejected"
        assert (await site.post(signed(held, site.key))).code == "session"
        assert site.pulses() == 1

    play(tmp_path, story)


def alg_none(site: Site) -> bytes:
    token = signed(site.claims("unlock", unlock()), site.key)
    return b"eyJhbGciOiJub25lIn0." + token.split(b".")[1] + b"."


def keyed_with_the_public_half(site: Site) -> bytes:
    """The classic confusion: the public key used as a shared secret."""
    shared = jwk.JWK(kty="oct", k=site.key.export_public(as_dict=True)["x"])
    return signed(site.claims("unlock", unlock()), shared, {"alg": "HS256"})


def changed_after_signing(site: Site) -> bytes:
    head, _, tail = signed(site.claims("unlock", unlock("1")), site.key).split(b".")
    other = signed(site.claims("unlock", unlock("2")), site.key).split(b".")[1]
    return b".".join((head, other, tail))


FORGED = {
    "unsigned": (alg_none, "signature"),
    "another algorithm": (keyed_with_the_public_half, "signature"),
    "another key": (lambda site: signed(site.claims("unlock", unlock()), new_key()), "signature"),
    "a key that brings itself": (
        lambda site: signed(
            site.claims("unlock", unlock()),
            new_key(),
            {"alg": "EdDSA", "kid": SIGNER, "jwk": new_key().export_public(as_dict=True)},
        ),
        "signature",
    ),
    "changed": (changed_after_signing, "signature"),
    "another's name": (
        lambda site: signed(site.claims("unlock", unlock(), iss="office-2"), site.key),
        "signature",
    ),
    "another locker's": (
        lambda site: signed(site.claims("unlock", unlock(), aud="HK-9999"), site.key),
        "audience",
    ),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_command_moves_nothing_and_is_a_security_event(tmp_path: Path, how: str) -> None:
    """Whoever holds the broker, but not the key, opens no door."""
    make, code = FORGED[how]

    async def story(site: Site) -> None:
        answer = await site.post(make(site))
        await site.locker.until(lambda: False, at_most_s=20)

        assert (answer.status, answer.code) == ("rejected", code)
        assert site.pulses() == 0
        assert [one["code"] for one in await site.journal("command.rejected")] == [code]

    play(tmp_path, story)


UNTIMELY = {
    "held for an hour": ({"iat": -3600, "exp": -3540}, "expired", ""),
    "just over": ({"exp": 0}, "expired", ""),
    "from tomorrow": ({"iat": 86_000, "exp": 86_060}, "rejected", "clock"),
    "good for a week": ({"exp": 604_800}, "rejected", "validity"),
    "over before it began": ({"iat": 50, "exp": 40}, "rejected", "validity"),
}


@pytest.mark.parametrize("how", UNTIMELY)
def test_an_untimely_command_moves_nothing(tmp_path: Path, how: str) -> None:
    """Its dates are part of what was signed."""
    shifts, status, code = UNTIMELY[how]

    async def story(site: Site) -> None:
        now = int(site.locker.clock.wall.timestamp())
        claims = site.claims("unlock", unlock(), **{name: now + shift for name, shift in shifts.items()})
        if how == "just over":
            claims["iat"] = now - 60
        answer = await site.post(signed(claims, site.key))

        assert (answer.status, answer.code) == (status, code)
        assert site.pulses() == 0

    play(tmp_path, story)


def test_a_session_that_is_over_takes_its_commands_along(tmp_path: Path) -> None:
    """The line was down for a moment: what was on its way before is signed anew or not done."""

    async def story(site: Site) -> None:
        payload = signed(site.claims("unlock", unlock()), site.key)
        before = site.session
        await site.connect()

        assert site.session != before
        assert len(bytes.fromhex(site.session)) == 16
        assert (await site.post(payload)).code == "session"
        assert site.pulses() == 0

    play(tmp_path, story)


def test_without_a_trusted_clock_the_session_says_what_is_stale(tmp_path: Path) -> None:
    """The wall clock is a year behind: a fresh command works, one as old as its own span does not."""

    async def story(site: Site) -> None:
        held = signed(site.claims("unlock", unlock("2")), site.key)
        fresh = signed(site.claims("unlock", unlock("1")), site.key)
        site.locker.clock.quality = ClockQuality.FLOOR
        site.locker.clock.jump_wall(-365 * 86_400)
        answer = await site.post(fresh)
        await site.closed(answer.id)
        await site.locker.until(lambda: False, at_most_s=90)
        unset = signed(site.claims("unlock", unlock("3")), site.key)
        site.locker.clock.quality = ClockQuality.UNSET

        stale = await site.ask("commands", ct.CommandsArguments(payload=unset))
        assert (stale.reply.body.status, stale.renew_session) == ("expired", True)
        assert answer.status == "accepted"
        assert (await site.post(held)).status == "expired"
        assert site.pulses() == 1
        await site.connect()
        assert (await site.order("unlock", unlock("4"))).status == "accepted"

    play(tmp_path, story)


def test_a_clock_without_a_sync_mark_still_tells_fresh_from_stale(tmp_path: Path) -> None:
    """It may be right, so dates count: a fresh command works hours into the session, one of an hour ago does not."""

    async def story(site: Site) -> None:
        site.locker.clock.quality = ClockQuality.FLOOR
        held = signed(site.claims("unlock", unlock("2")), site.key)
        await site.locker.until(lambda: False, at_most_s=3600)

        assert (await site.order("unlock", unlock("1"))).status == "accepted"
        assert (await site.post(held)).status == "expired"

    play(tmp_path, story)


def test_a_retained_command_is_refused_for_good(tmp_path: Path) -> None:
    """Somebody left it on the broker; also without the flag the same command stays refused."""

    async def story(site: Site) -> None:
        payload = signed(site.claims("unlock", unlock()), site.key)

        assert (await site.post(payload, retained=True)).code == "retained"
        assert (await site.post(payload)).code == "retained"
        assert site.pulses() == 0

    play(tmp_path, story)


def test_a_cancel_that_comes_first_wins(tmp_path: Path) -> None:
    """Order on the way is nobody's promise: the cancelled unlock never moves a door."""

    async def story(site: Site) -> None:
        claims = site.claims("unlock", unlock())
        cancelled = await site.order("cancel", {"command": claims["jti"]})
        answer = await site.post(signed(claims, site.key))

        assert cancelled.status == "done"
        assert (answer.status, answer.code) == ("rejected", "cancelled")
        assert site.pulses() == 0

    play(tmp_path, story)


def test_a_cancel_that_comes_too_late_says_so(tmp_path: Path) -> None:
    """The frame is out; nobody is told that the door stayed shut."""

    async def story(site: Site) -> None:
        answer = await site.order("unlock", unlock())
        late = await site.order("cancel", {"command": answer.id})

        assert (late.status, late.code) == ("failed", "too-late")
        assert (await site.closed(answer.id)).status == "opened"

    play(tmp_path, story)


def test_a_power_cut_in_the_middle_leaves_a_final_state_and_no_second_pulse(tmp_path: Path) -> None:
    """The agent dies between the intent and the door: the command is closed as unknown by the next start."""

    async def story(site: Site) -> None:
        payload = signed(site.claims("unlock", unlock()), site.key)
        answer = await site.post(payload)
        await site.locker.cut(dark_s=5.0)
        pulses = site.pulses()
        await site.locker.start()
        await site.connect()
        ended = await site.closed(answer.id)

        assert (ended.status, ended.code) == ("unknown", "restart")
        assert await site.post(payload) == ended
        assert ("unknown", "restart") in await site.replies()
        assert site.pulses() == pulses <= 1

    play(tmp_path, story)


def test_a_flood_of_sound_unlocks_ends_at_the_quota(tmp_path: Path) -> None:
    """A stolen signing key and a thousand doors a minute: three open, and a person is called."""

    async def story(site: Site) -> None:
        answers = [await site.order("unlock", unlock(str(door % 60 + 1))) for door in range(200)]
        codes = [answer.code for answer in answers]
        await site.locker.until(lambda: not site.locker.ledger.state.command, at_most_s=60)

        assert codes.count("") == 3
        assert "quota" in codes
        assert "busy" in codes
        assert site.pulses() == 3
        assert [one["code"] for one in await site.journal("fault.opened")] == ["CLOUD-530"]

    play(tmp_path, story)


def test_a_flood_of_forged_commands_leaves_few_rows(tmp_path: Path) -> None:
    """Five hundred of them an hour: the journal keeps thirty, the figures count them all, a sound one still works."""

    async def story(site: Site) -> None:
        forged = signed(site.claims("unlock", unlock()), new_key())
        for _ in range(500):
            await site.post(forged)
        answer = await site.order("ping")

        assert len(await site.journal("command.rejected")) == 30
        assert answer.status == "done"
        figures = (await site.ask("telemetry", None)).figures
        assert figures["commands_refused"] == 500
        assert site.pulses() == 0

    play(tmp_path, story)


def bulk_claims(site: Site, *keys: jwk.JWK) -> dict[str, object]:
    args = {"compartments": ["1", "2", "3", "4"], "reason": "flood", "case": "C-8", "operator": "op-1"}
    claims = site.claims("unlock", args)
    claims["approvals"] = [approval(claims, key) for key in keys]
    return claims


def test_a_bulk_needs_two_persons_of_the_staff(tmp_path: Path) -> None:
    """One person twice, a stranger, a revoked or bygone one is not two persons; two are, beyond the minute's quota."""

    async def story(site: Site) -> None:
        anna, ben, chris, dora, stranger = new_key(), new_key(), new_key(), new_key(), new_key()
        yesterday = {"valid_until_ms": int(site.locker.clock.wall.timestamp() - 86_400) * 1000}
        left = {"revoked": True}
        named = (("anna", anna, {}), ("ben", ben, {}), ("chris", chris, left), ("dora", dora, yesterday))
        people = [
            {"id": name, "roles": ["approver"], "approval_key": key.export_public(as_dict=True)["x"], **more}
            for name, key, more in named
        ]
        assert (await site.document("staff", 1, people)).outcome == "applied"

        for keys in ((), (anna,), (anna, anna), (anna, stranger), (anna, chris), (anna, dora)):
            refused = await site.post(signed(bulk_claims(site, *keys), site.key))
            assert (refused.status, refused.code) == ("rejected", "approvals")
        assert site.pulses() == 0
        claims = bulk_claims(site, anna, ben)
        answer = await site.post(signed(claims, site.key))
        ended = await site.closed(answer.id)

        assert answer.result == {"approved_by": ["anna", "ben"]}
        assert ended.status == "done"
        assert ended.result == {"doors": dict.fromkeys("1234", "opened")}
        assert site.pulses() == 4

    play(tmp_path, story)


def test_an_approval_is_for_one_command_and_these_doors(tmp_path: Path) -> None:
    """Yes to one command is no yes to the next, nor to other doors under the same id."""

    async def story(site: Site) -> None:
        anna, ben = new_key(), new_key()
        people = [
            {"id": name, "roles": ["approver"], "approval_key": key.export_public(as_dict=True)["x"]}
            for name, key in (("anna", anna), ("ben", ben))
        ]
        await site.document("staff", 1, people)
        first, second = bulk_claims(site, anna, ben), bulk_claims(site)
        second["approvals"] = first["approvals"]
        first["args"] = {**first["args"], "compartments": ["5", "6"]}  # type: ignore[dict-item]

        assert (await site.post(signed(first, site.key))).code == "approvals"
        assert (await site.post(signed(second, site.key))).code == "approvals"
        assert site.pulses() == 0

    play(tmp_path, story)


def test_replies_stay_inside_the_locker_s_own_branch(tmp_path: Path) -> None:
    """A response topic elsewhere would make the locker speak for others: refused, and told at home."""

    async def story(site: Site) -> None:
        prefix = f"lockers/v1/{LOCKER}/up/replies/"
        for wanted in ("lockers/v1/HK-9/dn/commands", prefix + "#", prefix + "a/+/b", prefix):
            asked = ct.CommandsArguments(
                payload=signed(site.claims("unlock", unlock()), site.key), response_topic=wanted
            )
            reply = (await site.ask("commands", asked)).reply
            assert (reply.body.code, reply.topic) == ("response-topic", prefix + SIGNER)
        good = ct.CommandsArguments(
            payload=signed(site.claims("ping"), site.key),
            response_topic=prefix + SIGNER + "/desk-4",
            correlation=b"\x00\xff",
        )
        reply = (await site.ask("commands", good)).reply
        assert (reply.topic, reply.correlation) == (prefix + SIGNER + "/desk-4", b"\x00\xff")
        assert site.pulses() == 0

    play(tmp_path, story)
