"""The whole loop in a real window: label, correct by hand, export, train, and label again with the new model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hand import Hand
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.export_job import ExportOrder
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.messages import Level, Message
from seamseg_studio.engine.project import Project
from seamseg_studio.engine.scene.panoptic_map import Origin

LABELLING_MS = 120_000
TRAINING_MS = 240_000


@pytest.fixture
def studio(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Studio]:
    """A studio with the real engine and the bundled model."""
    studio = Studio(qapp, Settings(tmp_path / "studio.ini"), device="cpu", trainer_options=("--max-steps", "2"))
    yield studio
    studio.close()


@pytest.fixture
def window(studio: Studio, qtbot: QtBot) -> MainWindow:
    window = MainWindow(studio)
    window.resize(1366, 768)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    window.load_canvas()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def press(
    qtbot: QtBot, window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    """Presses a key where the keyboard is."""
    qtbot.keyClick(QApplication.focusWidget() or window, key, modifier)


def wait_for_labels(studio: Studio, qtbot: QtBot) -> Document:
    def has_labels() -> bool:
        document = studio.session.document
        return document is not None and len(document.map.segments) > 0 and not studio.labelling.is_labelling_open_image

    qtbot.waitUntil(has_labels, timeout=LABELLING_MS)
    document = studio.session.document
    assert document is not None
    return document


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_label_correct_export_train_and_label_again(
    studio: Studio, window: MainWindow, qtbot: QtBot, photos: Path, tmp_path: Path
) -> None:
    messages: list[Message] = []
    studio.session.message_posted.connect(messages.append)

    def problems() -> list[Message]:
        return [message for message in messages if message.level is Level.ERROR]

    # The engine's own process labels the photo that opens.
    studio.engine.start()
    studio.session.open_paths([photos])
    document = wait_for_labels(studio, qtbot)
    assert problems() == []
    starter = studio.engine.model
    assert starter is not None
    predicted = document.map.ids.copy()
    assert len(np.unique(predicted)) >= 3, "a street photo has more than two segments"
    assert {segment.origin for segment in document.map.segments.values()} == {Origin.MODEL}

    # A person chooses the brush and a category, and paints a stroke with the mouse.
    window.actions_by_id["tool_brush"].trigger()
    category = document.taxonomy.index_of("vegetation")
    document.set_current_category(category)
    canvas = window.canvas
    assert canvas is not None
    hand = Hand(canvas, qtbot)
    height, width = document.map.shape
    row, left, right = height // 2, width // 4, width // 2
    hand.drag((row, left), (row, (left + right) // 2), (row, right))
    painted = document.map.ids[row, left : right + 1]
    assert {document.map.segments[int(segment)].category for segment in np.unique(painted)} == {category}
    assert np.array_equal(document.map.ids[0], predicted[0]), "the stroke changed pixels far from the brush"
    corrected = document.map.ids.copy()
    assert not np.array_equal(corrected, predicted)

    # One drag is one step of undo.
    press(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(document.map.ids, predicted)
    press(qtbot, window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(document.map.ids, corrected)

    # Accepting goes on to the next photo, which the model labels.
    first = document.record
    press(qtbot, window, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: studio.session.document is not None and studio.session.document.record.id != first.id, timeout=20_000
    )
    wait_for_labels(studio, qtbot)

    # Export: the written picture holds exactly the corrected partition.
    messages.clear()
    out = tmp_path / "export"
    studio.export(ExportOrder("coco-panoptic", out, accepted_only=True))
    qtbot.waitUntil(lambda: any(message.text.startswith("Images written: 1") for message in messages), timeout=30_000)
    index = json.loads((out / "panoptic.json").read_text())
    (annotation,) = index["annotations"]
    colors = np.asarray(Image.open(out / "panoptic" / annotation["file_name"])).astype(np.int64)
    exported = colors @ [1, 256, 65536]
    pairs = np.unique(np.stack([corrected.ravel(), exported.ravel()]), axis=1).shape[1]
    assert pairs == len(np.unique(corrected)) == len(np.unique(exported))

    # A short training on the correction, in a process of its own.
    messages.clear()
    steps: list[float] = []
    studio.train("better")
    assert studio.training is not None
    studio.training.stepped.connect(lambda step: steps.append(step.total))
    qtbot.waitUntil(lambda: studio.training is None, timeout=TRAINING_MS)
    assert problems() == []
    assert len(steps) == 2
    assert all(np.isfinite(steps))
    bundle = studio.trained_bundle
    assert bundle is not None
    assert (bundle / "model.safetensors").is_file()

    # The new model answers in place of the starter.
    studio.use_trained_model()
    qtbot.waitUntil(
        lambda: studio.engine.model is not None and studio.engine.model.name != starter.name, timeout=60_000
    )
    studio.labelling.label_open_image()
    qtbot.waitUntil(lambda: not studio.labelling.is_labelling_open_image, timeout=LABELLING_MS)
    assert problems() == []
    again = studio.session.document
    assert again is not None
    assert len(again.map.segments) > 0

    # Nothing depends on the window: the correction is in the project on disk.
    folder = studio.session.project.folder if studio.session.project else Path()
    studio.session.close_project()
    qtbot.waitUntil(lambda: not studio.session.is_closing)
    with Project.open(folder) as project:
        assert np.array_equal(project.load_map(first.id).ids, corrected)
        assert project.image(first.id).status == "accepted"
