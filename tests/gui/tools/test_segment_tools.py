"""Select, fill, split, refine, copy from the image before, pick and work area: real clicks, drags and keys."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from canvas_street import (
    BUS,
    BUS_BOX,
    CAR,
    CAR_BOX,
    CAR_CATEGORY,
    ROAD,
    ROAD_CATEGORY,
    SHAPE,
    SKY,
    SKY_CATEGORY,
    street,
)
from hand import Hand
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.editing.document import AT_ONCE_PX, Document
from seamseg_studio.app.tools import MaskSketch, Tool
from seamseg_studio.engine.project import ImageRecord, Status
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy, FillPolicy

Take = Callable[..., Tool]
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def is_one_step(document: Document, before: np.ndarray) -> bool:
    assert document.undo()
    return np.array_equal(document.map.ids, before) and not document.can_undo


# Select


def test_clicks_select_and_extend(take: Take, document: Document, hand: Hand) -> None:
    take("select")
    hand.click(150, 70)
    assert document.selection == {CAR}
    hand.click(150, 250, keys=SHIFT)
    assert document.selection == {CAR, BUS}
    hand.click(150, 70, keys=CTRL)
    assert document.selection == {BUS}
    hand.click(10, 10)
    assert document.selection == {SKY}


def test_clicking_again_goes_through_what_may_be_meant(
    take: Take, document: Document, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The car covers the sky that the model saw there; the road is its second choice."""
    ids = document.map.ids.copy()
    ids[CAR_BOX.slices] = SKY
    second = np.full(SHAPE, ROAD_CATEGORY, np.uint8)
    prediction = PanopticResult(ids, np.array([255, 0, 1, 2, 2]), np.ones(5, np.float32), np.zeros(5, bool), second)
    monkeypatch.setattr(Document, "prediction", prediction)
    take("select")
    seen = []
    for _ in range(4):
        hand.click(110, 70)
        seen.append(set(document.selection))
    assert seen == [{CAR}, {SKY}, {ROAD}, {CAR}]
    hand.click(110, 90)  # another place
    assert document.selection == {CAR}


def test_a_drag_selects_what_it_goes_around(take: Take, document: Document, hand: Hand) -> None:
    take("select")
    around_car = ((95, 40), (95, 110), (210, 110), (210, 40))
    hand.drag(*around_car)
    assert document.selection == {CAR}
    hand.drag((95, 190), (95, 310), (210, 310), (210, 190), keys=SHIFT)
    assert document.selection == {CAR, BUS}
    hand.drag((5, 5), (5, 40), (20, 40))  # holds no more than half of anything
    assert document.selection == {CAR, BUS}
    assert not document.can_undo


def test_esc_ends_a_lasso_of_select(take: Take, document: Document, hand: Hand) -> None:
    tool = take("select")
    hand.press(95, 40)
    hand.move(95, 110)
    hand.move(210, 110)
    hand.key(Qt.Key.Key_Escape)
    hand.release(210, 40)
    assert not tool.busy
    assert not document.selection


# Fill


def test_fill_gives_the_part_clicked(take: Take, document: Document, hand: Hand) -> None:
    document.change_policy(fill=FillPolicy.VOID)
    document.delete([CAR])
    before = document.map.ids.copy()
    document.set_current_category(ROAD_CATEGORY)
    take("fill")
    hand.click(150, 70)
    assert (document.map.ids[CAR_BOX.slices] == ROAD).all()
    assert document.undo_label == "fill with road"
    document.undo()
    assert np.array_equal(document.map.ids, before)


def test_what_a_click_would_fill_is_shown(take: Take, document: Document, hand: Hand, qtbot: QtBot) -> None:
    tool = take("fill")
    hand.move(150, 70)
    qtbot.waitUntil(lambda: bool(tool.sketch(document)))
    (shown,) = tool.sketch(document)
    assert isinstance(shown, MaskSketch)
    assert (shown.box, bool(shown.mask.all())) == (CAR_BOX, True)
    hand.move(20, 20)
    qtbot.waitUntil(lambda: bool(tool.sketch(document)))
    assert tool.sketch(document)[0].box != CAR_BOX  # type: ignore[union-attr]
    document.delete([SKY])
    assert not tool.sketch(document)  # what was shown is gone


def test_fill_closes_holes(take: Take, document: Document, hand: Hand) -> None:
    document.change_policy(fill=FillPolicy.VOID)
    document.begin_stroke(erase=True)
    document.stroke_to(150, 70, 5)
    document.finish_stroke()
    before = document.map.ids.copy()
    take("fill", filled="holes")
    hand.click(110, 70)
    assert (document.map.ids[CAR_BOX.slices] == CAR).all()
    assert document.undo()
    assert np.array_equal(document.map.ids, before)


def test_a_fill_of_a_locked_part_changes_nothing(take: Take, document: Document, hand: Hand) -> None:
    document.set_locked([CAR], True)
    steps = document.undo_label
    said: list[str] = []
    document.edit_failed.connect(said.append)
    take("fill")
    hand.click(150, 70)
    assert len(said) == 1
    assert "locked" in said[0]
    hand.drag((10, 10), (30, 30))  # a drag is no click
    assert document.undo_label == steps


# Split


def test_a_line_across_splits(take: Take, document: Document, hand: Hand) -> None:
    before, new = document.map.ids.copy(), document.map.next_id()
    take("split")
    hand.drag((90, 240), (150, 240), (210, 240))
    assert set(np.unique(document.map.ids[BUS_BOX.slices])) == {BUS, new}
    assert document.selection == {BUS, new}
    assert document.map.segments[new].category == CAR_CATEGORY
    assert document.undo_label == "split car"
    assert is_one_step(document, before)


def test_the_selected_segment_is_the_one_that_is_split(take: Take, document: Document, hand: Hand) -> None:
    document.set_selection({BUS})
    new = document.map.next_id()
    take("split")
    hand.drag((95, 75), (205, 75), (205, 250), (98, 250))  # through the car first, then the bus
    assert document.map.area(CAR) == CAR_BOX.area
    assert document.map.area(new) > 0
    assert document.selection == {BUS, new}


@pytest.mark.parametrize("row", [150, 90])
def test_a_line_that_does_not_cut_or_stuff_says_why(row: int, take: Take, document: Document, hand: Hand) -> None:
    said: list[str] = []
    document.edit_failed.connect(said.append)
    take("split")
    hand.drag((row, 220), (row, 230), (row, 240))
    assert len(said) == 1
    assert ("right across" if row == 150 else "is stuff") in said[0]
    assert not document.can_undo


def test_scribbles_split_along_edges(take: Take, document: Document, hand: Hand, canvas: Canvas) -> None:
    document.image[:, :250] = 20
    document.image[:, 250:] = 220
    before, new = document.map.ids.copy(), document.map.next_id()
    tool = take("split", by="scribbles")
    hand.drag((120, 220), (180, 220))
    hand.drag((120, 280), (180, 280))
    hand.drag((120, 260), (125, 270))
    hand.key(Qt.Key.Key_Backspace)
    assert tool.busy
    hand.key(Qt.Key.Key_Return)
    assert not tool.busy
    parts = document.map.ids[BUS_BOX.slices]
    columns = np.flatnonzero((parts != parts[:, :1]).any(axis=0))
    assert abs(int(columns[0]) + BUS_BOX.x0 - 250) <= 2
    assert set(np.unique(parts)) == {BUS, new}
    assert is_one_step(document, before)


def test_the_model_splits_where_it_is_unsure(
    take: Take, document: Document, canvas: Canvas, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    canvas.tool_hint_changed.connect(said.append)
    take("split", by="model")
    before, new = document.map.ids.copy(), document.map.next_id()
    hand.click(150, 250)
    assert "Label this image" in said[-1], "no model has seen it"
    uncertainty = np.zeros(SHAPE, np.uint8)
    uncertainty[:, 238:243] = 255
    categories = np.array([255, 0, 1, 2, 2])
    prediction = PanopticResult(before, categories, np.ones(5, np.float32), np.zeros(5, bool), uncertainty=uncertainty)
    monkeypatch.setattr(Document, "prediction", prediction)
    hand.click(150, 250)
    parts = document.map.ids[BUS_BOX.slices]
    columns = np.flatnonzero((parts != parts[:, :1]).any(axis=0))
    assert abs(int(columns[0]) + BUS_BOX.x0 - 240) <= 3
    assert set(np.unique(parts)) == {BUS, new}
    assert document.selection == {BUS, new}
    assert is_one_step(document, before)
    hand.click(150, 75)
    assert np.array_equal(document.map.ids, before), "it is sure of the car"


def test_one_scribble_is_not_enough_and_esc_clears(take: Take, document: Document, hand: Hand, canvas: Canvas) -> None:
    said: list[str] = []
    canvas.tool_hint_changed.connect(said.append)
    tool = take("split", by="scribbles")
    hand.drag((120, 220), (180, 220))
    hand.key(Qt.Key.Key_Return)
    assert "two parts" in said[-1]
    hand.key(Qt.Key.Key_Escape)
    assert not tool.busy
    assert not document.can_undo


# Refine


@pytest.mark.parametrize(("way_px", "grows"), [(30, True), (-30, False)])
def test_a_drag_grows_and_shrinks(way_px: int, grows: bool, take: Take, document: Document, hand: Hand) -> None:
    before = document.map.ids.copy()
    take("refine")
    hand.drag((150, 75), (150, 75 + way_px // 2), (150, 75 + way_px))
    margin = 5 if grows else -5  # six screen pixels a pixel, at 100 %
    assert document.map.bbox(CAR) == Box(
        CAR_BOX.y0 - margin, CAR_BOX.x0 - margin, CAR_BOX.y1 + margin, CAR_BOX.x1 + margin
    )
    assert document.undo_label == ("grow car" if grows else "shrink car")
    assert is_one_step(document, before)


def test_the_change_is_shown_before_it_is_made(take: Take, document: Document, hand: Hand, qtbot: QtBot) -> None:
    tool = take("refine")
    before = document.map.ids.copy()
    hand.press(150, 75)
    hand.move(150, 90)
    hand.move(150, 105)
    qtbot.waitUntil(lambda: not tool._worker.busy)  # type: ignore[attr-defined]
    (shown,) = tool.sketch(document)
    assert isinstance(shown, MaskSketch)
    ring = np.zeros(SHAPE, bool)
    ring[shown.box.slices] = shown.mask
    assert np.array_equal(document.map.ids, before)
    hand.key(Qt.Key.Key_Escape)
    hand.release(150, 105)
    assert not document.can_undo
    hand.drag((150, 75), (150, 90), (150, 105))
    assert np.array_equal(document.map.ids != before, ring)


def test_a_click_uses_the_amount(take: Take, document: Document, hand: Hand) -> None:
    take("refine", amount=4)
    hand.click(150, 75)
    assert document.map.bbox(CAR).width == CAR_BOX.width + 8
    hand.click(150, 75, keys=CTRL)
    assert document.map.bbox(CAR).width == CAR_BOX.width


def test_smoothing_rounds_corners_and_leaves_no_gap(take: Take, document: Document, hand: Hand) -> None:
    before = document.map.ids.copy()
    take("refine", refining="smooth", amount=6)
    hand.click(150, 250)
    assert document.map.ids[BUS_BOX.y0, BUS_BOX.x0] == SKY
    assert document.map.ids[150, 250] == BUS
    assert document.map.area(0) == 0
    assert document.undo_label == "smooth car"
    assert is_one_step(document, before)


def test_a_locked_segment_is_not_refined(take: Take, document: Document, hand: Hand) -> None:
    document.set_locked([CAR], True)
    before = document.map.ids.copy()
    said: list[str] = []
    document.edit_failed.connect(said.append)
    take("refine")
    hand.click(150, 75)
    assert np.array_equal(document.map.ids, before)
    assert "locked" in said[0]


# Copy from the image before


class Sequence:
    """A project with one labelled image before the open one."""

    read_only = False

    def __init__(self, document: Document, before: PanopticMap | None) -> None:
        self._inner = document.project
        self._before = before
        record = document.record
        self._records = [
            record._replace(id=record.id + 1),
            record._replace(id=record.id + 3, has_labels=False),  # there is nothing to copy from
            record,
            record._replace(id=record.id + 2),
        ]
        if before is None:
            self._records = self._records[1:]

    def images(self) -> list[ImageRecord]:
        return self._records

    def load_map(self, image_id: int) -> PanopticMap:
        assert image_id == self._records[0].id
        assert self._before is not None
        return self._before

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


BEFORE = Box(20, 20, 60, 80)


def map_before() -> PanopticMap:
    ids = np.zeros(SHAPE, np.int32)
    ids[BEFORE.slices] = 9
    ids[110:120, 60:90] = 9  # under the car of now
    return PanopticMap(ids, {9: Segment(CAR_CATEGORY, score=0.5, locked=True)})


def test_a_click_copies_the_segment_of_the_image_before(
    take: Take, document: Document, hand: Hand, qtbot: QtBot
) -> None:
    document.project = Sequence(document, map_before())  # type: ignore[assignment]
    document.set_locked([CAR], True)
    car = document.map.ids == CAR
    tool = take("previous")
    hand.move(30, 30)
    qtbot.waitUntil(lambda: tool._map is not None)  # type: ignore[attr-defined]
    hand.move(31, 31)
    (shown,) = tool.sketch(document)
    assert isinstance(shown, MaskSketch)
    new = document.map.next_id()
    hand.click(31, 31)
    assert document.map.area(new) == BEFORE.area
    assert np.array_equal(document.map.ids == CAR, car)  # the policy holds here too
    segment = document.map.segments[new]
    assert (segment.category, segment.locked, segment.score) == (CAR_CATEGORY, False, None)
    assert document.undo_label == "copy car from the image before"
    assert document.undo()
    assert new not in document.map.segments
    assert document.undo_label == "lock"


def test_without_an_image_before_the_tool_says_so(
    take: Take, document: Document, hand: Hand, qtbot: QtBot, canvas: Canvas
) -> None:
    document.project = Sequence(document, None)  # type: ignore[assignment]
    said: list[str] = []
    canvas.tool_hint_changed.connect(said.append)
    take("previous")
    hand.move(30, 30)
    qtbot.waitUntil(lambda: "no labelled image" in said[-1])
    hand.click(30, 30)
    assert not document.can_undo


# Pick and work area


def test_the_picker_takes_the_category(take: Take, document: Document, hand: Hand) -> None:
    take("pick")
    hand.click(10, 10)
    assert document.current_category == SKY_CATEGORY
    hand.click(150, 70)
    assert document.current_category == CAR_CATEGORY
    assert not document.can_undo


def test_options_of_select_pick_and_area(take: Take, document: Document, hand: Hand, canvas: Canvas) -> None:
    take("select", extends=True)
    hand.click(150, 70)
    hand.click(150, 250)
    assert document.selection == {CAR, BUS}
    hand.click(150, 70)
    assert document.selection == {BUS}
    take("pick", selects=True)
    hand.click(150, 70)
    assert document.selection == {CAR}
    said: list[str] = []
    canvas.tool_hint_changed.connect(said.append)
    area = take("area", extent="drawn")
    assert "rectangle first" in said[-1]
    assert document.policy.region is None
    hand.drag((20, 20), (40, 60))
    drawn = document.policy.region
    assert drawn == Box(20, 20, 41, 61)
    area.set_option("extent", "whole", document)
    assert document.policy.region is None
    area.set_option("extent", "drawn", document)
    assert document.policy.region == drawn
    hand.click(100, 100)
    assert area.options(document)[0].value == "whole"


def test_the_picker_says_where_there_is_nothing(take: Take, document: Document, hand: Hand, canvas: Canvas) -> None:
    said: list[str] = []
    canvas.tool_hint_changed.connect(said.append)
    assert document.delete([CAR])
    document.change_policy(fill=FillPolicy.VOID)
    assert document.delete([BUS])
    take("pick")
    category = document.current_category
    hand.click(150, 250)
    assert said[-1] == "There is no segment here"
    assert document.current_category == category


def test_a_work_area_bounds_every_tool_until_a_click_clears_it(
    take: Take, document: Document, hand: Hand, canvas: Canvas
) -> None:
    take("area")
    hand.drag((30, 40), (60, 80), (79, 139))
    assert document.policy.region == Box(30, 40, 80, 140)
    assert not document.can_undo
    outside = hand.color(10, 10)
    before = document.map.ids.copy()
    document.set_current_category(CAR_CATEGORY)
    take("brush", width=40)
    hand.drag((50, 10), (50, 200))
    changed = np.argwhere(document.map.ids != before)
    assert changed.min(axis=0).tolist() == [30, 40]
    assert changed[:, 1].max() == 139
    take("area")
    hand.press(100, 100)
    hand.move(150, 150)
    hand.key(Qt.Key.Key_Escape)
    hand.release(150, 150)
    assert document.policy.region is not None
    hand.click(100, 100)
    assert document.policy.region is None
    assert sum(hand.color(10, 10)) > sum(outside)  # what is outside was darkened


def test_the_second_image_goes_on_with_the_policy_but_not_the_area(document: Document) -> None:
    document.set_current_category(CAR_CATEGORY)
    document.change_policy(fill=FillPolicy.VOID, region=Box(0, 0, 5, 5))
    other = Document(document.project, document.record, document.image, street())
    other.go_on_like(document)
    assert other.current_category == CAR_CATEGORY
    assert other.policy.fill is FillPolicy.VOID
    assert other.policy.region is None
    assert document.record.status is Status.NEW


def test_no_gesture_begins_while_a_change_is_worked_out(
    take: Take, document: Document, hand: Hand, canvas: Canvas, qtbot: QtBot
) -> None:
    held, said = threading.Event(), []
    canvas.tool_hint_changed.connect(said.append)

    def make(policy: EditingPolicy) -> Patch:
        assert held.wait(20)
        return edits.delete(document.map, [BUS], policy)

    document.set_current_category(CAR_CATEGORY)
    take("brush", width=20)
    new = document.map.next_id()
    document.edit(make, num_pixels=AT_ONCE_PX + 1)
    hand.drag((30, 30), (30, 60))
    assert "worked out" in said[-1]
    assert document.map.next_id() == new
    held.set()
    qtbot.waitUntil(lambda: not document.working)
    assert BUS not in document.map.segments
    hand.drag((30, 30), (30, 60))
    assert document.map.area(new) > 0
