"""The bridge's socket: each row of the table has its handler, and says what it promises."""

from __future__ import annotations

from pathlib import Path

from edge_agent.control import cloud_types as ct
from edge_agent.control.operations import Role, served
from edge_agent.serving import Serving
from tests.cloud.office import LOCKER, Site, new_key, play, signed, unlock


def test_every_row_is_served(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        assert set(Serving(site.locker.awake).bridge()) == {row.key for row in served(Role.BRIDGE)}

    play(tmp_path, story)


def test_hello_and_presence_name_the_same_session(tmp_path: Path) -> None:
    """Drawn anew for each connection; nothing is accepted before the first."""

    async def story(site: Site) -> None:
        first = await site.ask("hello", None)
        presence = await site.connect()
        second = await site.ask("hello", None)

        assert first.session != presence.session == second.session
        assert (presence.online, presence.agent, presence.clockquality) == (True, "up", "synced")
        assert presence.epoch == second.epoch == site.locker.ledger.epoch
        assert (second.first, second.next, second.last) == (1, 1, site.locker.ledger.last_sequence)
        await site.locker.cut()
        await site.locker.start()
        assert (await site.ask("hello", None)).session == ""
        assert (await site.order("unlock", unlock(), session="")).code == "session"
        assert site.pulses() == 0

    play(tmp_path, story)


def test_an_event_that_the_cloud_never_takes_opens_a_fault_and_blocks_nothing(tmp_path: Path) -> None:
    """The watermark moves past it; the newest one is named once."""

    async def story(site: Site) -> None:
        serving = Serving(site.locker.awake)
        epoch = site.locker.ledger.epoch
        assert len(await site.journal("agent.started")) == 1
        refused = tuple(ct.RejectedEvent(sequence=n, reason="unknown type") for n in (1, 2))
        asked = ct.AckedArguments(epoch=epoch, next=3, rejected=refused)

        assert (await serving.acks(asked, None)).taken == "taken"  # type: ignore[arg-type]
        foreign = ct.AckedArguments(epoch="another", next=3, rejected=refused[:1])
        assert (await serving.acks(foreign, None)).taken == "foreign-epoch"  # type: ignore[arg-type]
        faults = [(one["code"], one["place"]) for one in await site.journal("fault.opened")]
        assert faults == [("CLOUD-531", "event 2")]
        assert site.locker.ledger.watermark == 2

    play(tmp_path, story)


def test_the_snapshot_counts_compartments_by_size_and_standing(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        before = (await site.ask("state", None)).compartments
        small = site.locker.ledger.state.compartment["1"].size
        by = {"reason": "broken hinge", "operator": "op-3"}
        await site.order("set_out_of_service", {"compartment": "1", **by})
        state = await site.ask("state", None)

        assert sum(sum(counts.values()) for counts in state.compartments.values()) == 60
        assert state.compartments[small]["out_of_service"] == 1
        assert state.compartments[small]["empty"] == before[small]["empty"] - 1
        assert state.next == site.locker.ledger.last_sequence + 1

    play(tmp_path, story)


def test_a_second_pinned_key_works_during_rotation(tmp_path: Path) -> None:
    """Both names are good until the old one leaves the configuration; each signs in its own name only."""
    second = new_key()
    public = second.export_public(as_dict=True)["x"]

    async def story(site: Site) -> None:
        assert (await site.order("ping")).code == "signature"
        asked = ct.CommandsArguments(payload=signed(site.claims("ping", iss="office-2"), second))
        reply = (await site.ask("commands", asked)).reply
        assert (reply.body.status, reply.topic) == ("done", f"lockers/v1/{LOCKER}/up/replies/office-2")

    play(
        tmp_path,
        story,
        command_signers={"office-2": public, "office-3": new_key().export_public(as_dict=True)["x"]},
    )


def test_what_the_bridge_notices_becomes_one_fault_of_its_kind(tmp_path: Path) -> None:
    """A takeover, again and again, at places that a hostile broker makes up: one fault, told to the cloud."""

    async def story(site: Site) -> None:
        for where in ("locker DEMO-0001", "locker of somebody else", "x" * 5_000):
            asked = ct.AlarmsArguments(code="CLOUD-553", where=where, detail="a second client")
            await site.ask("alarms", asked)
        await site.ask("alarms", ct.AlarmsArguments(code="CLOUD-556", where="dn/commands", detail="QoS 0"))

        faults = [(one["code"], one["place"], one["severity"]) for one in await site.journal("fault.opened")]
        assert faults == [("CLOUD-553", "uplink", "major"), ("CLOUD-556", "uplink", "minor")]
        state = await site.ask("state", None)
        assert {alarm.code for alarm in state.alarms} == {"CLOUD-553", "CLOUD-556"}

    play(tmp_path, story)
