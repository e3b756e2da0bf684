"""The locker's branch of the topic tree (contract section 5): every name once."""

from __future__ import annotations

from dataclasses import dataclass

ROOT = "lockers/v1"
JSON = "application/json"
EVENT = "application/cloudevents+json"
DOCUMENTS = ("carriers", "couriers", "staff", "policy", "notices", "update")
BATCH = "application/vnd.locker.cloudevents-batch+json+zlib"


@dataclass(frozen=True, slots=True)
class Topics:
    """Topics of one locker."""

    locker: str

    @property
    def base(self) -> str:
        return f"{ROOT}/{self.locker}"

    @property
    def presence(self) -> str:
        return f"{self.base}/st/presence"

    @property
    def hello(self) -> str:
        return f"{self.base}/up/hello"

    @property
    def events(self) -> str:
        return f"{self.base}/up/events"

    @property
    def state(self) -> str:
        return f"{self.base}/st/state"

    @property
    def telemetry(self) -> str:
        return f"{self.base}/up/telemetry"

    @property
    def replies(self) -> str:
        """Prefix of every reply topic; the issuer's name follows."""
        return f"{self.base}/up/replies/"

    @property
    def acks(self) -> str:
        return f"{self.base}/dn/acks"

    @property
    def commands(self) -> str:
        return f"{self.base}/dn/commands"

    @property
    def expected(self) -> str:
        return f"{self.base}/dn/expected"

    @property
    def desired(self) -> str:
        """Prefix of every document's topic."""
        return f"{self.base}/dn/desired/"

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Exact topics, no wildcard: a flood beside them does not arrive."""
        return (self.acks, self.commands, self.expected, *(self.desired + name for name in DOCUMENTS))
