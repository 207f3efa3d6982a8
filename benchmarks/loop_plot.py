"""Learning curves as a picture: PQ over the number of corrected images, beside the base."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

COLORS = {"with replay": "#2f6fb2", "without replay": "#c8622d", "with a replay set": "#3d8b5f"}
PANELS = (
    ("untouched_pq_there", "The end of the drive, which nobody touched"),
    ("old_pq_there", "Photos of the base's old world"),
)
SCALE = "PQ over the categories that are there"
WIDTH, PANEL, HEIGHT = 860, 360, 300
LEFT, TOP, BOTTOM = 48, 54, 214
STYLE = "font: 13px 'DejaVu Sans', system-ui, sans-serif; fill: #3c454f"

Row = Mapping[str, Any]


def plot(rows: Sequence[Row]) -> str:
    """Returns the curves of all rows as SVG.

    Args:
        rows: With "curve" ("base" first, for no corrected image), "corrected" and the scores of `PANELS`.
    """
    parts = [_panel(rows, key, title, LEFT + place * (PANEL + 60)) for place, (key, title) in enumerate(PANELS)]
    parts.append(_legend([name for name in COLORS if any(row["curve"] == name for row in rows)]))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
    return f'{head}<rect width="100%" height="100%" fill="#fff"/><g style="{STYLE}">{"".join(parts)}</g></svg>\n'


def _panel(rows: Sequence[Row], key: str, title: str, left: float) -> str:
    most = max(row["corrected"] for row in rows) or 1
    low, high = _bounds([row[key] for row in rows])
    width = PANEL - 30

    def x(count: float) -> float:
        return left + width * count / most

    def y(value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low)

    parts = [
        f'<text x="{left}" y="22" font-weight="600">{title}</text>',
        f'<text x="{left}" y="42">{SCALE}</text>',
    ]
    for mark in range(low, high + 1, 5 if high - low <= 30 else 10):
        parts.append(f'<line x1="{left}" y1="{y(mark):.1f}" x2="{left + width}" y2="{y(mark):.1f}" stroke="#e1e5ea"/>')
        parts.append(f'<text x="{left - 8}" y="{y(mark) + 4:.1f}" text-anchor="end">{mark}</text>')
    for count in sorted({row["corrected"] for row in rows}):
        parts.append(f'<text x="{x(count):.1f}" y="{BOTTOM + 20}" text-anchor="middle">{count}</text>')
    parts.append(f'<text x="{left + width / 2}" y="{BOTTOM + 40}" text-anchor="middle">corrected images</text>')
    base = rows[0]
    parts.append(
        f'<line x1="{left}" y1="{y(base[key]):.1f}" x2="{left + width}" y2="{y(base[key]):.1f}" stroke="#79838e"'
        f' stroke-dasharray="5 4"/>'
    )
    for name, color in COLORS.items():
        found = sorted((row for row in rows if row["curve"] == name), key=lambda row: int(row["corrected"]))
        if not found:
            continue
        points = [(x(row["corrected"]), y(row[key])) for row in [base, *found]]
        path = "L".join(f"{px:.1f} {py:.1f}" for px, py in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2.5" stroke-linejoin="round"/>')
        for (px, py), row in zip(points[1:], found, strict=True):
            told = f"{name}, {row['corrected']} corrected: {row[key]:.1f}"
            parts.append(
                f'<circle cx="{px:.1f}" cy="{py:.1f}" r="4" fill="{color}" stroke="#fff" stroke-width="1.5">'
                f"<title>{told}</title></circle>"
            )
    return "".join(parts)


def _bounds(values: Sequence[float]) -> tuple[int, int]:
    """Returns multiples of five around the values, no closer than ten points: small differences shall look small."""
    low, high = 5 * math.floor((min(values) - 1) / 5), 5 * math.ceil((max(values) + 1) / 5)
    if high - low < 10:
        low = max(0, low - 5)
        high = max(high, low + 10)
    return low, high


def _legend(names: Sequence[str]) -> str:
    parts = []
    entries = [("base", "#79838e"), *((name, COLORS[name]) for name in names)]
    for place, (name, color) in enumerate(entries):
        x = LEFT + 190 * place
        dashes = ' stroke-dasharray="5 4"' if name == "base" else ""
        parts.append(f'<line x1="{x}" y1="282" x2="{x + 26}" y2="282" stroke="{color}" stroke-width="2.5"{dashes}/>')
        parts.append(f'<text x="{x + 34}" y="286">{name}</text>')
    return "".join(parts)
