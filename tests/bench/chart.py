"""Figures as bars in an SVG: a picture that a README shows without any program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

WIDTH: Final = 760
LABEL_WIDTH: Final = 120
VALUE_WIDTH: Final = 150
BAR_HEIGHT: Final = 18
ROW_HEIGHT: Final = 24
TITLE_HEIGHT: Final = 34
FOOT_HEIGHT: Final = 34
FOOT_CHARACTERS_MAX: Final = 118
COLOURS: Final = {"nginx": "#7a7a7a"}
OURS: Final = "#2f6fb0"


@dataclass(frozen=True, slots=True)
class Chart:
    """One group of bars, from zero."""

    title: str
    unit: str
    values: dict[str, float]


def as_svg(charts: list[Chart], foot: str) -> str:
    """The charts below each other, and the conditions they were measured under."""
    parts: list[str] = []
    top = 10
    for chart in charts:
        parts.append(_text(10, top + 20, f"{chart.title} [{chart.unit}]", "bold"))
        top += TITLE_HEIGHT
        most = max(chart.values.values(), default=0.0)
        for name, value in chart.values.items():
            parts += _bar(top, name, value, most)
            top += ROW_HEIGHT
        top += ROW_HEIGHT // 2
    for line in _lines(foot):
        top += FOOT_HEIGHT // 2
        parts.append(_text(10, top, line, "normal", 11))
    height = top + FOOT_HEIGHT // 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" role="img">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>' + "".join(parts) + "</svg>\n"
    )


def _bar(top: int, name: str, value: float, most: float) -> list[str]:
    width = round((WIDTH - LABEL_WIDTH - VALUE_WIDTH) * value / most) if most else 0
    colour = COLOURS.get(name, OURS)
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return [
        _text(10, top + 14, name),
        f'<rect x="{LABEL_WIDTH}" y="{top}" width="{max(width, 1)}" height="{BAR_HEIGHT}" fill="{colour}"/>',
        _text(LABEL_WIDTH + width + 8, top + 14, shown),
    ]


def _lines(text: str) -> list[str]:
    """Cut at white space."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= FOOT_CHARACTERS_MAX:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _text(x: int, y: int, text: str, weight: str = "normal", size: int = 13) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="#1b1b1b">'
        f"{escape(text)}</text>"
    )
