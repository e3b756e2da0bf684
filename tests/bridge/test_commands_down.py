"""What the cloud sends down: carried to the agent, confirmed only when it has it, never believed and never lost."""

from __future__ import annotations

import pytest

from cloud_bridge import words as w
from cloud_bridge.incoming import PAYLOAD_MAX, RETRY_S, TRIES_MAX
from tests.bridge.virtual import TOPICS, Virtual, alarms, of

REPLY = w.Reply(0, f"{TOPICS.replies}ops", b'{"id":"c1","status":"accepted"}', b"tag")


def test_a_command_is_confirmed_only_after_the_agent_has_committed_it() -> None:
    """A bridge killed in between loses nothing: the broker brings the command again."""
    bridge = Virtual().online()

    arrived = bridge.arrive(TOPICS.commands, b"signed")
    (handed,) = of(w.Hand, arrived)
    decided = bridge.hear(w.Decided(handed.message.handle, REPLY))

    assert (handed.kind, handed.message.payload) == ("commands", b"signed")
    assert of(w.Confirm, arrived) == []
    assert of(w.Confirm, decided) == [w.Confirm(handed.message.handle)]
    assert [(one.topic, one.correlation) for one in of(w.Publish, decided)] == [(REPLY.topic, b"tag")]


def test_a_retained_command_reaches_the_agent_as_retained_so_that_it_is_refused() -> None:
    """F-086: the flag is the broker's word and must not get lost on the way."""
    bridge = Virtual().online()

    (handed,) = of(w.Hand, bridge.arrive(TOPICS.commands, b"signed", retained=True))

    assert handed.message.retained


def test_while_the_agent_is_away_nothing_is_confirmed_and_presence_says_so() -> None:
    """F-084: the broker keeps the command, the next line brings it again."""
    bridge = Virtual().online()
    (handed,) = of(w.Hand, bridge.arrive(TOPICS.commands, b"signed"))

    gone = bridge.hear(w.AgentGone("restart"))
    meanwhile = bridge.arrive(TOPICS.commands, b"another")
    late = bridge.hear(w.Decided(handed.message.handle, REPLY))

    (presence,) = of(w.Publish, gone)
    assert (presence.topic, presence.retain) == (TOPICS.presence, True)
    assert b'"online":true,"agent":"down"' in presence.payload
    assert of(w.Hand, meanwhile) == []
    assert of(w.Confirm, gone + meanwhile + late) == []


def test_an_agent_that_comes_back_gets_a_new_line_with_the_new_session_in_its_will() -> None:
    """F-088: a command recorded under the old session is worth nothing; a death of the old one is old news."""
    bridge = Virtual().online()
    bridge.hear(w.AgentGone("restart"))
    asked = bridge.wait(1.0)

    back = bridge.agent_up()

    assert of(w.Greet, asked) == [w.Greet()]
    assert of(w.HangUp, back) == [w.HangUp()]
    assert b'"session":"session-2"' in of(w.Dial, back)[0].will


def test_without_an_agent_the_locker_is_online_with_its_agent_down() -> None:
    bridge = Virtual()
    bridge.hear(w.Tick())

    bridge.hear(w.AgentGone("not started"))
    up = bridge.line_up()

    assert [one.topic for one in of(w.Publish, up)] == [TOPICS.presence]
    assert b'"agent":"down"' in of(w.Publish, up)[0].payload


def test_a_message_that_the_agent_cannot_take_just_now_is_offered_again() -> None:
    bridge = Virtual().online()
    (handed,) = of(w.Hand, bridge.arrive(TOPICS.commands, b"signed"))

    failed = bridge.hear(w.Decided(handed.message.handle, refusal="disk busy", passing=True))
    again = bridge.wait(RETRY_S)

    assert of(w.Confirm, failed) == []
    assert of(w.Hand, again) == [handed]


def test_a_poison_message_is_set_aside_and_those_behind_it_go_on() -> None:
    """F-091, F-093: whatever it does to the agent, it does it a bounded number of times."""
    bridge = Virtual().online()
    (poison,) = of(w.Hand, bridge.arrive(TOPICS.commands, b"\xff\xfe"))
    (sound,) = of(w.Hand, bridge.arrive(TOPICS.commands, b"signed"))

    tries = []
    for _ in range(TRIES_MAX):
        tries += bridge.hear(w.Decided(poison.message.handle, refusal="breaks", passing=True))
        bridge.wait(RETRY_S)
    after = bridge.hear(w.Decided(sound.message.handle, REPLY))

    assert of(w.Confirm, tries) == [w.Confirm(poison.message.handle)]
    assert "CLOUD-556" in alarms(tries)
    assert of(w.Confirm, after) == [w.Confirm(sound.message.handle)]


@pytest.mark.parametrize(
    ("topic", "payload", "qos"),
    [
        (TOPICS.commands, b"x" * (PAYLOAD_MAX + 1), 1),
        (TOPICS.commands, b"signed", 0),
        (TOPICS.base + "/dn/strange", b"{}", 1),
        (TOPICS.desired + "unheard-of", b"{}", 1),
        (TOPICS.acks, b'{"epoch":', 1),
        (TOPICS.acks, b"[" * 100_000, 1),
        (TOPICS.acks, b"\xff\xfe\x00", 1),
    ],
)
def test_what_nobody_can_use_is_confirmed_alarmed_and_reaches_no_agent(
    topic: str, payload: bytes, qos: int
) -> None:
    """F-091: too long, malformed, deeply nested, bad UTF-8, without QoS, on a strange topic."""
    bridge = Virtual().online()

    arrived = bridge.arrive(topic, payload, qos=qos)

    assert of(w.Hand, arrived) == []
    assert alarms(arrived) == ["CLOUD-556"]
    assert len(of(w.Confirm, arrived)) == qos


def test_what_waits_for_an_agent_that_goes_away_is_let_go_unconfirmed() -> None:
    """F-092: nothing is held for nobody; the broker has it still."""
    bridge = Virtual().online()
    handed = of(w.Hand, bridge.arrive(TOPICS.commands, b"one") + bridge.arrive(TOPICS.commands, b"two"))

    gone = bridge.hear(w.AgentGone("killed")) + bridge.arrive(TOPICS.commands, b"three")

    assert [one.handle for one in of(w.LetGo, gone)][:2] == [one.message.handle for one in handed]
    assert len(of(w.LetGo, gone)) == 3
    assert of(w.Confirm, gone) == []


def test_what_was_too_much_to_hold_comes_with_a_new_line_once_all_in_hand_is_done() -> None:
    """F-092: a broker that ignores our Receive Maximum."""
    bridge = Virtual().online()
    (handed,) = of(w.Hand, bridge.arrive(TOPICS.commands, b"one"))

    busy = bridge.hear(w.Overflowed())
    done = bridge.hear(w.Decided(handed.message.handle, REPLY))

    assert of(w.HangUp, busy) == []
    assert of(w.Confirm, done) == [w.Confirm(handed.message.handle)]
    assert of(w.HangUp, done) == [w.HangUp()]
    assert of(w.Greet, done) == [w.Greet()]


def test_a_document_and_pre_advice_find_their_operation() -> None:
    bridge = Virtual().online()

    (document,) = of(w.Hand, bridge.arrive(TOPICS.desired + "couriers", b"signed", retained=True))
    (expected,) = of(w.Hand, bridge.arrive(TOPICS.expected, b"signed"))

    assert (document.kind, document.document) == ("documents", "couriers")
    assert expected.kind == "expected"


def test_a_document_that_was_taken_back_changes_nothing() -> None:
    bridge = Virtual().online()

    arrived = bridge.arrive(TOPICS.desired + "couriers", b"")

    assert of(w.Hand, arrived) == []
    assert len(of(w.Confirm, arrived)) == 1


def test_a_reply_is_published_again_until_the_broker_has_it() -> None:
    """The line broke before its PUBACK: it goes first on the next one, and is forgotten only after it."""
    bridge = Virtual().online()
    stored = w.Reply(7, f"{TOPICS.replies}ops", b'{"id":"c1","status":"opened"}')
    bridge.hear(w.RepliesHanded((stored,)))

    bridge.hear(w.Lost("cut"))
    bridge.wait(1.0)
    bridge.agent_up()
    up = bridge.line_up()
    done = bridge.settle()

    assert stored.payload in [one.payload for one in of(w.Publish, up)]
    assert w.FetchReplies(7) in done
    assert w.FetchReplies(7) not in up


def test_a_resend_command_goes_back_in_the_journal() -> None:
    bridge = Virtual().online(last=9, wanted=10)
    (handed,) = of(w.Hand, bridge.arrive(TOPICS.commands, b"signed"))

    asked = bridge.hear(w.Decided(handed.message.handle, REPLY, resend_from=4))

    assert of(w.FetchEvents, asked) == [w.FetchEvents(3)]


def test_state_is_retained_and_telemetry_is_the_first_thing_dropped() -> None:
    bridge = Virtual().online()
    calm = bridge.hear(w.Snapshots(b'{"version":"1"}', b'{"figures":{}}'))
    bridge.settle()
    bridge.hand(1, 1)

    busy = bridge.hear(w.Snapshots(b'{"version":"1"}', b'{"figures":{}}'))

    assert [(one.topic, one.qos, one.retain) for one in of(w.Publish, calm)] == [
        (f"{TOPICS.base}/st/state", 1, True),
        (TOPICS.telemetry, 0, False),
    ]
    assert [one.topic for one in of(w.Publish, busy)] == [f"{TOPICS.base}/st/state"]


def test_a_locker_without_a_clock_gets_a_new_session_when_its_commands_need_one() -> None:
    """The answer goes up first; a storm of stale commands makes no storm of connections."""
    bridge = Virtual().online()
    expired = w.Reply(0, f"{TOPICS.replies}ops", b'{"id":"c1","status":"expired"}')

    first, second = (of(w.Hand, bridge.arrive(TOPICS.commands, b"stale"))[0].message.handle for _ in range(2))
    told = bridge.hear(w.Decided(first, expired, renew=True))
    again = bridge.hear(w.Decided(second, expired, renew=True))
    renewed = bridge.agent_up()

    assert [one.payload for one in of(w.Publish, told)] == [expired.payload]
    assert len(of(w.Greet, told)) == 1
    assert of(w.Greet, again) == []
    assert b"session-2" in of(w.Dial, renewed)[0].will
    assert of(w.HangUp, renewed)
