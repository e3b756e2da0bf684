"""How long our own certificate still holds: told at 30, 14 and 7 days, and each day from then on.

The clock is the machine's; a wrong one shows first as CLOUD-552, and nothing here refuses anything.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cloud_bridge.words import Alarm

LOOK_S = 86_400.0  # once a day: certificates are renewed under the running bridge
STEPS_DAYS = (30, 14, 7)


def days_left(file: Path, now: datetime) -> float:
    """Days until the first certificate in `file` runs out; below zero when it has. Raises OSError, ValueError."""
    from cryptography import x509  # costs memory that a bridge without certificates need not spend

    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    return (certificate.not_valid_after_utc - now).total_seconds() / LOOK_S


class CertificateWatch:
    """`look` as often as you like; it reads the file once a day."""

    def __init__(self, file: str, wall: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = Path(file) if file else None
        self._wall = wall
        self._at: float | None = None
        self._told = 0  # steps that were told already
        self._left: float | None = None

    def look(self, now: float) -> Alarm | None:
        """`now` is monotonic, in seconds."""
        if self._file is None or (self._at is not None and now - self._at < LOOK_S):
            return None
        self._at = now
        try:
            self._left = left = days_left(self._file, self._wall())
        except (OSError, ValueError) as error:
            self._left = None
            return Alarm("CLOUD-560", f"certificate {self._file}", f"cannot be read: {error}")
        passed = sum(left <= step for step in STEPS_DAYS)
        again, self._told = passed > self._told or passed == len(STEPS_DAYS), passed
        return Alarm("CLOUD-560", f"certificate {self._file}", f"{left:.0f} days left") if again else None

    def again(self) -> None:
        """Another certificate is in use: look at it soon."""
        self._at = None

    def figures(self) -> dict[str, float]:
        """For the telemetry: days that the certificate which this bridge uses still holds, as seen at the last look."""
        return {} if self._left is None else {"certificate_days": round(self._left, 1)}
