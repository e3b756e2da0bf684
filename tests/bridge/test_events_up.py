"""The journal on its way up: in order, kept until the cloud's own word, sent again after every loss."""

from __future__ import annotations

import random

import pytest

from cloud_bridge import words as w
from cloud_bridge.batching import INFLATED_MAX, WIRE_MAX, batch_of
from cloud_bridge.outgoing import BATCHES_MAX, LIVE_MAX, Limits
from cloud_bridge.topics import BATCH, EVENT
from tests.bridge.virtual import TOPICS, Virtual, alarms, event, events_in, of

FAST = Limits(batches_per_s=0)


def test_a_connection_subscribes_then_says_who_is_there_then_hello_and_sends_nothing_unasked() -> None:
    """Birth only after SUBACK: a cloud that answers at once must find open ears. Events wait for its answer."""
    bridge = Virtual()
    bridge.hear(w.Tick())
    dialled = bridge.agent_up(last=5, wanted=3)

    connected = bridge.hear(w.Connected(False, 100))
    subscribed = bridge.hear(w.Subscribed())

    assert [dial.url for dial in of(w.Dial, dialled)] == ["mqtts://first.example:8883"]
    assert b'"session":"session-1"' in of(w.Dial, dialled)[0].will
    assert of(w.Publish, connected) == []
    assert of(w.Subscribe, connected)[0].topics == TOPICS.subscriptions
    assert [(one.topic, one.retain) for one in of(w.Publish, subscribed)] == [
        (TOPICS.presence, True),
        (TOPICS.hello, False),
    ]
    assert b'"first":1,"last":5,"next":3' in of(w.Publish, subscribed)[1].payload
    assert of(w.FetchEvents, subscribed) == []


def test_the_clouds_answer_to_hello_says_from_where_events_are_asked_for() -> None:
    """The cloud has more than the agent knows: nothing is sent twice."""
    bridge = Virtual()
    bridge.hear(w.Tick())
    bridge.agent_up(last=9, wanted=3)
    bridge.line_up()

    answered = bridge.acks(7)

    assert of(w.FetchEvents, answered) == [w.FetchEvents(6)]
    assert of(w.HandAcks, answered) == [w.HandAcks("epoch-1", 7)]


def test_an_old_word_that_a_kept_session_brings_before_the_hello_is_no_alarm() -> None:
    """A bridge that was killed: the broker has acknowledgements left for it, and brings them before the SUBACK."""
    bridge = Virtual()
    bridge.hear(w.Tick())
    bridge.agent_up(last=9, wanted=3)
    bridge.hear(w.Connected(True, 100))

    early = bridge.acks(5)
    bridge.hear(w.Subscribed())
    answered = bridge.acks(7)

    assert alarms(early) == []
    assert len(of(w.Confirm, early)) == 1
    assert of(w.HandAcks, early) == []
    assert of(w.FetchEvents, answered) == [w.FetchEvents(6)]


def test_live_events_go_one_by_one_as_cloudevents() -> None:
    bridge = Virtual().online()

    sent = bridge.hand(1, 2)

    assert events_in(sent) == [1, 2]
    assert {one.content_type for one in of(w.Publish, sent)} == {EVENT}


def test_a_puback_does_not_move_the_watermark_and_the_clouds_word_does() -> None:
    bridge = Virtual().online()
    bridge.hand(1, 2)

    after_puback = bridge.settle()
    after_word = bridge.acks(3)

    assert of(w.HandAcks, after_puback) == []
    assert of(w.HandAcks, after_word) == [w.HandAcks("epoch-1", 3)]


def test_with_broker_acks_the_puback_moves_the_watermark_but_never_past_a_missing_one() -> None:
    """The documented lesser mode, for back offices that cannot acknowledge."""
    bridge = Virtual(ack="broker")
    bridge.hear(w.Tick())
    bridge.agent_up(last=3)
    bridge.line_up()
    bridge.settle()
    bridge.hand(1, 3)
    first, second, third = bridge.flying()

    late = bridge.hear(w.Published(second, 0), w.Published(third, 0))
    whole = bridge.hear(w.Published(first, 0))

    assert of(w.HandAcks, late) == []
    assert of(w.HandAcks, whole) == [w.HandAcks("epoch-1", 4)]


def test_events_that_a_broker_took_and_lost_are_sent_again() -> None:
    """F-073: PUBACKed, then the broker was killed without persistence. The cloud's answer to hello is the truth."""
    bridge = Virtual().online()
    bridge.hand(1, 3)
    bridge.settle()

    bridge.hear(w.Lost("killed"))
    bridge.wait(1.0)
    bridge.agent_up(last=3)
    bridge.line_up()
    bridge.acks(1)
    again = bridge.hand(1, 3)

    assert events_in(again) == [1, 2, 3]


def test_a_reconnect_subscribes_again_even_where_the_broker_remembers_the_session() -> None:
    """F-074: a restarted broker may say "session present" and still be deaf to us."""
    bridge = Virtual().online()
    bridge.hear(w.Lost("restart"))
    bridge.wait(1.0)
    bridge.agent_up()

    again = bridge.hear(w.Connected(True, 100))

    assert of(w.Subscribe, again)[0].topics == TOPICS.subscriptions


def test_a_poll_from_before_the_break_is_not_believed_after_it() -> None:
    """The old long poll still hangs while the cloud asks for older events: both answers come, only one is sent."""
    bridge = Virtual().online(last=9, wanted=10)
    bridge.hear(w.Lost("cut"))
    bridge.wait(1.0)
    bridge.agent_up(last=9)
    bridge.line_up()
    asked = bridge.acks(4)

    stale = bridge.hear(w.Handed("epoch-1", 10, (event(10),)))
    right = bridge.hand(4, 6)

    assert of(w.FetchEvents, asked) == [w.FetchEvents(3)]
    assert events_in(stale) == []
    assert events_in(right) == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("wanted", [1, 3])
def test_a_lower_or_repeated_next_asks_for_a_resend(wanted: int) -> None:
    """The cloud saw a gap behind 2 (it repeats 3), or was restored from a backup (it goes back to 1)."""
    bridge = Virtual().online()
    bridge.hand(1, 5)
    bridge.settle()
    bridge.acks(3)

    asked = bridge.acks(wanted)

    assert of(w.FetchEvents, asked) == [w.FetchEvents(wanted - 1)]


def test_one_gap_makes_one_resend_however_often_the_cloud_repeats_itself() -> None:
    bridge = Virtual().online()
    bridge.hand(1, 5)
    bridge.settle()
    bridge.acks(3)
    bridge.acks(3)
    bridge.hand(3, 3)

    repeated = bridge.acks(3) + bridge.acks(3)

    assert of(w.FetchEvents, repeated) == []


@pytest.mark.parametrize(("epoch", "wanted"), [("epoch-0", 2), ("epoch-1", 99), ("epoch-1", 0)])
def test_an_acknowledgement_that_cannot_be_true_is_ignored_and_alarmed(epoch: str, wanted: int) -> None:
    bridge = Virtual().online()
    bridge.hand(1, 2)

    told = bridge.acks(wanted, epoch)

    assert of(w.HandAcks, told) == []
    assert alarms(told) == ["CLOUD-555"]


def test_a_refused_publish_pauses_alarms_and_keeps_the_event() -> None:
    """F-076: reason 0x87 "not authorized" is no storage. The same event goes again, later, and nothing before it."""
    bridge = Virtual().online()
    bridge.hand(1, 1)

    refused = bridge.settle(code=0x87)
    bridge.hand(1, 1)
    early = bridge.wait(1.0)
    later = bridge.wait(10.0)

    assert alarms(refused) == ["CLOUD-554"]
    assert events_in(early) == []
    assert events_in(later) == [1]


def test_an_event_that_the_back_office_rejects_does_not_block_those_behind_it() -> None:
    """F-095: it counts as taken over, a person is told, and the journal goes on."""
    bridge = Virtual().online()
    bridge.hand(1, 2)

    told = bridge.acks(3, rejected=({"sequence": 1, "reason": "schema"},))

    assert alarms(told) == ["CLOUD-557"]
    assert of(w.HandAcks, told) == [w.HandAcks("epoch-1", 3, ((1, "schema"),))]
    assert events_in(bridge.hand(3, 1)) == [3]


def test_a_backlog_goes_in_batches_within_both_bounds_and_in_order() -> None:
    """F-094: many events of one poll leave compressed; a message never breaks 64 KiB or 1 MiB."""
    bridge = Virtual(FAST).online(last=900)

    sent = bridge.hand(1, 900, room=300) + bridge.settle()

    batches = [one for one in of(w.Publish, sent) if one.topic == TOPICS.events]
    assert events_in(sent) == list(range(1, 901))
    assert len(batches) > BATCHES_MAX
    assert {one.content_type for one in batches} == {BATCH}
    assert max(len(one.payload) for one in batches) <= WIRE_MAX


def test_no_more_than_three_batches_stand_between_a_reply_and_the_line() -> None:
    bridge = Virtual(FAST).online(last=900)

    bridge.hand(1, 900, room=400)

    assert len(bridge.flying()) == BATCHES_MAX


def test_while_a_backlog_drains_the_agent_hears_the_newest_word_only_five_times_a_second() -> None:
    """Each word costs it a sync; they are cumulative, and a refusal among them is not forgotten."""
    bridge = Virtual(FAST).online(last=900)
    bridge.hand(1, 900)
    bridge.settle()
    bridge.wait(1.0)

    told = (
        bridge.acks(101, rejected=({"sequence": 7, "reason": "schema"},))
        + bridge.acks(201)
        + bridge.acks(301)
    )
    later = bridge.wait(0.3)

    assert of(w.HandAcks, told) == []
    assert of(w.HandAcks, later) == [w.HandAcks("epoch-1", 301, ((7, "schema"),))]


def test_the_backlog_has_a_rate() -> None:
    """One batch at once, the next after its share of the second: a fleet that comes back is no storm."""
    bridge = Virtual(Limits(batches_per_s=2.0)).online(last=300)
    at_once = events_in(bridge.hand(1, 300, room=400))
    bridge.settle()

    early = events_in(bridge.wait(0.4))
    later = events_in(bridge.wait(0.2))

    assert at_once
    assert early == []
    assert later[0] == at_once[-1] + 1


@pytest.mark.parametrize("seed", range(20))
def test_a_batch_holds_a_front_of_the_events_and_fits(seed: int) -> None:
    dice = random.Random(seed)
    events = [event(number, dice.choice((0, 50, 3_000))) for number in range(1, dice.randint(2, 1_500))]

    wire, count = batch_of(events)

    inflated = sum(len(one) + 1 for one in events[:count]) + 1
    assert 1 <= count <= len(events)
    assert count == 1 or (len(wire) <= WIRE_MAX and inflated <= INFLATED_MAX)


def test_replies_overtake_the_backlog() -> None:
    """The window of events is full; a reply and its PUBACK do not wait for them."""
    bridge = Virtual().online(last=LIVE_MAX)
    bridge.hand(1, LIVE_MAX)
    bridge.hear(
        w.Handed("epoch-1", LIVE_MAX + 1, tuple(event(n) for n in range(LIVE_MAX + 1, 2 * LIVE_MAX + 1)))
    )

    sent = bridge.hear(w.RepliesHanded((w.Reply(1, f"{TOPICS.replies}ops", b"{}"),)))

    assert [one.topic for one in of(w.Publish, sent)] == [f"{TOPICS.replies}ops"]


def test_a_broker_that_takes_one_message_at_a_time_still_gets_everything_replies_first() -> None:
    """Receive Maximum 1."""
    bridge = Virtual().online(receive_max=1)
    bridge.settle()
    bridge.hand(1, 3)
    bridge.hear(w.RepliesHanded((w.Reply(1, f"{TOPICS.replies}ops", b"{}"),)))
    in_flight = len(bridge.flying())

    rest = bridge.settle()

    assert in_flight == 1
    assert next(one.topic for one in of(w.Publish, rest)) == f"{TOPICS.replies}ops"
    assert events_in(rest) == [2, 3]


def test_silence_of_the_back_office_is_asked_about_with_open_ears() -> None:
    """F-074: no answer to hello: hello again, subscriptions renewed, ever more slowly, and a person is told."""
    bridge = Virtual()
    bridge.hear(w.Tick())
    bridge.agent_up()
    bridge.line_up()
    bridge.settle()

    asked = bridge.wait(10.5)
    bridge.settle()
    soon = bridge.wait(10.0)

    assert [one.topic for one in of(w.Publish, asked) if one.topic == TOPICS.hello] == [TOPICS.hello]
    assert len(of(w.Subscribe, asked)) == 1
    assert alarms(asked) == ["CLOUD-559"]
    assert TOPICS.hello not in [one.topic for one in of(w.Publish, soon)]


def test_published_events_without_a_word_from_the_cloud_bring_a_new_hello() -> None:
    """F-073: the broker took them and dropped them without any break of the line."""
    bridge = Virtual().online()
    bridge.hand(1, 2)
    bridge.settle()

    asked = bridge.wait(31.0)
    bridge.settle()
    again = bridge.acks(1)

    assert TOPICS.hello in [one.topic for one in of(w.Publish, asked)]
    assert of(w.FetchEvents, again) == [w.FetchEvents(0)]


def test_a_restored_ledger_starts_its_own_count() -> None:
    """A new epoch: old numbers mean nothing any more."""
    bridge = Virtual().online(last=50, wanted=50)
    bridge.hear(w.AgentGone("restore"))
    bridge.wait(1.0)
    bridge.hear(w.AgentUp(w.Greeting("s", "1.0", "b", "epoch-2", "synced", 1, 4, 1)))
    bridge.line_up()

    old = bridge.acks(51)
    new = bridge.acks(1, "epoch-2")

    assert alarms(old) == ["CLOUD-555"]
    assert of(w.FetchEvents, new) == [w.FetchEvents(0)]
