"""Where things lie in the state directory, and what the store is told by the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.config import Config
from edge_agent.store.disk import Thresholds


@dataclass(frozen=True, slots=True)
class Settings:
    """`cloud_key`: the cloud's public X25519 JWK for sealing personal data; `recovery_key`: the operator's age1…"""

    state_dir: Path
    locker_id: str
    timezone: str = "UTC"
    second_journal: Path | None = None
    backup_targets: tuple[Path, ...] = ()
    recovery_key: str = ""
    thresholds: Thresholds = field(default_factory=Thresholds)
    journal_days: int = 180
    cloud_key: Mapping[str, str] | None = None

    @property
    def ledger(self) -> Path:
        return self.state_dir / "ledger.db"

    @property
    def keys(self) -> Path:
        return self.state_dir / "keys"

    @property
    def mark(self) -> Path:
        return self.state_dir / "ledger.mark"

    @property
    def condemned(self) -> Path:
        """Made where the check beside service found damage."""
        return self.state_dir / "ledger.condemned"

    @property
    def damaged(self) -> Path:
        return self.state_dir / "damaged"

    @property
    def backups(self) -> Path:
        return self.state_dir / "backups"

    @property
    def targets(self) -> tuple[Path, ...]:
        """Every folder that gets each backup; the state directory's own is the first."""
        return (self.backups, *self.backup_targets)

    @property
    def source(self) -> str:
        """The CloudEvents source."""
        return f"/lockers/{self.locker_id}"


def settings_of(config: Config, state_dir: Path | None = None) -> Settings:
    """The store's share of `locker.toml`; `state_dir` overrides the configured one."""
    storage = config.storage
    return Settings(
        state_dir=state_dir or Path(config.locker.state_dir),
        locker_id=config.locker.id,
        timezone=config.locker.timezone,
        second_journal=Path(storage.second_journal) if storage.second_journal else None,
        backup_targets=tuple(Path(target) for target in storage.backup_targets),
        recovery_key=config.security.recovery_key,
        thresholds=Thresholds(storage.warn_free_mib, storage.stop_deposits_free_mib, storage.reserve_mib),
        journal_days=storage.journal_days,
        cloud_key=x25519_jwk(config.security.cloud_key) if config.security.cloud_key else None,
    )


def x25519_jwk(public: str) -> dict[str, str]:
    """A public X25519 key (base64url without padding) as the JWK that sealing takes."""
    return {"kty": "OKP", "crv": "X25519", "x": public}
