"""Small line charts as SVG, for model cards.

The same numbers give the same bytes, and every chart says in words what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 480, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 40, 56
_TICKS = 5
# Told apart by their lightness as well, and by marks and dashes: colour is never alone.
_COLOURS = ("#0b4f8a", "#b0492f", "#5a5a5a")
_DASHES = ("", "6 4", "2 4")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart.

    Attributes:
        name: what it is, for the legend.
        points: (x, y), in order.
        marks: whether each point gets a dot.
        ranges: for each point the low and high end of its interval; empty for none.
    """

    name: str
    points: Sequence[tuple[float, float]]
    marks: bool = False
    ranges: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart.

    Attributes:
        title: what it shows, in a line.
        description: what is to be seen on it, in a sentence or two, for who cannot see it.
        x_name, y_name: the axes, with their units.
        x_range, y_range: first and last value of the axes.
        lines: up to three.
        legend_right: whether the legend stands at the upper right; at the upper left otherwise.
    """

    title: str
    description: str
    x_name: str
    y_name: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    lines: Sequence[Line]
    legend_right: bool = False

    def to_svg(self) -> str:
        """Return the chart as an SVG document that a screen reader can tell of."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'role="img" aria-labelledby="title description" '
            'font-family="system-ui, sans-serif" font-size="12" fill="#222">',
            f'<title id="title">{escape(self.title)}</title>',
            f'<desc id="description">{escape(self.description)}</desc>',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
            f'<text x="{_LEFT}" y="22" font-size="14" font-weight="600">'
            f"{escape(self.title)}</text>",
            *self._axes(),
            *self._legend(),
        ]
        for number, line in enumerate(self.lines):
            parts += self._line(line, number)
        return "\n".join([*parts, "</svg>", ""])

    def _x(self, value: float) -> float:
        first, last = self.x_range
        return _LEFT + (value - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        first, last = self.y_range
        return _HEIGHT - _BOTTOM - (value - first) / (last - first) * (_HEIGHT - _TOP - _BOTTOM)

    def _axes(self) -> list[str]:
        parts = []
        bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
        for tick in range(_TICKS + 1):
            share = tick / _TICKS
            x = self.x_range[0] + share * (self.x_range[1] - self.x_range[0])
            y = self.y_range[0] + share * (self.y_range[1] - self.y_range[0])
            across, up = f"{self._x(x):.1f}", f"{self._y(y):.1f}"
            parts += [
                f'<path d="M{_LEFT} {up}H{right}M{across} {bottom}v5" stroke="#ddd" fill="none"/>',
                f'<text x="{across}" y="{bottom + 20}" text-anchor="middle">{x:.2f}</text>',
                f'<text x="{_LEFT - 8}" y="{up}" dy="4" text-anchor="end">{y:.2f}</text>',
            ]
        middle = (_TOP + bottom) / 2
        return [
            *parts,
            f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" stroke="#222" fill="none"/>',
            f'<text x="{(_LEFT + right) / 2:.1f}" y="{_HEIGHT - 14}" text-anchor="middle">'
            f"{escape(self.x_name)}</text>",
            f'<text x="16" y="{middle:.1f}" text-anchor="middle" '
            f'transform="rotate(-90 16 {middle:.1f})">{escape(self.y_name)}</text>',
        ]

    def _legend(self) -> list[str]:
        parts = []
        left = _WIDTH // 2 if self.legend_right else _LEFT + 12
        for number, line in enumerate(self.lines):
            y = _TOP + 14 + 18 * number
            parts += [
                f'<path d="M{left} {y - 4}h24" {_stroke(number)}/>',
                f'<text x="{left + 32}" y="{y}">{escape(line.name)}</text>',
            ]
        return parts

    def _line(self, line: Line, number: int) -> list[str]:
        places = [(self._x(x), self._y(y)) for x, y in line.points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts = [f'<path d="M{path}" {_stroke(number)}/>'] if places else []
        for (x, _), (low, high) in zip(places, line.ranges, strict=False):
            parts.append(
                f'<path d="M{x:.1f} {self._y(low):.1f}V{self._y(high):.1f}" '
                f'stroke="{_COLOURS[number]}" stroke-width="1" fill="none"/>'
            )
        if line.marks:
            parts += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{_COLOURS[number]}"/>'
                for x, y in places
            ]
        return parts


def _stroke(number: int) -> str:
    dashes = f' stroke-dasharray="{_DASHES[number]}"' if _DASHES[number] else ""
    return f'stroke="{_COLOURS[number]}" stroke-width="2" fill="none"{dashes}'
