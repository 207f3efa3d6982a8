"""Thousands of segments: neighbours are one range of the selection, and an edit tells of its own rows only."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex
from pytestqt.qtbot import QtBot

from seamseg_studio.app.panels.rows import Role
from seamseg_studio.app.panels.segment_model import SegmentModel
from seamseg_studio.app.panels.segment_rows import Group, Row, share_text

NUM = 5000


def rows(*, locked: int = 0) -> list[Row]:
    return [Row(n, f"car {n}", (1, 2, 3), n % 2, 1 / NUM, 0.5, "model", n == locked, False) for n in range(1, NUM + 1)]


def groups(rows: list[Row]) -> list[Group]:
    return [Group(str(kind), (1, 2, 3), tuple(row for row in rows if row.category == kind)) for kind in (0, 1)]


def test_selecting_all_is_one_range_a_heading(qtbot: QtBot) -> None:
    model = SegmentModel()
    model.set_rows(rows(), [])
    assert len(model.selection_of(range(1, NUM + 1))) == 1
    assert len(model.selection_of([1, 2, 3, 10, 12, 11, 9999])) == 2
    model.set_rows(rows(), groups(rows()))
    assert len(model.selection_of(range(1, NUM + 1))) == 2
    assert [model.place_of(n).row() for n in (1, 2, 3)] == [0, 0, 1]
    assert model.parent(model.place_of(1)).data(Role.ITEM) == -2
    assert model.ids_of(-2) == frozenset(range(1, NUM + 1, 2))


def test_only_what_changed_is_told(qtbot: QtBot) -> None:
    model = SegmentModel()
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    assert model.set_rows(rows(), [])
    assert not model.set_rows(rows(), [])
    assert told == []
    assert not model.set_rows(rows(locked=7), [])
    assert told == [(6, 6)]
    model.set_rows(rows(), groups(rows()))
    told.clear()
    model.set_rows(rows(locked=7), groups(rows(locked=7)))
    assert told == [(3, 3), (1, 1)]


def test_headings_are_parents_of_their_rows(qtbot: QtBot) -> None:
    model = SegmentModel()
    model.set_rows(rows(), groups(rows()))
    assert model.rowCount() == 2
    for number in range(2):
        heading = model.index(number, 0)
        assert model.rowCount(heading) == NUM // 2
        assert model.index(5, 0, heading).parent() == heading
        assert model.rowCount(model.index(5, 0, heading)) == 0
    assert model.rowCount(QModelIndex()) == 2


def test_shares_are_short() -> None:
    assert [share_text(share) for share in (0.5, 0.0123, 0.00001)] == ["50 %", "1.2 %", "< 0.1 %"]
