"""The cabinet's front, seen from where a person stands: columns left to right, doors top to bottom, and the screen.

Drawn by the page as the door map, and said in words ("left of the screen, column 2, third from the top").
Lengths are millimetres. The geometry comes from `[[column]]`; a configuration without it gets one column for
each run of compartments, so that a map is always there (its order then is the file's, not the cabinet's).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from edge_agent.config import Column, Config, Door, parse_numbers

FRAME_MM = 12  # sheet metal between two doors; only looks
SCREEN_PANEL_MM = 420  # the least height a screen needs in its column, for the drawing
COLUMN_DOORS_MAX = (
    16  # a run without geometry is cut into columns no longer than this, so that numbers stay readable
)
DEFAULT_WIDTH_MM = 400


class DoorDrawing(msgspec.Struct, frozen=True):
    """One door of a column, top to bottom."""

    number: str
    height_mm: int
    size: str
    reach: Literal["low", "middle", "high"]


class ColumnDrawing(msgspec.Struct, frozen=True):
    """One column, left to right. The screen, where there is one, stands above the column's doors."""

    name: str
    width_mm: int
    screen: bool
    doors: tuple[DoorDrawing, ...]


class Place(msgspec.Struct, frozen=True):
    """Where a door is.

    `column` counts from the left, `row` from `row_from`; `side` is relative to the screen.
    """

    column: int
    columns: int
    row: int
    row_from: Literal["top", "bottom"]
    side: Literal["left", "right", "below", ""]
    reach: Literal["low", "middle", "high"]


class Layout(msgspec.Struct, frozen=True):
    """The whole front; `height_mm` is that of the tallest column."""

    columns: tuple[ColumnDrawing, ...]
    height_mm: int
    places: dict[str, Place]


def layout_of(config: Config) -> Layout:
    """The front of the configured cabinet. Doors that no column names are left out of the map."""
    doors = {door.number: door for door in config.doors()}
    columns = tuple(_draw(column, doors, config) for column in config.column or _columns_from_runs(config))
    height_mm = max((_height(column) for column in columns), default=SCREEN_PANEL_MM)
    return Layout(columns=columns, height_mm=height_mm, places=_places(columns))


def _columns_from_runs(config: Config) -> tuple[Column, ...]:
    numbers: dict[str, list[str]] = {}
    for door in config.doors():
        numbers.setdefault(door.board, []).append(door.number)
    return tuple(
        Column(
            name=f"{board}{start // COLUMN_DOORS_MAX + 1}", doors=tuple(run[start : start + COLUMN_DOORS_MAX])
        )
        for board, run in numbers.items()
        for start in range(0, len(run), COLUMN_DOORS_MAX)
    )


def _draw(column: Column, doors: dict[str, Door], config: Config) -> ColumnDrawing:
    drawn = tuple(
        DoorDrawing(
            number=number,
            height_mm=config.sizes[doors[number].size].height_mm,
            size=doors[number].size,
            reach=doors[number].height,
        )
        for number in _numbers(column)
        if number in doors
    )
    return ColumnDrawing(
        name=column.name, width_mm=column.width_mm or DEFAULT_WIDTH_MM, screen=column.screen, doors=drawn
    )


def _numbers(column: Column) -> tuple[str, ...]:
    """The column's door numbers; entries may be ranges ("1-12") as everywhere in the configuration."""
    return tuple(number for entry in column.doors for number in parse_numbers(entry))


def _height(column: ColumnDrawing) -> int:
    doors_mm = sum(door.height_mm + FRAME_MM for door in column.doors)
    return doors_mm + (SCREEN_PANEL_MM if column.screen else 0)


def _places(columns: tuple[ColumnDrawing, ...]) -> dict[str, Place]:
    screens = [index for index, column in enumerate(columns) if column.screen]
    screen = screens[0] if screens else None
    places: dict[str, Place] = {}
    for index, column in enumerate(columns):
        for row, door in enumerate(column.doors):
            below = len(column.doors) - row
            from_top = row + 1 <= below
            places[door.number] = Place(
                column=index + 1,
                columns=len(columns),
                row=row + 1 if from_top else below,
                row_from="top" if from_top else "bottom",
                side=_side(index, screen),
                reach=door.reach,
            )
    return places


def _side(column: int, screen: int | None) -> Literal["left", "right", "below", ""]:
    if screen is None:
        return ""
    if column == screen:
        return "below"
    return "left" if column < screen else "right"
