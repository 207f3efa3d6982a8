"""Exporting labels and training on corrections, through the dialogs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from gui_fake_engine import CAR
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from seamseg_studio.app.dialogs.compare import CompareDialog
from seamseg_studio.app.dialogs.export import ExportDialog
from seamseg_studio.app.dialogs.train import TrainDialog, estimated_minutes
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.messages import Level, Message


@pytest.fixture
def messages(studio: Studio) -> list[Message]:
    heard: list[Message] = []
    studio.session.message_posted.connect(heard.append)
    return heard


def export_dialog(window: MainWindow, qtbot: QtBot) -> ExportDialog:
    window.actions_by_id["export"].trigger()
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in window.findChildren(ExportDialog)))
    return next(dialog for dialog in window.findChildren(ExportDialog) if dialog.isVisible())


def test_export_writes_what_the_dialog_says(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot, tmp_path: Path, messages: list[Message]
) -> None:
    dialog = export_dialog(window, qtbot)
    assert dialog.order().format_name == "coco-panoptic"
    assert not dialog.order().accepted_only
    assert dialog.note.text() == "Images to write: 1"
    dialog.folder.selectAll()
    qtbot.keyClicks(dialog.folder, str(tmp_path / "out"))
    qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(messages), timeout=20_000)
    assert messages[-1].text.startswith("Images written: 1")
    index = json.loads((tmp_path / "out" / "panoptic.json").read_text())
    assert len(index["annotations"][0]["segments_info"]) == 4
    messages.clear()
    again = export_dialog(window, qtbot)
    again.folder.setText(str(tmp_path / "out"))
    qtbot.mouseClick(again.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(messages), timeout=20_000)
    assert messages[-1].level is Level.ERROR
    messages.clear()
    more = export_dialog(window, qtbot)
    more.folder.setText(str(tmp_path / "out"))
    more.overwrite.click()
    qtbot.mouseClick(more.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(messages), timeout=20_000)
    assert messages[-1].text.startswith("Images written: 1")


@pytest.mark.parametrize("name", ["seamseg", "npz", "overlay"])
def test_every_format_can_be_chosen(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot, name: str, messages: list[Message]
) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Return)  # accepted: the dialog then begins with "accepted only"
    dialog = export_dialog(window, qtbot)
    assert dialog.order().accepted_only
    dialog.format.setCurrentIndex(dialog.format.findData(name))
    folder = dialog.order().folder
    assert folder.name == name
    qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any("Export finished" in message.title for message in messages), timeout=20_000)
    assert any(path.is_file() and "a" in path.stem for path in folder.rglob("*"))


def test_nothing_accepted_is_said(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    dialog = export_dialog(window, qtbot)
    qtbot.mouseClick(dialog.what.button(True), Qt.MouseButton.LeftButton)
    assert not dialog.go.isEnabled()
    assert "accept some" in dialog.note.text()
    dialog.reject()


def events(*entries: dict[str, object]) -> list[str]:
    lines = "\n".join(json.dumps({"v": 1, **entry}) for entry in entries)
    return ["-c", f"print({lines!r}, flush=True)"]


def train_dialog(window: MainWindow, qtbot: QtBot) -> TrainDialog:
    window.actions_by_id["train"].trigger()
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in window.findChildren(TrainDialog)))
    return next(dialog for dialog in window.findChildren(TrainDialog) if dialog.isVisible())


def test_training_needs_material_and_a_name(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    dialog = train_dialog(window, qtbot)
    assert not dialog.go.isEnabled()
    assert "nothing to learn" in dialog.note.text()
    dialog.reject()
    labelled.relabel([CAR], 3)
    again = train_dialog(window, qtbot)
    assert again.go.isEnabled()
    assert again.duration.text().startswith("about 2 min")
    assert again.judged.text().startswith("nothing")
    again.name.setText("a/b")
    assert not again.go.isEnabled()
    again.reject()


def test_training_shows_its_curve_and_its_model_is_used(
    labelled: Document,
    window: MainWindow,
    studio: Studio,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = tmp_path / "better"
    bundle.mkdir()
    commands: list[tuple[object, ...]] = []

    def command_line(*values: object) -> list[str]:
        commands.append(values)
        return events(
            {"event": "start", "total_steps": 3, "num_images": 1, "device": "cpu"},
            *({"event": "step", "step": n, "losses": {"sem": 1 / n}, "total": 1 / n} for n in (1, 2, 3)),
            {"event": "validation", "step": 3, "pq": 0.5, "miou": 0.6},
            {"event": "done", "bundle": str(bundle)},
        )

    monkeypatch.setattr("seamseg_studio.app.assistance.trainings.command_line", command_line)
    window.resize(1366, 768)
    panel = window.training
    assert not panel.curve.isVisibleTo(panel), "a curve of nothing"
    labelled.relabel([CAR], 3)
    dialog = train_dialog(window, qtbot)
    dialog.name.setText("mine")
    with qtbot.waitSignal(studio.training_ended, timeout=20_000):
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert studio.session.project is not None
    project = studio.session.project.folder
    assert commands[0][:2] == (project, project / "models" / "mine")
    assert window.docks["training"].isVisible()
    assert window.training.curve.accessibleDescription() == "Loss 0.333 after 3 steps"
    qtbot.waitUntil(panel.quality.isVisible)
    assert not panel.curve.geometry().intersects(panel.quality.geometry())
    assert window.training.use_button.isVisible()
    qtbot.mouseClick(window.training.use_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: studio.engine.model is not None and studio.engine.model.name == "better", timeout=20_000)
    assert studio.settings.model == str(bundle)


def test_training_can_be_stopped_in_its_panel(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    forever = ["-c", "import time\nwhile True: time.sleep(1)"]
    monkeypatch.setattr("seamseg_studio.app.assistance.trainings.command_line", lambda *_: forever)
    studio.train("x")
    qtbot.waitUntil(window.training.stop_button.isVisible)
    with qtbot.waitSignal(studio.training_ended, timeout=20_000):
        qtbot.mouseClick(window.training.stop_button, Qt.MouseButton.LeftButton)
    assert window.training.state.text() == "Stopped."
    assert isinstance(window.training.start_button, QPushButton)
    assert window.training.start_button.isVisible()
    assert studio.trained_bundle is None


def test_failed_training_is_one_sentence(
    labelled: Document,
    window: MainWindow,
    studio: Studio,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    messages: list[Message],
) -> None:
    program = events({"event": "error", "message": "nothing is corrected yet; correct an image first"})
    monkeypatch.setattr("seamseg_studio.app.assistance.trainings.command_line", lambda *_: program)
    studio.train("x")
    qtbot.waitUntil(lambda: studio.training is None, timeout=20_000)
    assert messages[-1].text == "nothing is corrected yet; correct an image first"
    assert window.training.state.text() == messages[-1].text


def test_closing_asks_while_a_training_runs(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    forever = ["-c", "import time\nwhile True: time.sleep(1)"]
    monkeypatch.setattr("seamseg_studio.app.assistance.trainings.command_line", lambda *_: forever)
    studio.train("x")
    window.close()
    assert window.isVisible()
    _, stop, stay = window.cards.cards[0].buttons
    qtbot.mouseClick(stay, Qt.MouseButton.LeftButton)
    assert window.isVisible()
    window.close()
    assert stop is not window.cards.cards[0].buttons[1]
    qtbot.mouseClick(window.cards.cards[0].buttons[1], Qt.MouseButton.LeftButton)
    assert not window.isVisible()


def test_details_of_an_export(labelled: Document, window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = export_dialog(window, qtbot)
    dialog.format.setCurrentIndex(dialog.format.findData("labelme"))
    assert not dialog.validation.isEnabled()  # this format has no parts
    dialog.format.setCurrentIndex(dialog.format.findData("yolo"))
    assert "cannot carry everything" in dialog.note.text()
    assert not dialog.group_by.isEnabled()
    dialog.validation.setValue(20)
    dialog.group_by.setCurrentIndex(dialog.group_by.findData("sequence"))
    dialog.side.setCurrentIndex(dialog.side.findData(1024))
    (tmp_path / "map.json").write_text("{}")
    qtbot.keyClicks(dialog.mapping, str(tmp_path / "map.json"))
    assert not dialog.go.isEnabled()
    assert "map.json" in dialog.note.text()
    dialog.mapping.clear()
    qtbot.keyClick(dialog.mapping, Qt.Key.Key_Backspace)
    order = dialog.order()
    assert (order.validation_percent, order.max_side_px, order.mapping) == (20, 1024, None)
    assert order.group_by == "sequence"
    dialog.reject()


def write_comparison(folder: Path) -> dict[str, object]:
    """What the trainer leaves of two models, next to where it writes the new one; returns what its gate says."""
    compare = folder / "compare"
    compare.mkdir(parents=True)
    for number, shade in enumerate((40, 200)):
        for kind, value in (("photo", 128), ("base", shade), ("new", 255 - shade)):
            pixels = np.full((60, 90, 3), value, np.uint8)
            Image.fromarray(pixels).save(compare / f"{number:03d}-{kind}.jpg")
    images = [
        {"name": f"image{n}", "base_pq": 0.4, "new_pq": 0.4 + gain}
        | {kind: f"{n:03d}-{kind}.jpg" for kind in ("photo", "base", "new")}
        for n, gain in enumerate((0.2, -0.1))
    ]
    held_out = {"pq": {"base": 0.4, "new": 0.45}, "miou": {"base": 0.5, "new": 0.55}}
    gate = {"status": "candidate", "reason": "it has forgotten too much", "held_out": held_out}
    held_out["categories"] = {"road": {"base": 0.9, "new": 0.8}, "sky": {"base": None, "new": None}}  # type: ignore[assignment]
    (compare / "index.json").write_text(json.dumps({"base": "starter", "gate": gate, "images": images}))
    return gate


def test_a_candidate_is_compared_used_all_the_same_and_taken_back(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, messages: list[Message],
) -> None:  # fmt: skip
    bundle = tmp_path / "run" / "model"
    bundle.mkdir(parents=True)
    gate = write_comparison(tmp_path / "run")
    program = events(
        {"event": "start", "total_steps": 1, "num_images": 1, "device": "cpu", "base_scores": {"pq": 0.4, "miou": 0.5}},
        {"event": "step", "step": 1, "losses": {"sem": 1.0}, "total": 1.0},
        {"event": "validation", "step": 1, "pq": 0.45, "miou": 0.55},
        {"event": "done", "bundle": str(bundle), "gate": gate},
    )
    monkeypatch.setattr("seamseg_studio.app.assistance.trainings.command_line", lambda *_: program)
    with qtbot.waitSignal(studio.training_ended, timeout=20_000):
        studio.train("x")
    panel = window.training
    assert "kept as a candidate: it has forgotten too much" in panel.state.text()
    assert panel.quality.points == [(0, 40.0), (1, 45.0)]
    assert panel.quality.isVisible()
    assert "forgotten" in messages[-1].text
    qtbot.waitUntil(panel.compare_button.isVisible)
    qtbot.mouseClick(panel.compare_button, Qt.MouseButton.LeftButton)
    dialog = next(d for d in window.findChildren(CompareDialog) if d.isVisible())
    assert [dialog.images.item(i).text() for i in range(2)] == ["+20.0   image0", "-10.0   image1"]
    assert dialog.scores.rowCount() == 3
    assert dialog.scores.item(2, 1).text() == "90.0"
    view = dialog.view
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(view.width() - 30, view.height() // 2))
    assert view.share > 0.8
    shown = view.grab().toImage()
    assert shown.pixelColor(view.width() // 2, view.height() // 2).red() == pytest.approx(40, abs=3)
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.share < 0.97
    view.set_share(0.1)
    shown = view.grab().toImage()
    assert shown.pixelColor(view.width() // 2, view.height() // 2).red() == pytest.approx(215, abs=3)
    dialog.reject()
    assert panel.use_button.text() == "Use it all the same"
    assert not panel.back_button.isVisible()
    former = studio.engine.spec
    qtbot.mouseClick(panel.use_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.back_button.isVisible, timeout=20_000)
    assert studio.settings.model == str(bundle)
    qtbot.mouseClick(panel.back_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: studio.settings.model == former, timeout=20_000)
    assert not panel.back_button.isVisible()


def test_a_damaged_comparison_is_said(
    window: MainWindow, studio: Studio, tmp_path: Path, messages: list[Message]
) -> None:
    (tmp_path / "index.json").write_text("[]")
    studio.trainings.compare_requested.emit(tmp_path / "index.json")
    assert messages[-1].title == "The comparison cannot be shown"


def test_the_estimate_grows_with_the_images_and_a_cpu_has_a_limit() -> None:
    assert estimated_minutes(1, on_gpu=False) == 2
    assert estimated_minutes(10_000, on_gpu=False) == 5
    assert estimated_minutes(100, on_gpu=True) == 4
