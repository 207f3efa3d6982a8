"""Every model of this machine can be chosen in the window: installed, trained here, a folder, a .zip."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from seamseg_studio.app.dialogs.load_model import LoadModelDialog
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.engine.service import models
from seamseg_studio.engine.service.models import ModelPlace, installed_models, trained_models

LEFT = Qt.MouseButton.LeftButton


def put_bundle(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    return folder


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "own"
    put_bundle(folder / "city")
    (folder / "city.zip").write_bytes(b"")
    (folder / "alps.zip").write_bytes(b"")
    (folder / "half.zip.tmp").write_bytes(b"")
    (folder / "empty").mkdir()
    monkeypatch.setattr(models, "models_folder", lambda: folder)
    return folder


def open_dialog(window: MainWindow, qtbot: QtBot) -> LoadModelDialog:
    window.actions_by_id["load_model"].trigger()
    found = [dialog for dialog in window.findChildren(LoadModelDialog) if dialog.isVisible()]
    assert len(found) == 1
    return found[0]


def texts(dialog: LoadModelDialog) -> list[str]:
    return [dialog.list.item(row).text() for row in range(dialog.list.count())]


def model_is(studio: Studio, name: str) -> bool:
    return studio.engine.model is not None and studio.engine.model.name == name


def test_models_are_found_by_their_files(own: Path, tmp_path: Path) -> None:
    assert installed_models() == [ModelPlace("alps", own / "alps.zip"), ModelPlace("city", own / "city")]
    run = put_bundle(tmp_path / "runs" / "night" / "model").parent
    (tmp_path / "runs" / "unfinished").mkdir()
    assert trained_models([tmp_path / "runs", tmp_path / "none"]) == [ModelPlace("night", run / "model")]


def test_without_models_there_is_the_starter(
    window: MainWindow, labelled: Document, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "models_folder", lambda: tmp_path / "none")
    dialog = open_dialog(window, qtbot)
    assert dialog.list.count() == 1
    assert texts(dialog)[0].endswith("(in use)")
    dialog.reject()


def test_an_installed_model_is_loaded(
    window: MainWindow, studio: Studio, labelled: Document, own: Path, qtbot: QtBot
) -> None:
    project = studio.session.project
    assert project is not None
    put_bundle(project.folder / "models" / "night" / "model")
    dialog = open_dialog(window, qtbot)
    assert [text.split(",")[0] for text in texts(dialog)] == ["The starter", "alps", "city", "night"]
    dialog.list.setCurrentRow(2)
    qtbot.mouseClick(dialog.go, LEFT)
    qtbot.waitUntil(lambda: model_is(studio, "city"), timeout=20_000)
    qtbot.waitUntil(lambda: studio.settings.model == str(own / "city"))  # told after the engine has it
    dialog = open_dialog(window, qtbot)
    assert dialog.list.currentRow() == 2
    assert dialog.list.currentItem().text() == "city (in use)"
    dialog.list.setCurrentRow(0)
    qtbot.mouseClick(dialog.go, LEFT)
    qtbot.waitUntil(lambda: model_is(studio, "starter"), timeout=20_000)


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_a_model_from_elsewhere_is_loaded(
    window: MainWindow, studio: Studio, labelled: Document, own: Path, qtbot: QtBot, kind: str
) -> None:
    dialog = open_dialog(window, qtbot)
    qtbot.mouseClick(dialog.zip_button if kind == "zip" else dialog.folder_button, LEFT)
    (asked,) = dialog.findChildren(QFileDialog)
    expected = QFileDialog.FileMode.ExistingFile if kind == "zip" else QFileDialog.FileMode.Directory
    assert asked.fileMode() == expected
    path = own / ("alps.zip" if kind == "zip" else "city")
    with qtbot.waitSignal(dialog.accepted):
        asked.fileSelected.emit(str(path))
    qtbot.waitUntil(lambda: model_is(studio, path.name), timeout=20_000)
    assert not window.findChildren(LoadModelDialog)
