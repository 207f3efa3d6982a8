"""Plots of an evaluation as SVG that takes its colours from the page around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from seamseg_studio.engine.evaluation.panoptic_quality import Floats
from seamseg_studio.engine.scene.taxonomy import Category

_WIDTH, _HEIGHT = 460, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 40
_NUM_BINS = 10


def histogram(pq: Floats) -> str:
    """Draws how many categories have which PQ, in ten bins.

    Args:
        pq: By category, 0 to 1; NaN where a category does not occur.
    """
    counts, _ = np.histogram(pq[~np.isnan(pq)], bins=_NUM_BINS, range=(0, 1))
    step = max(1, -(-int(counts.max(initial=1)) // 4))  # at most four lines
    top = step * max(1, -(-int(counts.max(initial=1)) // step))
    parts = [_frame("PQ", "categories", [(mark / top, str(mark)) for mark in range(0, top + 1, step)])]
    for place, number in enumerate(counts.tolist()):
        if number:
            x0, y0 = _at(place / _NUM_BINS, number / top)
            x1, y1 = _at((place + 1) / _NUM_BINS, 0)
            said = f"PQ {place * 10} to {place * 10 + 10}: {number}"
            box = f'x="{x0 + 1.5:.1f}" y="{y0:.1f}" width="{x1 - x0 - 3:.1f}" height="{y1 - y0:.1f}"'
            parts.append(f'<rect class="bar" {box} rx="2"><title>{said}</title></rect>')
    return _svg("Histogram of PQ over categories", parts)


def scatter(categories: Sequence[Category], sq: Floats, rq: Floats) -> str:
    """Draws every category by how many of its segments are found (RQ) and how well those fit (SQ).

    Args:
        categories: Their names and colours.
        sq, rq: By category, 0 to 1; NaN where a category does not occur.
    """
    parts = [_frame("RQ: segments found", "SQ: how well they fit", [(mark / 4, str(25 * mark)) for mark in range(5)])]
    for category, fit, found in zip(categories, sq.tolist(), rq.tolist(), strict=True):
        if not math.isnan(found + fit):
            x, y = _at(found, fit)
            said = f"{escape(category.name)}: RQ {found * 100:.1f}, SQ {fit * 100:.1f}"
            fill = "rgb({}, {}, {})".format(*category.color)
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" style="fill: {fill}"><title>{said}</title></circle>'
            )
    return _svg("Segmentation quality against recognition quality of each category", parts)


def _frame(across: str, up: str, marks: Sequence[tuple[float, str]]) -> str:
    """Grid lines, numbers and names of the axes; the one across always goes from 0 to 100."""
    parts = []
    for share, text in marks:
        x, y = _at(0, share)
        parts.append(f'<line class="grid" x1="{x}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{x - 7}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    for number in range(0, 101, 20):
        x, y = _at(number / 100, 0)
        parts.append(f'<text x="{x:.1f}" y="{y + 17}" text-anchor="middle">{number}</text>')
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 5}" text-anchor="end">{across}</text>')
    parts.append(f'<text transform="translate(12 {middle}) rotate(-90)" text-anchor="middle">{up}</text>')
    return "".join(parts)


def _at(across: float, up: float) -> tuple[float, float]:
    """The point of two shares, 0 to 1 each."""
    x = _LEFT + across * (_WIDTH - _LEFT - _RIGHT)
    return x, _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)


def _svg(title: str, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    body = "\n".join(parts)
    return f'<svg {size} role="img" aria-label="{title}">\n{body}\n</svg>'
