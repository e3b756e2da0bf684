"""The configuration may not import a driver, so the families' limits stand twice: here they are held together."""

from __future__ import annotations

import pytest

from drivers.lock_board import BoardSettings
from drivers.polled_board import PolledBoard
from drivers.registry import LOCK_BOARDS, known, lock_board_class
from edge_agent.config_bounds import FAMILIES, PULSE_MS_MAX


def test_every_built_in_family_has_its_limits_in_the_configuration() -> None:
    """A family without limits would be checked only when its port is opened."""
    assert FAMILIES.keys() == set(known(LOCK_BOARDS))


@pytest.mark.parametrize("name", FAMILIES)
def test_what_the_configuration_allows_the_driver_takes(name: str) -> None:
    """Addresses and channels, at both ends and one beyond."""
    family, driver = FAMILIES[name], lock_board_class(name)
    assert issubclass(driver, PolledBoard)

    assert (family.addresses.start, family.addresses.stop) == (driver.addresses.start, driver.addresses.stop)
    assert family.channels_max == driver.channels_max
    for address in (family.addresses.start, family.addresses.stop - 1):
        driver(BoardSettings(name="A", bus="main", address=address, channels=family.channels_max))
    with pytest.raises(ValueError, match="address"):
        driver(BoardSettings(name="A", bus="main", address=family.addresses.stop, channels=1))


def test_no_pulse_may_be_longer_than_a_coil_can_take() -> None:
    """1 s is the cap for solenoids, whatever the board could do."""
    assert all(family.pulse_ms.stop - 1 <= PULSE_MS_MAX for family in FAMILIES.values())
