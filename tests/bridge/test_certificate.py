"""Our own certificate runs out one day: a person hears of it in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cloud_bridge.certificate import CertificateWatch
from tests.bridge.papers import Authority

DAY_S = 86_400.0


def told_on(watch: CertificateWatch, days: list[datetime], today: list[datetime]) -> list[int]:
    """Indexes of the days on which an alarm came."""
    told = []
    for number, day in enumerate(days):
        today[0] = day
        if watch.look(number * DAY_S) is not None:
            told.append(number)
    return told


def test_it_is_told_at_thirty_fourteen_and_seven_days_and_daily_from_then_on(tmp_path: Path) -> None:
    """F-082: issued for forty days; day 10 leaves thirty, day 26 fourteen, day 33 seven."""
    pair = Authority(tmp_path).issue("DEMO-0001", days=40)
    begin = datetime.now(UTC)
    today = [begin]
    watch = CertificateWatch(pair.cert, lambda: today[0])

    told = told_on(watch, [begin + timedelta(days=day, minutes=1) for day in range(42)], today)

    assert told == [10, 26, *range(33, 42)]


def test_a_renewed_certificate_is_quiet_again(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("DEMO-0001", days=5)
    watch = CertificateWatch(pair.cert)

    soon = watch.look(0.0)
    authority.issue("DEMO-0001", days=90)
    renewed = watch.look(DAY_S)

    assert soon is not None
    assert soon.code == "CLOUD-560"
    assert renewed is None


def test_it_is_read_once_a_day_and_not_at_all_without_one(tmp_path: Path) -> None:
    watch = CertificateWatch(str(tmp_path / "missing.pem"))

    looks = [watch.look(0.0), watch.look(60.0), watch.look(DAY_S)]

    assert [look is not None for look in looks] == [True, False, True]
    assert CertificateWatch("").look(0.0) is None


def test_the_days_left_stand_in_the_telemetry_and_follow_a_new_pair(tmp_path: Path) -> None:
    """Of the very file that the bridge shows to the broker; nothing is said of one that cannot be read."""
    authority = Authority(tmp_path)
    pair = authority.issue("DEMO-0001", days=5)
    watch = CertificateWatch(pair.cert)
    before = watch.figures()
    watch.look(0.0)
    old = watch.figures()

    authority.issue("DEMO-0001", days=90)
    watch.again()
    watch.look(60.0)
    new = watch.figures()
    Path(pair.cert).write_text("rubbish")
    watch.look(60.0 + DAY_S)

    assert before == {}
    assert 4.9 < old["certificate_days"] <= 5.0
    assert 89.9 < new["certificate_days"] <= 90.0
    assert watch.figures() == {}
