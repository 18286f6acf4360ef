"""Which column goes where, so that the whole fits best: the Hungarian method, with a way out for each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

INFINITY = float("inf")
_NOT = 1.0  # dearer than no column at all


def assign(gains: Sequence[Mapping[int, float]], capacities: Mapping[int, int]) -> tuple[int | None, ...]:
    """Return for each row the column that it gets, or None, so that the sum of gains is greatest.

    `gains` are what each row gains by a column, positive ones only; a row that gets none gains nothing.
    A column goes to as many rows as `capacities` says (1 where it says nothing). Ties go to the lower
    number. Runs in O(rows² · places) per group of rows that compete with one another.
    """
    chosen: list[int | None] = [None] * len(gains)
    for rows in _groups(gains):
        places = [
            column
            for column in sorted({c for row in rows for c in gains[row]})
            for _ in range(min(capacities.get(column, 1), len(rows)))
        ]
        costs = [[-gains[row].get(column, -_NOT) for column in places] + [0.0] * len(rows) for row in rows]
        for row, place in zip(rows, _cheapest(costs), strict=True):
            if place < len(places) and places[place] in gains[row]:
                chosen[row] = places[place]
    return tuple(chosen)


def _groups(gains: Sequence[Mapping[int, float]]) -> list[list[int]]:
    """Part the rows into groups that have no column in common; rows without any column are left out."""
    group_of: dict[int, int] = {}
    groups: dict[int, list[int]] = {}
    for row, row_gains in enumerate(gains):
        if not row_gains:
            continue
        met = sorted({group_of[column] for column in row_gains if column in group_of})
        members = sorted([other for group in met for other in groups.pop(group)] + [row])
        groups[row] = members
        for member in members:
            group_of.update(dict.fromkeys(gains[member], row))
    return [groups[name] for name in sorted(groups)]


def _cheapest(costs: Sequence[Sequence[float]]) -> list[int]:
    """Return for each row its column in a cheapest assignment; there are at least as many columns as rows.

    Shortest augmenting paths with potentials, row by row (Kuhn, Munkres; Jonker and Volgenant).
    """
    state = _Potentials(
        costs=costs,
        row=[0.0] * (len(costs) + 1),
        column=[0.0] * (len(costs[0]) + 1),
        row_of=[0] * (len(costs[0]) + 1),
    )
    for row in range(1, len(costs) + 1):
        state.row_of[0] = row
        at, came_from = _free_column(state)
        while at:
            state.row_of[at] = state.row_of[came_from[at]]
            at = came_from[at]
    found = [0] * len(costs)
    for column, row in enumerate(state.row_of):
        if column and row:
            found[row - 1] = column - 1
    return found


@dataclass(slots=True, kw_only=True)
class _Potentials:
    """The dual of the assignment so far; rows and columns count from 1, and `row_of` 0 is free."""

    costs: Sequence[Sequence[float]]
    row: list[float]
    column: list[float]
    row_of: list[int]


def _free_column(state: _Potentials) -> tuple[int, list[int]]:
    """Return the free column at the end of the shortest path from row_of[0], and the way back to it."""
    size = len(state.row_of)
    least, came_from = [INFINITY] * size, [0] * size
    open_columns, visited, at = list(range(1, size)), [0], 0
    while state.row_of[at]:
        row = state.row_of[at]
        line, base = state.costs[row - 1], state.row[row]
        step, nearest = INFINITY, 0
        for column in open_columns:
            cost = line[column - 1] - base - state.column[column]
            if cost < least[column]:
                least[column], came_from[column] = cost, at
            if least[column] < step:
                step, nearest = least[column], column
        for column in visited:
            state.row[state.row_of[column]] += step
            state.column[column] -= step
        for column in open_columns:
            least[column] -= step
        at = nearest
        open_columns.remove(at)
        visited.append(at)
    return at, came_from
