"""The line: dialled again with patience, never in a storm, and given up where it is only half there."""

from __future__ import annotations

import random
import statistics

import pytest

from cloud_bridge import words as w
from cloud_bridge.backoff import CEILING_S, STABLE_S, TAKEOVER_REST_S, Backoff
from cloud_bridge.core import Line
from cloud_bridge.outgoing import KEEPALIVE_S
from tests.bridge.virtual import URLS, Virtual, alarms, events_in, of


def rests(backoff: Backoff, count: int, stood_s: float | None = None) -> list[float]:
    """So many failures in a row; between them the connection stood `stood_s`, or never came about."""
    waits, now = [], 0.0
    for _ in range(count):
        if stood_s is not None:
            backoff.connected(now)
            now += stood_s
        waits.append(backoff.rest_s(now))
        now += waits[-1]
    return waits


def test_the_wait_grows_to_two_minutes_and_no_further() -> None:
    """F-072: a broker that is down for days is asked every minute on average, for ever."""
    waits = rests(Backoff(URLS, lambda: 0.999), 20)

    assert waits[:4] == pytest.approx([1, 2, 4, 8], rel=0.01)
    assert max(waits) <= CEILING_S
    assert waits[-1] > CEILING_S * 0.99


def test_two_thousand_lockers_come_back_spread_over_the_whole_wait() -> None:
    """F-077: full jitter; no tenth of the time sees more than a fifth of them."""
    dice = random.Random(5)
    waits = [rests(Backoff(URLS, dice.random), 8)[-1] for _ in range(2_000)]

    tenths = [
        sum(low <= wait < low + CEILING_S / 10 for wait in waits) for low in range(0, int(CEILING_S), 12)
    ]

    assert max(tenths) < 400
    assert statistics.mean(waits) == pytest.approx(CEILING_S / 2, rel=0.1)


def test_a_short_success_does_not_reset_the_wait_and_a_stable_hour_does() -> None:
    """F-077: a broker that flaps every five seconds is not dialled every five seconds."""
    flapping = rests(Backoff(URLS, lambda: 0.999), 12, stood_s=5.0)
    stable = rests(Backoff(URLS, lambda: 0.999), 12, stood_s=STABLE_S)

    assert flapping[-1] > CEILING_S * 0.99
    assert max(stable) <= 1.0


def test_the_next_broker_is_tried_and_the_first_is_preferred_after_a_stable_time() -> None:
    backoff = Backoff(URLS, lambda: 0.5)
    tried = [backoff.url]
    backoff.rest_s(0.0)
    tried.append(backoff.url)

    backoff.connected(0.0)
    backoff.rest_s(STABLE_S)

    assert tried == list(URLS)
    assert backoff.url == URLS[0]


def test_a_second_client_with_our_name_makes_us_rest_long_and_tell() -> None:
    """F-083: two cards with one identity push each other out; the ping-pong stops here."""
    bridge = Virtual().online()

    told = []
    for _ in range(3):
        told += bridge.hear(w.Lost("session taken over", taken_over=True))
        last = bridge.wait(TAKEOVER_REST_S * 0.4)
        bridge.agent_up()
        bridge.line_up()

    assert alarms(told).count("CLOUD-553") == 1
    assert of(w.Greet, last) == []


def test_a_run_of_short_connections_is_told_even_where_the_broker_says_nothing() -> None:
    """F-083: Mosquitto 2.0 closes the older client's connection without a word."""
    bridge = Virtual().online()

    told = []
    for _ in range(5):
        told += bridge.hear(w.Lost("end of stream"))
        bridge.wait(120.0)
        bridge.agent_up()
        bridge.line_up()
        bridge.wait(1.0)

    assert alarms(told).count("CLOUD-553") == 1


def test_a_single_takeover_is_our_own_reconnecting() -> None:
    bridge = Virtual().online()

    told = bridge.hear(w.Lost("session taken over", taken_over=True))
    soon = bridge.wait(2.0)

    assert "CLOUD-553" not in alarms(told)
    assert of(w.Greet, soon) == [w.Greet()]


def test_a_line_that_answers_nothing_is_given_up_and_everything_is_sent_again() -> None:
    """F-075: half open: the socket takes bytes and nothing comes back."""
    bridge = Virtual().online()
    bridge.hand(1, 3)

    silent = bridge.wait(2 * KEEPALIVE_S + 1)

    assert of(w.HangUp, silent) == [w.HangUp(politely=False)]
    assert "CLOUD-558" in alarms(silent)
    assert bridge.core.in_flight == frozenset()


def test_a_refused_certificate_is_told_as_what_it_is_and_dialled_again() -> None:
    """F-080, F-081: a portal or an expired certificate. There is no way round the check; the locker works on."""
    bridge = Virtual()
    bridge.hear(w.Tick())
    bridge.agent_up()

    refused = bridge.hear(w.Refused("certificate has expired", certificate=True))
    later = bridge.wait(2.0)

    assert alarms(refused) == ["CLOUD-552"]
    assert of(w.Greet, later) == [w.Greet()]


def test_a_second_bridge_waits_and_does_not_dial() -> None:
    """One locker, one line: two bridges under one name would push each other off the broker for ever."""
    bridge = Virtual()
    bridge.hear(w.Tick())

    told = bridge.hear(w.Rival("process 7 is this locker's bridge"))
    early = bridge.wait(20.0)
    later = bridge.wait(15.0)

    assert alarms(told) == ["CLOUD-566"]
    assert of(w.Dial, told + early) == []
    assert of(w.Greet, early) == []
    assert of(w.Greet, later) == [w.Greet()]


def test_every_line_has_its_own_session() -> None:
    """The session in the will and in the birth are the same, and new each time."""
    bridge = Virtual().online()
    bridge.hear(w.Lost("cut"))
    asked = bridge.wait(1.0)

    dialled = bridge.agent_up()
    birth = bridge.line_up()

    assert of(w.Greet, asked) == [w.Greet()]
    assert b"session-2" in of(w.Dial, dialled)[0].will
    assert b"session-2" in of(w.Publish, birth)[0].payload


@pytest.mark.parametrize("seed", range(30))
def test_whatever_happens_in_whatever_order_events_stay_in_order_and_the_core_never_falls(seed: int) -> None:
    """F-093: a thousand random happenings; between two hellos the numbers on the line have no gap."""
    dice = random.Random(seed)
    bridge = Virtual(urls=URLS)
    bridge.hear(w.Tick())
    for _ in range(300):
        happenings = (
            lambda: bridge.agent_up(last=20, wanted=dice.randint(1, 21)),
            lambda: bridge.hear(w.AgentGone("away")),
            lambda: bridge.hear(w.Connected(dice.random() < 0.5, dice.choice((1, 5, 100)))),
            lambda: bridge.hear(w.Subscribed()),
            lambda: bridge.hear(w.Lost("cut", taken_over=dice.random() < 0.1)),
            lambda: bridge.hear(w.Refused("no")),
            lambda: bridge.hand(dice.randint(1, 21), dice.randint(0, 12)),
            lambda: bridge.acks(dice.randint(0, 23)),
            lambda: bridge.hear(
                *[w.Published(token, dice.choice((0, 0, 0, 0x87))) for token in bridge.flying()]
            ),
            lambda: bridge.arrive("lockers/v1/HK-0001/dn/commands", b"x"),
            lambda: bridge.wait(dice.choice((0.1, 2.0, 70.0))),
        )
        dice.choice(happenings)()

        assert len(bridge.core.in_flight) <= 24
        assert bridge.core.line in Line
    assert gaps(bridge.done) == []


def gaps(wishes: list[w.Wish]) -> list[int]:
    """Events that went up before one in front of them had: neither sent by us nor spoken of by the cloud."""
    known, early = 0, []
    for wish in wishes:
        if isinstance(wish, w.HandAcks):
            known = max(known, wish.next - 1)
        elif isinstance(wish, w.Publish):
            for number in events_in([wish]):
                if number > known + 1:
                    early.append(number)
                known = max(known, number)
    return early
