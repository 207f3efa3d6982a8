"""N and Shift+N lead through the places that the model is unsure of; images come in the order of doubt, or of how much
two models differ on them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from gui_fake_engine import DOUBTFUL, HEIGHT, ROAD, SKY, WIDTH, answer
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.engine.project import Status, predictions
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.review import Place

Press = Callable[..., None]


def test_n_leads_to_the_uncertain_places_and_back(
    labelled: Document, window: MainWindow, studio: Studio, press: Press
) -> None:
    reached: list[tuple[Place, int, int]] = []
    studio.review.place_reached.connect(lambda place, number, count, box: reached.append((place, number, count)))
    press(Qt.Key.Key_N)
    press(Qt.Key.Key_N)
    press(Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    assert [number for _, number, _ in reached] == [1, 2, 1]
    assert reached[0][2] == len(DOUBTFUL) == 2
    for (y, x), (place, _, _) in zip(DOUBTFUL, reached[:2], strict=True):
        assert abs(place.y - y) < 6
        assert abs(place.x - x) < 6
    assert "Uncertain place 1 of 2" in window.status.hint.text()
    press(Qt.Key.Key_N)
    press(Qt.Key.Key_N)
    assert len(reached) == 4
    assert "No more" in window.status.hint.text()


def test_what_a_person_has_painted_is_no_longer_uncertain(labelled: Document, studio: Studio, press: Press) -> None:
    reached: list[Place] = []
    studio.review.place_reached.connect(lambda place, *_: reached.append(place))
    y, x = DOUBTFUL[0]
    labelled.begin_stroke(erase=False)
    labelled.stroke_to(y, x, 12.0)
    labelled.finish_stroke()
    press(Qt.Key.Key_N)
    assert abs(reached[0].y - DOUBTFUL[1][0]) < 6


def test_images_come_in_the_order_of_doubt(labelled: Document, studio: Studio, qtbot: QtBot) -> None:
    studio.labelling.label_all()
    qtbot.waitUntil(lambda: not studio.labelling.unlabelled() and studio.labelling.folder_job is None, timeout=20_000)
    order = studio.review.image_order
    assert set(order) == {record.id for record in studio.session.records}
    wanted = next(image_id for image_id in order if image_id != labelled.record.id)
    studio.review.open_next_image()
    qtbot.waitUntil(
        lambda: studio.session.document is not None and studio.session.document.record.id == wanted, timeout=20_000
    )


def test_the_queue_lists_places_segments_and_images_and_leads_there(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    queue, canvas = window.queue, window.canvas
    assert canvas is not None
    window.show_panel("queue")
    model = queue.view.model()
    qtbot.waitUntil(lambda: model.rowCount() == len(DOUBTFUL))
    index = model.index(0, 0)
    assert index.data() == "sky"
    before = canvas.zoom
    qtbot.mouseClick(queue.view.viewport(), Qt.MouseButton.LeftButton, pos=queue.view.visualRect(index).center())
    assert labelled.selection == {SKY}
    assert canvas.zoom > before
    y, x = DOUBTFUL[0]
    labelled.begin_stroke(erase=False)
    labelled.stroke_to(y, x, 12.0)
    labelled.finish_stroke()
    qtbot.waitUntil(lambda: model.rowCount() == len(DOUBTFUL) - 1)  # a person has said what it is
    queue.listed.action("segments").trigger()
    qtbot.waitUntil(lambda: "unsure" in str(model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)))
    studio.labelling.label_all()
    qtbot.waitUntil(lambda: not studio.labelling.unlabelled() and studio.labelling.folder_job is None)
    queue.listed.action("images").trigger()
    qtbot.waitUntil(lambda: model.rowCount() == len(studio.session.records))
    other = next(row for row in range(model.rowCount()) if model.index(row, 0).data() != labelled.record.name)
    name = model.index(other, 0).data()
    queue.view.setFocus()
    queue.view.setCurrentIndex(model.index(other, 0))
    qtbot.keyClick(queue.view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: studio.session.document is not None and studio.session.document.record.name == name)
    assert studio.session.num_with_status("accepted") == 0, "Return belongs to the list here"


def test_the_queue_says_why_it_is_empty(window: MainWindow, qtbot: QtBot) -> None:
    window.show_panel("queue")
    qtbot.waitUntil(window.queue.isVisible)
    assert "Open an image" in window.queue.note.text()
    window.queue.listed.action("images").trigger()
    assert "label images" in window.queue.note.text()


def test_the_queue_lists_images_by_how_much_two_models_differ(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    queue, session, project = window.queue, studio.session, studio.session.project
    assert project is not None
    window.show_panel("queue")
    queue.listed.action("models").trigger()
    model = queue.view.model()
    assert model.rowCount() == 0
    assert queue.note.text() == "Label images with a second model to see where the two differ."
    names = {record.id: record.name for record in session.records}
    same, little, accepted = sorted(names.keys() - {labelled.record.id})
    for image_id, num_columns in ((same, 0), (little, 36), (accepted, WIDTH)):
        first = answer(HEIGHT, WIDTH)
        turned = first.ids.copy()
        turned[:, :num_columns] = SKY + ROAD - np.clip(turned[:, :num_columns], ROAD, SKY)
        project.store_prediction(image_id, replace(first, ids=np.clip(first.ids, ROAD, SKY)), "one")
        project.store_prediction(image_id, replace(first, ids=np.clip(turned, ROAD, SKY)), "two")
    project.set_status(accepted, Status.ACCEPTED)
    for image_id in (same, little, accepted):
        session.refresh_record(image_id)
    qtbot.waitUntil(lambda: model.rowCount() == 2)
    assert [model.index(row, 0).data() for row in range(2)] == [names[little], names[same]]
    said = f"{names[little]}: the two models differ on 25 %"
    assert model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole) == said
    assert said in str(model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole))
    place = queue.view.visualRect(model.index(0, 0)).center()
    qtbot.mouseClick(queue.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: session.document is not None and session.document.record.id == little)
    for image_id in (same, little):
        project.set_status(image_id, Status.ACCEPTED)
        session.refresh_record(image_id)
    qtbot.waitUntil(lambda: model.rowCount() == 0)
    assert queue.note.text() == "Every image that two models have labelled is accepted."
    queue.listed.action("images").trigger()
    assert "unsure" in str(model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole))


def test_the_second_model_is_compared_outside_the_thread_of_the_window(
    labelled: Document, studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    compare = predictions.disagreement

    def watched(first: PanopticResult, second: PanopticResult) -> tuple[float, NDArray[np.uint8]]:
        threads.append(threading.current_thread())
        return compare(first, second)

    monkeypatch.setattr(predictions, "disagreement", watched)
    turned = answer(HEIGHT, WIDTH).ids[:, ::-1].copy()
    labelled.receive_prediction(replace(answer(HEIGHT, WIDTH), ids=turned), "another")
    qtbot.waitUntil(lambda: studio.session.records[0].disagreement is not None)
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
