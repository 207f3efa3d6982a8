"""What the colours over the image mean, in pixels of the canvas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from canvas_street import BUS, CAR, CAR_CATEGORY, ROAD, ROAD_CATEGORY, SKY, TAXONOMY, MakeDocument, street
from hand import Hand
from memory_project import MemoryProject, record_of
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from seamseg_studio.app.canvas import Canvas, OverlayMode
from seamseg_studio.app.canvas.colours import HEAT_RGB, PROVENANCE_RGB, heat, instance_rgb
from seamseg_studio.app.canvas.image_layer import tone_curve
from seamseg_studio.app.editing.document import Document
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

IN_CAR, IN_BUS, IN_SKY, IN_ROAD = (180, 90), (180, 250), (20, 200), (290, 200)
GREY = (100, 100, 100)  # the photo
SCORES = {ROAD: 1.0, SKY: 0.75, CAR: 0.5, BUS: 0.0}


def over(fill: tuple[int, int, int], opacity: float = 1.0) -> tuple[float, ...]:
    return tuple(100 + (value - 100) * opacity for value in fill)


def near(color: tuple[int, int, int], wanted: tuple[float, ...]) -> bool:
    return bool(np.abs(np.subtract(color, wanted)).max() <= 3)


@pytest.fixture
def modelled(make_document: MakeDocument, canvas: Canvas) -> Document:
    """A document whose segments are all the model's, of which it is more and less sure."""
    plain = street()
    segments = {i: replace(one, origin=Origin.MODEL, score=SCORES[i]) for i, one in plain.segments.items()}
    panoptic_map = PanopticMap(plain.ids.copy(), segments, np.full(plain.shape, 1, np.uint8))
    prediction = PanopticResult(
        plain.ids.copy(),
        np.array([255, 0, 1, 2, 2]),
        np.array([0.0, *SCORES.values()], np.float32),
        np.zeros(5, bool),
    )
    image = np.full((*plain.shape, 3), 100, np.uint8)
    document = Document(MemoryProject(TAXONOMY), record_of(plain.shape), image, panoptic_map, prediction)  # type: ignore[arg-type]
    canvas.set_document(document)
    canvas.zoom_100()
    canvas.set_overlay_opacity(1.0)
    return document


def test_uncertainty_is_the_hotter_the_less_sure(modelled: Document, canvas: Canvas, hand: Hand) -> None:
    canvas.set_overlay_mode(OverlayMode.UNCERTAINTY)
    assert near(hand.color(*IN_BUS), HEAT_RGB[-1])
    assert near(hand.color(*IN_CAR), over(HEAT_RGB[2], (heat(0.5) >> 24) / 255))
    assert near(hand.color(*IN_ROAD), over(HEAT_RGB[0], (heat(0.0) >> 24) / 255))
    # What a person says is sure, pixel by pixel and by segment.
    modelled.set_current_category(ROAD_CATEGORY)
    assert modelled.begin_stroke()
    modelled.stroke_to(*IN_BUS, 10)
    assert modelled.finish_stroke()
    assert near(hand.color(*IN_BUS), GREY)
    assert near(hand.color(IN_BUS[0] - 60, IN_BUS[1]), HEAT_RGB[-1])
    modelled.delete([BUS])
    modelled.undo()
    assert modelled.relabel([CAR], CAR_CATEGORY) is False
    assert near(hand.color(*IN_CAR), over(HEAT_RGB[2], (heat(0.5) >> 24) / 255))


def test_uncertainty_is_shown_pixel_by_pixel_where_the_model_told_it(
    modelled: Document, canvas: Canvas, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def predict(uncertainty: NDArray[np.uint8] | None) -> None:
        assert prediction is not None
        told = replace(prediction, uncertainty=uncertainty)
        monkeypatch.setattr(Document, "prediction", property(lambda _: told))
        modelled.prediction_stored.emit()

    prediction = modelled.prediction
    canvas.set_overlay_mode(OverlayMode.UNCERTAINTY)
    by_segment = hand.color(*IN_SKY)
    uncertainty = np.zeros(modelled.map.shape, np.uint8)
    uncertainty[:, 150:] = 255
    uncertainty[IN_CAR[0] - 20 : IN_CAR[0] + 21, IN_CAR[1] - 20 : IN_CAR[1] + 21] = 128
    predict(uncertainty)
    sure = over(HEAT_RGB[0], (heat(0.0) >> 24) / 255)
    half = over(HEAT_RGB[2], (heat(0.5) >> 24) / 255)
    assert near(hand.color(*IN_CAR), half)
    assert near(hand.color(IN_CAR[0] - 25, IN_CAR[1]), sure), "one segment, another pixel"
    assert near(hand.color(*IN_SKY), HEAT_RGB[-1])
    assert near(hand.color(IN_SKY[0], 100), sure)
    assert not near(by_segment, HEAT_RGB[-1])
    # What a person painted is plain, and only that.
    modelled.set_current_category(ROAD_CATEGORY)
    assert modelled.begin_stroke()
    modelled.stroke_to(*IN_CAR, 10)
    assert modelled.finish_stroke()
    assert near(hand.color(*IN_CAR), GREY)
    assert near(hand.color(IN_CAR[0] + 17, IN_CAR[1]), half)
    modelled.undo()
    assert near(hand.color(*IN_CAR), half)
    canvas.set_hidden_segments({CAR})
    assert near(hand.color(*IN_CAR), GREY)
    canvas.set_hidden_segments(())
    assert near(hand.color(*IN_CAR), half)
    predict(None)
    assert near(hand.color(*IN_SKY), by_segment)


def test_difference_shows_only_what_the_model_did_not_say(modelled: Document, canvas: Canvas, hand: Hand) -> None:
    canvas.set_overlay_mode(OverlayMode.DIFFERENCE)
    canvas.set_show_outlines(False)
    for place in (IN_CAR, IN_BUS, IN_SKY, IN_ROAD):
        assert near(hand.color(*place), GREY)
    modelled.set_current_category(ROAD_CATEGORY)
    assert modelled.begin_stroke()
    modelled.stroke_to(*IN_CAR, 10)
    assert modelled.finish_stroke()
    road = TAXONOMY[ROAD_CATEGORY].color
    assert near(hand.color(*IN_CAR), road)
    assert near(hand.color(IN_CAR[0] - 60, IN_CAR[1]), GREY)
    modelled.relabel([BUS], ROAD_CATEGORY)
    assert near(hand.color(*IN_BUS), road)
    modelled.undo()
    assert near(hand.color(*IN_BUS), GREY)


def test_difference_says_that_there_is_nothing_to_compare_with(
    make_document: MakeDocument, canvas: Canvas, hand: Hand, modelled: Document
) -> None:
    def notice() -> NDArray[np.uint32]:
        picture = hand.viewport.grab().toImage()
        pixels = np.frombuffer(picture.constBits(), np.uint32).reshape(picture.height(), -1)
        return pixels[10:30, picture.width() // 2 - 60 : picture.width() // 2 + 60].copy()

    for document, is_told in ((modelled, False), (make_document(street()), True)):
        canvas.set_document(document)
        canvas.set_show_outlines(False)
        canvas.set_overlay_mode(OverlayMode.OUTLINE)
        plain = notice()
        canvas.set_overlay_mode(OverlayMode.DIFFERENCE)
        assert (len(np.unique(notice())) > len(np.unique(plain)) + 5) is is_told


def test_category_colours_have_no_outlines(modelled: Document, canvas: Canvas, hand: Hand) -> None:
    edge = (150, SHAPE_EDGE)
    canvas.set_overlay_mode(OverlayMode.FILL)
    with_outline = hand.color(*edge)
    canvas.set_overlay_mode(OverlayMode.CATEGORY)
    assert near(hand.color(*edge), TAXONOMY[CAR_CATEGORY].color)
    assert not near(with_outline, TAXONOMY[CAR_CATEGORY].color)
    assert near(hand.color(*IN_CAR), TAXONOMY[CAR_CATEGORY].color)


SHAPE_EDGE = 50  # the car's first column


def test_instances_and_provenance(modelled: Document, canvas: Canvas, hand: Hand) -> None:
    canvas.set_overlay_mode(OverlayMode.INSTANCE)
    car = TAXONOMY[CAR_CATEGORY].color
    assert near(hand.color(*IN_CAR), instance_rgb(CAR, car))
    assert near(hand.color(*IN_BUS), instance_rgb(BUS, car))
    canvas.set_overlay_mode(OverlayMode.PROVENANCE)
    assert near(hand.color(*IN_SKY), PROVENANCE_RGB[1])
    canvas.set_hidden_segments({SKY})
    assert near(hand.color(*IN_SKY), GREY), "hidden in every mode"


@pytest.mark.parametrize("mode", [OverlayMode.FILL, OverlayMode.OUTLINE, OverlayMode.DIFFERENCE])
def test_all_but_the_selection_is_dimmed(modelled: Document, canvas: Canvas, hand: Hand, mode: OverlayMode) -> None:
    canvas.set_overlay_mode(mode)
    canvas.set_overlay_opacity(0.5)
    before = {place: hand.color(*place) for place in (IN_CAR, IN_SKY)}
    canvas.toggle("dims_others")
    assert {place: hand.color(*place) for place in (IN_CAR, IN_SKY)} == before, "nothing is selected"
    modelled.set_selection({CAR})
    assert near(hand.color(*IN_SKY), (50, 50, 50))
    assert max(hand.color(*IN_CAR)) > 90
    modelled.set_selection({SKY})
    assert near(hand.color(*IN_CAR), (50, 50, 50))
    canvas.toggle("dims_others")
    assert hand.color(*IN_CAR) == before[IN_CAR]


def test_hidden_category_shows_the_photo(modelled: Document, canvas: Canvas, hand: Hand) -> None:
    canvas.set_hidden_categories({CAR_CATEGORY})
    assert near(hand.color(*IN_CAR), GREY)
    assert near(hand.color(*IN_BUS), GREY)
    assert near(hand.color(*IN_SKY), TAXONOMY[1].color)
    modelled.set_current_category(CAR_CATEGORY)
    assert modelled.begin_stroke()
    modelled.stroke_to(*IN_SKY, 10)
    assert modelled.finish_stroke()
    modelled.set_selection(())
    assert near(hand.color(*IN_SKY), GREY), "a new segment of it is hidden too"


def test_hidden_categories_are_those_of_one_taxonomy(
    modelled: Document, canvas: Canvas, make_document: MakeDocument
) -> None:
    canvas.set_hidden_categories({CAR_CATEGORY})
    canvas.set_document(None)
    canvas.set_document(make_document())
    assert canvas.hidden_categories == {CAR_CATEGORY}
    other = make_document()
    bus = Category("bus", Kind.THING, (1, 2, 3))
    taxonomy = Taxonomy("other", (*TAXONOMY.categories[:2], bus, TAXONOMY.categories[2]))
    other.set_policy(replace(other.policy, taxonomy=taxonomy))
    canvas.set_document(other)
    assert canvas.hidden_categories == frozenset(), "the number is another category's there"


def test_tones_change_the_photo_and_nothing_else(modelled: Document, canvas: Canvas, hand: Hand) -> None:
    canvas.set_peek(True)
    canvas.set_image_tones(1.0, 2.0, 1.0)
    assert near(hand.color(*IN_SKY), (72, 72, 72))
    canvas.set_image_tones(1.0, 1.0, 2.0)
    assert near(hand.color(*IN_SKY), (160, 160, 160))
    canvas.set_image_tones(0.5)
    assert near(hand.color(*IN_SKY), (50, 50, 50))
    canvas.set_image_tones()
    assert near(hand.color(*IN_SKY), GREY)
    assert modelled.image[0, 0, 0] == 100


def test_tone_curve_keeps_its_promises() -> None:
    assert np.array_equal(tone_curve(1.0, 1.0, 1.0), np.arange(256))
    for curve in (tone_curve(1.3, 0.7, 2.0), tone_curve(0.4, 3.0, 0.5)):
        assert (np.diff(curve.astype(int)) >= 0).all()
    assert set(tone_curve(1.0, 0.0, 1.0)) == {128}


def painted_pixels(canvas: Canvas, hand: Hand, change: Callable[[], None]) -> np.ndarray:
    """Where the picture is another after `change`."""
    before = as_array(hand)
    change()
    return (as_array(hand) != before).any(axis=2)


def as_array(hand: Hand) -> np.ndarray:
    picture = hand.picture()
    return np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.width(), 4).copy()


def test_names_stand_on_their_segments(modelled: Document, canvas: Canvas, hand: Hand) -> None:
    changed = painted_pixels(canvas, hand, lambda: canvas.toggle("names"))
    rows, columns = np.nonzero(changed)
    assert len(rows) > 50
    ids = set()
    for row, column in zip(rows, columns, strict=True):
        y, x = canvas._view.to_image(row + 0.5, column + 0.5)
        ids.add(int(modelled.map.ids[int(y), int(x)]))
    assert {ROAD, SKY, CAR, BUS} <= ids
    hidden = painted_pixels(canvas, hand, lambda: canvas.set_peek(True))
    assert hidden.any()
    canvas.set_peek(False)
    canvas.set_hidden_segments({SKY})
    canvas.set_overlay_opacity(0.0)
    with_names = as_array(hand)
    canvas.toggle("names")
    top = slice(0, int(hand.spot(95, 0).y()))
    assert np.array_equal(with_names[top], as_array(hand)[top]), "a hidden segment bears no name"


def test_rulers_and_crosshair_are_drawn_at_the_pointer_only_when_wanted(
    canvas: Canvas, hand: Hand, modelled: Document, qtbot: QtBot
) -> None:
    hand.move(*IN_CAR)
    changed = painted_pixels(canvas, hand, lambda: canvas.toggle("rulers"))
    assert changed[:18].mean() > 0.9
    assert changed[:, :18].mean() > 0.9
    assert not changed[20:, 20:].any()
    spot = hand.spot(*IN_CAR)
    changed = painted_pixels(canvas, hand, lambda: canvas.toggle("crosshair"))
    rows, columns = np.nonzero(changed)
    assert (np.minimum(abs(rows - spot.y()), abs(columns - spot.x())) <= 2.5).all()
    assert not changed[int(spot.y()), int(spot.x())], "what is pointed at stays free"
    before = as_array(hand)
    hand.move(*IN_SKY)
    hand.move(*IN_CAR)
    assert np.array_equal(as_array(hand), before), "nothing is left behind"


def test_the_bar_chooses_modes_and_tones(canvas: Canvas, modelled: Document, qtbot: QtBot) -> None:
    bar = canvas._bar
    canvas.resize(1100, 500)
    qtbot.waitUntil(lambda: not bar.is_compact)
    for mode in OverlayMode:
        bar.choose(mode)
        assert canvas.overlay_mode is mode
        assert bar.more.isChecked() is (mode not in (OverlayMode.FILL, OverlayMode.OUTLINE, OverlayMode.INSTANCE))
    assert bar.more.text() == "Difference"
    bar.tones.contrast.setValue(150)
    bar.tones.gamma.setValue(50)
    assert canvas.image_tones == pytest.approx((1.0, 2.0, 2.0))
    bar.brightness.setValue(150)
    assert canvas.image_tones == pytest.approx((1.5, 2.0, 2.0))
    qtbot.mouseClick(bar.tones.reset, Qt.MouseButton.LeftButton)
    assert canvas.image_tones == (1.0, 1.0, 1.0)
    assert (bar.brightness.value(), bar.tones.contrast.value(), bar.tones.gamma.value()) == (100, 100, 0)


def test_a_narrow_canvas_keeps_all_modes_within_reach(canvas: Canvas, modelled: Document, qtbot: QtBot) -> None:
    bar = canvas._bar
    for width in (1100, 420, 1100):
        canvas.resize(width, 500)
        qtbot.waitUntil(lambda width=width: canvas.width() == width)
        assert canvas.rect().contains(bar.geometry())
        assert bar.is_compact is (width == 420)
        bar.choose(OverlayMode.OUTLINE)
        assert canvas.overlay_mode is OverlayMode.OUTLINE
        assert (bar.more.text() == "Outline") is (width == 420)
        bar.choose(OverlayMode.UNCERTAINTY)
        assert bar.more.text() == "Uncertainty"


def test_pixels_fill_squares_when_enlarged(canvas: Canvas, make_document: MakeDocument, hand: Hand) -> None:
    """Nearest above 100 %: no colour is shown that the photo does not have."""
    image = np.zeros((300, 400, 3), np.uint8)
    image[::2, ::2] = (240, 10, 10)
    image[1::2, 1::2] = (10, 10, 240)
    canvas.set_document(make_document(image=image))
    canvas.set_peek(True)
    for scale in (2.0, 5.3, 11.0):
        canvas.look_from(replace(canvas._view, scale=scale, top=round(100 * scale), left=round(100 * scale)))
        shown = as_array(hand)[:400, :600, :3].reshape(-1, 3)
        assert {tuple(color) for color in np.unique(shown, axis=0)} <= {(10, 10, 240), (240, 10, 10), (0, 0, 0)}
