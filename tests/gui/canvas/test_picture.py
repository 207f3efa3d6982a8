"""What is seen: colours, outlines, modes; and that only what changed is rendered again."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from canvas_street import BUS, CAR, CAR_CATEGORY, ROAD, SHAPE, SKY, TAXONOMY, MakeDocument, street
from hand import LEFT, Hand
from PySide6.QtGui import QImage, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from seamseg_studio.app.canvas import Canvas, OverlayMode
from seamseg_studio.app.canvas.colours import PROVENANCE_RGB, SELECTED_RGB, instance_rgb
from seamseg_studio.app.canvas.image_layer import ImageLayer
from seamseg_studio.app.canvas.labelled_layer import LabelledLayer
from seamseg_studio.app.canvas.overlay import Overlay
from seamseg_studio.app.canvas.tiles import Rect
from seamseg_studio.app.canvas.viewpoint import Viewpoint
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.look.palettes import PaletteChoice, palette_color
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.stroke import Stroke

GREY = 100
ROAD_AT, SKY_AT, CAR_AT, BUS_AT = (280, 200), (10, 10), (150, 75), (150, 250)


def blended(rgb: tuple[int, int, int], opacity: float) -> list[float]:
    return [GREY + (value - GREY) * opacity for value in rgb]


def test_fill_is_the_category_colour_over_the_photo(canvas: Canvas, hand: Hand) -> None:
    canvas.set_overlay_opacity(0.4)
    assert hand.color(*ROAD_AT) == pytest.approx(blended(TAXONOMY[0].color, 0.4), abs=2)
    assert hand.color(*SKY_AT) == pytest.approx(blended(TAXONOMY[1].color, 0.4), abs=2)
    canvas.set_overlay_opacity(0)
    assert hand.color(*ROAD_AT) == (GREY, GREY, GREY)
    canvas.set_overlay_opacity(1)
    assert hand.color(*CAR_AT) == pytest.approx(TAXONOMY[2].color, abs=2)


def test_outlines_are_white_and_yellow_where_selected(canvas: Canvas, document: Document, hand: Hand) -> None:
    edge = (110, SHAPE[1] // 8)  # the car's left border, above its name
    assert hand.color(*edge) == (255, 255, 255)
    document.set_selection({CAR})
    assert hand.color(*edge) == SELECTED_RGB
    assert hand.color(110, SHAPE[1] // 2) == (255, 255, 255)
    document.set_selection(())
    assert hand.color(*edge) == (255, 255, 255)
    canvas.set_show_outlines(False)
    assert hand.color(*edge) == pytest.approx(blended(TAXONOMY[2].color, canvas.overlay_opacity), abs=2)


def test_modes(canvas: Canvas, document: Document, hand: Hand) -> None:
    canvas.set_overlay_opacity(1)
    canvas.set_overlay_mode(OverlayMode.OUTLINE)
    assert hand.color(*CAR_AT) == (GREY, GREY, GREY)
    assert hand.color(150, SHAPE[1] // 8) == (255, 255, 255)
    canvas.set_overlay_mode(OverlayMode.INSTANCE)
    colors = hand.color(*CAR_AT), hand.color(*BUS_AT)
    assert colors[0] != colors[1]
    assert colors[0] == pytest.approx(instance_rgb(CAR, TAXONOMY[2].color), abs=2)
    assert hand.color(*ROAD_AT) == pytest.approx(TAXONOMY[0].color, abs=2)
    canvas.set_overlay_mode(OverlayMode.PROVENANCE)
    assert hand.color(*CAR_AT) == PROVENANCE_RGB[2]
    canvas.set_overlay_mode(OverlayMode.FILL)
    assert hand.color(*CAR_AT) == pytest.approx(TAXONOMY[2].color, abs=2)


def test_hidden_segments_leave_the_photo_alone(canvas: Canvas, hand: Hand) -> None:
    canvas.set_hidden_segments({CAR})
    assert hand.color(*CAR_AT) == (GREY, GREY, GREY)
    assert hand.color(*BUS_AT) != (GREY, GREY, GREY)
    canvas.set_hidden_categories({CAR_CATEGORY})
    assert hand.color(*BUS_AT) == (GREY, GREY, GREY)
    canvas.set_hidden_categories(())
    canvas.set_hidden_segments(())
    assert hand.color(*CAR_AT) != (GREY, GREY, GREY)


def test_brightness_changes_the_photo_only(canvas: Canvas, hand: Hand) -> None:
    canvas.set_overlay_opacity(0)
    canvas.set_image_brightness(0.5)
    assert hand.color(*ROAD_AT) == (50, 50, 50)
    canvas.set_image_brightness(2.0)
    assert hand.color(*ROAD_AT) == (200, 200, 200)
    canvas.set_overlay_opacity(1)
    assert hand.color(*CAR_AT) == pytest.approx(TAXONOMY[2].color, abs=2)


def test_relabelling_and_undo_recolour(canvas: Canvas, document: Document, hand: Hand) -> None:
    canvas.set_overlay_opacity(1)
    before = hand.color(*CAR_AT)
    assert document.relabel([CAR], 0)
    assert hand.color(*CAR_AT) == pytest.approx(TAXONOMY[0].color, abs=2)
    assert document.undo()
    assert hand.color(*CAR_AT) == before


def test_pixels_are_square_and_sharp_at_high_zoom(make_document: MakeDocument, canvas: Canvas, hand: Hand) -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    canvas.set_document(make_document(PanopticMap.empty(40, 50), image))
    canvas.set_overlay_opacity(0)
    canvas.look_from(Viewpoint(10.0, 0, 0))  # below the grid's scale
    picture = hand.picture()
    for y, x in ((0, 0), (3, 7), (20, 33)):
        for dv, du in ((0, 0), (9, 9), (0, 9), (5, 5)):
            color = picture.pixelColor(x * 10 + du, y * 10 + dv)
            assert [color.red(), color.green(), color.blue()] == image[y, x].tolist()


def test_below_100_percent_the_photo_is_smooth(make_document: MakeDocument, canvas: Canvas, hand: Hand) -> None:
    image = np.zeros((600, 600, 3), np.uint8)
    image[::2] = 200  # stripes one pixel high become an even grey
    canvas.set_document(make_document(PanopticMap.empty(600, 600), image))
    canvas.look_from(Viewpoint(0.5, 0, 0))
    assert hand.color(300, 300) == (100, 100, 100)


@pytest.mark.parametrize("scale", [1.0, 0.37, 2.3])
def test_after_any_edits_the_picture_is_that_of_a_fresh_canvas(scale: float, qapp: QApplication) -> None:
    rng = np.random.default_rng(5)
    shape = (900, 700)
    panoptic_map = street(shape)
    photo = rng.integers(0, 255, (*shape, 3), np.uint8)
    layer = LabelledLayer(ImageLayer(photo), Overlay(panoptic_map, TAXONOMY))
    policy = edits.EditingPolicy(TAXONOMY)
    whole = Rect(0, 0, 3000, 3000)
    layer.prepare(whole, scale, float("inf"))
    for step in range(12):
        radius = float(rng.choice([3, 40, 260]))
        target = Segment(CAR_CATEGORY) if step % 3 else None
        stroke = Stroke(panoptic_map, target, policy)
        layer.overlay.take_over(frozenset({stroke.target_id}))
        for _ in range(3):
            y, x = rng.uniform(0, 1, 2) * shape
            layer.mark_changed(stroke.line_to((y, x), radius))
            layer.prepare(whole, scale, float("inf"))
        patch = stroke.finish()
        if patch is not None:
            layer.mark_changed(patch.box)
            layer.overlay.take_over(patch.touched_ids)
        chosen = frozenset(rng.choice(list(panoptic_map.segments), 2).tolist())
        layer.outdate_segments(layer.overlay.set_selection(chosen))
        layer.prepare(whole, scale, float("inf"))
        fresh = LabelledLayer(ImageLayer(photo), Overlay(panoptic_map, TAXONOMY))
        fresh.overlay.set_selection(chosen)
        fresh.prepare(whole, scale, float("inf"))
        for key, tile in fresh._now.tiles.items():
            span = tile.span(tile.rect)
            assert np.array_equal(layer._now.tiles[key].sheet.words[span], tile.sheet.words[span]), (step, key)


def test_a_dab_renders_its_tiles_only_and_a_pan_none(canvas: Canvas, document: Document, hand: Hand) -> None:
    document.set_current_category(CAR_CATEGORY)
    document.begin_stroke()
    hand.settle()
    layer = canvas._need_stage()._labelled
    assert layer is not None
    num_before, num_photo = layer.num_rendered, layer._image.num_rendered
    document.stroke_to(100, 100, 5)  # inside the first tile
    hand.settle()
    assert layer.num_rendered == num_before + 1
    document.stroke_to(100, 252, 2)  # over the border between two tiles
    hand.settle()
    assert layer.num_rendered == num_before + 3
    hand.settle()
    assert layer.num_rendered == num_before + 3
    assert layer._image.num_rendered == num_photo, "the photo was rendered again"
    document.finish_stroke()
    hand.settle()
    num_now = layer.num_rendered
    canvas.look_from(canvas._view.panned(10, 10))
    hand.settle()
    assert layer.num_rendered == num_now


def test_a_wide_brush_renders_its_leading_edge_only(make_document: MakeDocument, canvas: Canvas, hand: Hand) -> None:
    document = make_document(street((1500, 2000)))
    canvas.set_document(document)
    canvas.zoom_100()
    document.set_current_category(CAR_CATEGORY)
    hand.settle()
    document.begin_stroke()
    document.stroke_to(750, 1000, 950)
    hand.settle()
    layer = canvas._need_stage()._labelled
    assert layer is not None
    num_before = layer.num_rendered
    document.stroke_to(750, 1010, 950)  # all that is in view was painted before
    hand.settle()
    assert layer.num_rendered == num_before
    document.cancel_stroke()


def test_first_frame_after_a_zoom_is_not_empty(canvas: Canvas, hand: Hand) -> None:
    canvas.set_overlay_opacity(1)
    hand.settle()
    hand.wheel(*CAR_AT, 3)
    stage = canvas._need_stage()
    spot = hand.spot(*CAR_AT).toPoint()
    first = hand.viewport.grab().toImage().pixelColor(spot)
    assert not stage.is_complete
    assert (first.red(), first.green(), first.blue()) == pytest.approx(TAXONOMY[2].color, abs=2)
    assert hand.color(*CAR_AT) == pytest.approx(TAXONOMY[2].color, abs=2)
    assert stage.is_complete


def test_minimap_shows_the_map_and_looks_where_clicked(canvas: Canvas, hand: Hand) -> None:
    hand.qtbot.waitUntil(lambda: not canvas._minimap._picture.isNull())
    canvas.look_from(Viewpoint(4.0, 0, 0))
    hand.qtbot.mouseClick(canvas._minimap, LEFT, pos=canvas._minimap.rect().center())
    rows, columns = canvas._need_stage().device_shape
    assert canvas._view.to_image(rows / 2, columns / 2) == pytest.approx((SHAPE[0] / 2, SHAPE[1] / 2), abs=3)
    picture: QImage = canvas._minimap._picture
    lower = picture.pixelColor(picture.width() // 2, picture.height() - 4)
    assert lower.red() > lower.blue()  # road, not sky


def test_tag_of_a_segment_out_of_view_is_not_shown(canvas: Canvas, document: Document, hand: Hand) -> None:
    canvas.look_from(Viewpoint(4.0, 0, 0))  # the upper left corner: neither car nor bus
    before = hand.picture()
    document.set_selection({BUS})
    assert hand.picture() == before


def test_thousands_of_repaints_survive(canvas: Canvas, hand: Hand) -> None:
    # PySide6 6.12 dropped a reference to None at every paintEvent in Python and aborted after some 5,000.
    hand.settle()
    stage = canvas._need_stage()
    num_before = stage.num_frames
    for _ in range(6000):
        hand.viewport.repaint(0, 0, 8, 8)
    assert stage.num_frames == num_before + 6000


class _Spot(QWidget):
    """The smallest thing that is painted in Python."""

    num_paints = 0

    def paintEvent(self, event: QPaintEvent) -> None:
        self.num_paints += 1


def test_thirty_thousand_paints_and_turns_of_the_loop_cost_no_reference(qtbot: QtBot) -> None:
    # The same fault, where it lay: each paint in Python, and each processEvents(), took one reference to None.
    spot = _Spot()
    spot.resize(1, 1)
    qtbot.addWidget(spot)
    with qtbot.waitExposed(spot):
        spot.show()
    num_paints, num_references = spot.num_paints, sys.getrefcount(None)
    for _ in range(30_000):
        spot.repaint()
    for _ in range(1000):
        QApplication.processEvents()
    assert spot.num_paints >= num_paints + 30_000
    assert sys.getrefcount(None) > num_references - 500


def test_the_canvas_is_imported_without_torch_and_pyqtgraph() -> None:
    code = (
        "import sys, seamseg_studio.app.canvas, seamseg_studio.app.tools, seamseg_studio.app.editing.document\n"
        "print([name for name in ('torch', 'pyqtgraph') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"


def test_another_map_of_the_same_image_is_shown(canvas: Canvas, document: Document, hand: Hand) -> None:
    canvas.set_overlay_opacity(1)
    view = canvas._view
    document._map = PanopticMap(np.full(SHAPE, 9, np.int32), {9: Segment(0)})
    document.map_replaced.emit()
    assert hand.color(*SKY_AT) == pytest.approx(TAXONOMY[0].color, abs=2)
    assert canvas._view == view


def test_change_outside_the_view_is_seen_when_one_gets_there(canvas: Canvas, document: Document, hand: Hand) -> None:
    canvas.set_overlay_opacity(1)
    hand.settle()
    view = canvas._view
    canvas.look_from(Viewpoint(1.0, -450, 0))  # only the top is in view
    hand.settle()
    ids = document.map.ids
    assert ids[ROAD_AT] == ROAD
    mask = np.ones((40, 40), np.bool_)
    assert document.commit(edits.paint(document.map, mask, Box(260, 180, 300, 220), SKY, document.policy))
    canvas.look_from(view)
    assert hand.color(*ROAD_AT) == pytest.approx(TAXONOMY[1].color, abs=2)


def test_other_palette_is_seen_at_once_and_goes_back(canvas: Canvas, document: Document, hand: Hand) -> None:
    canvas.set_overlay_opacity(1.0)
    own = hand.color(*ROAD_AT)
    document.set_palette(PaletteChoice.OKABE_ITO)
    assert hand.color(*ROAD_AT) == pytest.approx(palette_color(PaletteChoice.OKABE_ITO, 0), abs=2)
    assert document.taxonomy is TAXONOMY
    document.set_palette(PaletteChoice.PROJECT)
    assert hand.color(*ROAD_AT) == own
