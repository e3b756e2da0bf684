"""The door map's geometry: where a door is, in numbers that the page draws and the voice says."""

from __future__ import annotations

from edge_agent.config import decode
from edge_agent.kiosk.layout import layout_of
from tests.kiosk.gallery import configuration


def test_columns_keep_the_order_and_measures_of_the_configuration():
    layout = layout_of(configuration())

    assert [column.name for column in layout.columns] == ["1", "2", "3", "4", "5"]
    assert [column.screen for column in layout.columns] == [False, False, True, False, False]
    assert [door.height_mm for door in layout.columns[0].doors] == [110] * 8 + [220] * 3


def test_a_door_knows_its_side_column_and_row():
    places = layout_of(configuration()).places

    assert (places["3"].side, places["3"].column, places["3"].row, places["3"].row_from) == (
        "left",
        1,
        3,
        "top",
    )
    assert (places["48"].side, places["48"].column, places["48"].row, places["48"].row_from) == (
        "right",
        5,
        2,
        "bottom",
    )
    assert places["25"].side == "below"
    assert places["49"].reach == "low"


def test_a_locker_without_geometry_still_has_a_map():
    plain = configuration()
    document = {
        "locker": {"id": "L", "timezone": "UTC", "state_dir": "/tmp/l"},
        "bus": [{"name": "main", "port": "/dev/ttyS1"}],
        "board": [{"name": "A", "bus": "main", "driver": "lock-8a", "address": 1, "channels": 24}],
        "sizes": {"S": {"width_mm": 1, "height_mm": 100, "depth_mm": 1}},
        "compartments": [{"board": "A", "channels": "1-24", "numbers": "1-24", "size": "S"}],
    }

    layout = layout_of(decode(document))

    assert [len(column.doors) for column in layout.columns] == [16, 8]
    assert layout.places["24"].side == ""
    assert len(layout.places) == 24 != len(layout_of(plain).places)
