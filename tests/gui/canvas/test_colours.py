"""Colours by id, and the line that is seen on everything."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.app.canvas.colours import MAX_DENSE_ID, WHITE, IdTable, instance_rgb, line_words, word
from seamseg_studio.app.canvas.overlay import boundary

ids = st.one_of(st.integers(1, 400), st.integers(MAX_DENSE_ID + 1, (1 << 24) - 1))
words = st.integers(1, 2**32 - 1)


@given(st.dictionaries(ids, words, max_size=12), st.dictionaries(ids, st.one_of(st.just(0), words), max_size=6))
def test_a_table_answers_as_a_dictionary(first: dict[int, int], changes: dict[int, int]) -> None:
    table = IdTable(first)
    table.update(changes)
    expected = {**first, **changes}
    asked = [0, *expected, 399, 5000, (1 << 24) - 1]
    found = table.look_up(np.array([asked], np.int32))[0].tolist()
    assert found == [expected.get(i, 0) for i in asked]
    assert [table.get(i) for i in asked] == found


def test_words_are_premultiplied() -> None:
    assert word((255, 128, 0)) == 0xFFFF8000
    assert word((255, 128, 0), 128) == 0x80804000


def test_neighbouring_instances_differ() -> None:
    colors = np.array([instance_rgb(i, (0, 0, 142)) for i in range(1, 12)], float)
    distances = np.abs(colors[:, None] - colors[None]).sum(-1)
    assert distances[~np.eye(len(colors), dtype=bool)].min() > 60


def test_a_line_has_a_solid_core_and_a_dark_rim() -> None:
    line = line_words(WHITE)
    assert line[0] == 0
    assert line[255] == 0xFFFFFFFF
    rim = int(line[40])
    assert rim >> 24 > 60
    assert rim & 0xFF == 0
    alphas = (line >> 24).astype(int)
    assert (line & 0xFF <= alphas).all()  # premultiplied


@given(st.lists(st.lists(st.integers(0, 2), min_size=5, max_size=5), min_size=4, max_size=6))
def test_boundaries_lie_on_both_sides(rows: list[list[int]]) -> None:
    labels = np.array(rows, np.int32)
    padded = np.pad(labels, 1, mode="edge")
    differs = np.zeros(labels.shape, bool)
    for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
        differs |= padded[dy : dy + labels.shape[0], dx : dx + labels.shape[1]] != labels
    assert np.array_equal(boundary(labels) > 0, differs)
