"""Plots as inline SVG: they print, and need neither a script nor a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup, escape

WIDTH, HEIGHT = 860, 240
LEFT, RIGHT, TOP, BOTTOM = 70, 16, 26, 34
TICKS = 4
MOST_BARS = 200

Point = tuple[datetime, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a plot's values are measured against."""

    first: datetime
    span: timedelta
    top: int

    def x(self, moment: datetime) -> float:
        """Return the place of a moment from the left."""
        share = (moment - self.first) / self.span if self.span else 0.0
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Return the place of a value from above."""
        return round(HEIGHT - BOTTOM - value / self.top * (HEIGHT - TOP - BOTTOM), 1)


def line(points: Sequence[Point], title: str) -> Markup:
    """Draw how a figure grew and shrank; it stays what it was between two points. Nothing for no point."""
    if not points:
        return Markup()
    frame = _frame(points, max(value for _at, value in points))
    path = [f"M{LEFT},{frame.y(0)}"]
    for moment, value in points:
        path.append(f"H{frame.x(moment)}V{frame.y(value)}")
    path.append(f"H{WIDTH - RIGHT}V{frame.y(0)}Z")
    shape = Markup('<path d="{}" fill="#1d5f8a22" stroke="#1d5f8a" stroke-width="1.5"/>').format(
        "".join(path)
    )
    return _figure(title, frame, shape)


def bars(points: Sequence[Point], title: str, *, limits: Sequence[tuple[str, int]]) -> Markup:
    """Draw a figure for each hour, with named limits as lines across. Nothing for no point."""
    if not points:
        return Markup()
    shown = points[-MOST_BARS:]
    highest = max([value for _at, value in shown] + [limit for _name, limit in limits])
    frame = _frame([*shown, (shown[-1][0] + timedelta(hours=1), 0)], highest)
    width = max(1.0, (WIDTH - LEFT - RIGHT) / len(shown) - 1)
    shape = Markup().join(
        Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="#1d5f8a"><title>{}</title></rect>').format(
            frame.x(at), frame.y(value), round(width, 1), round(frame.y(0) - frame.y(value), 1), f"{value:,}"
        )
        for at, value in shown
    )
    for place, (name, limit) in enumerate(limits):
        shape += _limit(frame, name, limit, low=bool(place))
    return _figure(title, frame, shape)


def _limit(frame: Frame, name: str, limit: int, *, low: bool) -> Markup:
    y = frame.y(limit)
    return Markup(
        '<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="#a3161a" stroke-dasharray="5 4"/>'
        '<text x="{}" y="{}" text-anchor="end" fill="#a3161a">{}</text>'
    ).format(LEFT, WIDTH - RIGHT, y, y, WIDTH - RIGHT, y + 13 if low else y - 4, f"{name}: {limit:,}")


def _frame(points: Sequence[Point], highest: int) -> Frame:
    first, last = points[0][0], points[-1][0]
    return Frame(first=first, span=max(last - first, timedelta(minutes=1)), top=_round_up(highest))


def _round_up(value: int) -> int:
    """Return the next figure that divides well into ticks."""
    step = int(10 ** max(0, len(str(max(value, 1))) - 2)) * TICKS
    return max(TICKS, -(-value // step) * step)


def _figure(title: str, frame: Frame, shape: Markup) -> Markup:
    grid = Markup().join(
        Markup(
            '<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="#d8dfe6"/>'
            '<text x="{}" y="{}" text-anchor="end">{}</text>'
        ).format(LEFT, WIDTH - RIGHT, y := frame.y(value), y, LEFT - 6, y + 4, f"{value:,}")
        for value in (frame.top * tick // TICKS for tick in range(TICKS + 1))
    )
    names = Markup().join(
        Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
            frame.x(at), HEIGHT - 12, anchor, f"{at:%Y-%m-%d %H:%M}"
        )
        for at, anchor in ((frame.first, "start"), (frame.first + frame.span, "end"))
    )
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>').format(
        WIDTH, HEIGHT, escape(title), grid, shape, names
    )
