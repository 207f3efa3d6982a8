"""Plots of an evaluation: every category is drawn, at its place."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from seamseg_studio.engine.evaluation.plots import histogram, scatter
from seamseg_studio.engine.scene.taxonomy import Category, Kind

_NAMES = ["road & <rail>", "sky", "car"]
_CATEGORIES = [Category(name, Kind.STUFF, (index, 2, 3)) for index, name in enumerate(_NAMES)]


def test_a_dot_for_each_category_that_occurs() -> None:
    plot = ElementTree.fromstring(scatter(_CATEGORIES, np.array([0.5, np.nan, 1.0]), np.array([0.25, np.nan, 1.0])))
    low, high = plot.findall("circle")
    assert [dot.findtext("title") for dot in (low, high)] == [
        "road & <rail>: RQ 25.0, SQ 50.0",
        "car: RQ 100.0, SQ 100.0",
    ]
    assert low.get("style") == "fill: rgb(0, 2, 3)"
    assert float(low.get("cx", "")) < float(high.get("cx", ""))
    assert float(low.get("cy", "")) > float(high.get("cy", ""))


@pytest.mark.parametrize("number", [1, 3, 7, 40])
def test_bars_are_as_high_as_their_counts_and_marks_are_few(number: int) -> None:
    values = np.array([np.nan, 0.0, 1.0, *[0.55] * number])
    plot = ElementTree.fromstring(histogram(values))
    bars = {bar.findtext("title"): float(bar.get("height", "")) for bar in plot.findall("rect")}
    assert list(bars) == ["PQ 0 to 10: 1", f"PQ 50 to 60: {number}", "PQ 90 to 100: 1"]
    assert bars[f"PQ 50 to 60: {number}"] == pytest.approx(number * bars["PQ 0 to 10: 1"], abs=0.1 * number)
    assert 2 <= len(plot.findall("line")) <= 5
    for bar in plot.findall("rect"):
        assert float(bar.get("y", "")) >= 0


def test_nothing_to_draw_is_an_empty_frame() -> None:
    assert not re.search(
        "<rect|<circle", histogram(np.full(3, np.nan)) + scatter(_CATEGORIES, *np.full((2, 3), np.nan))
    )
