"""The preferences window: every page changes what it says, at once, and everything can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from seamseg_studio.app.actions.keymap import Preset
from seamseg_studio.app.dialogs.preferences import PreferencesDialog
from seamseg_studio.app.look.palettes import PaletteChoice
from seamseg_studio.app.look.theme import ThemeChoice
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.preferences import Preferences
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio
from seamseg_studio.engine.scene.taxonomy import Taxonomy

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def dialog(window: MainWindow, qtbot: QtBot) -> Iterator[PreferencesDialog]:
    dialog = window.show_preferences()
    qtbot.waitUntil(dialog.isVisible)
    yield dialog
    dialog.reject()


def test_look(dialog: PreferencesDialog, studio: Studio, settings: Settings, qtbot: QtBot) -> None:
    qtbot.mouseClick(dialog.look.theme.button(ThemeChoice.LIGHT), LEFT)
    assert studio.theme.tones.name == "light"
    dialog.look.scale.setFocus()
    qtbot.keyClick(dialog.look.scale, Qt.Key.Key_Right)
    assert studio.theme.scale == pytest.approx(1.1)
    dialog.look.palette_box.setFocus()
    qtbot.keyClick(dialog.look.palette_box, Qt.Key.Key_Down)
    assert studio.preferences.palette is PaletteChoice.OKABE_ITO
    qtbot.keyClick(dialog.look.language, Qt.Key.Key_Down)
    assert settings.preferences.language == "en"
    assert settings.preferences == studio.preferences == dialog.preferences


def test_keys_by_hand(dialog: PreferencesDialog, window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    keys = dialog.keys
    dialog.show_page(keys)
    keys.select("merge")
    qtbot.keyClick(keys.field, Qt.Key.Key_F7)
    assert "is free" in keys.note.text()
    qtbot.mouseClick(keys.set_button, LEFT)
    assert [key.toString() for key in window.actions_by_id["merge"].shortcuts()] == ["F7"]
    qtbot.keyClick(keys.field, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert "belongs to: Export" in keys.note.text()
    assert keys.set_button.text() == "Take over"
    qtbot.mouseClick(keys.add_button, LEFT)
    assert studio.preferences.keymap.keys("merge") == ("F7", "Ctrl+E")
    assert window.actions_by_id["export"].shortcuts() == []
    qtbot.mouseClick(keys.back_button, LEFT)
    assert studio.preferences.keymap.keys("merge") == ("M",)
    qtbot.keyClick(keys.field, Qt.Key.Key_H)
    assert "looking around" in keys.note.text()
    assert not keys.set_button.isEnabled()
    qtbot.mouseClick(keys.clear_button, LEFT)
    assert window.actions_by_id["merge"].shortcuts() == []


def test_presets_are_in_force_at_once(dialog: PreferencesDialog, window: MainWindow, qtbot: QtBot) -> None:
    dialog.show_page(dialog.keys)
    dialog.keys.preset.setFocus()
    qtbot.keyClick(dialog.keys.preset, Qt.Key.Key_Down)
    qtbot.keyClick(dialog.keys.preset, Qt.Key.Key_Down)
    assert dialog.preferences.keymap.preset is Preset.CVAT
    assert window.actions_by_id["next_image"].shortcut().toString() == "F"
    assert "(F)" in window.actions_by_id["next_image"].toolTip()


def test_conflicts_of_a_file_are_shown(dialog: PreferencesDialog, tmp_path: Path) -> None:
    path = tmp_path / "two.json"
    keymap = Preferences().keymap.with_keys("merge", ["Ctrl+Z"])
    Preferences(keymap=keymap).save(path)
    dialog.import_file(path)
    model = dialog.keys.model
    rows = {model.index(row, 0).data(): row for row in range(model.rowCount())}
    clashing = model.index(rows["Merge"], 1)
    assert clashing.data(Qt.ItemDataRole.ForegroundRole) is not None
    assert clashing.data(Qt.ItemDataRole.ToolTipRole) == "Also: Undo"
    assert "Ctrl+Z" in dialog.keys.note.text()


def test_search_finds_commands_and_keys(dialog: PreferencesDialog, qtbot: QtBot) -> None:
    dialog.show_page(dialog.keys)
    qtbot.keyClicks(dialog.keys.filter, "ctrl+shift+p")
    names = [dialog.keys.filtered.index(row, 0).data() for row in range(dialog.keys.filtered.rowCount())]
    assert names == ["Command palette"]


def test_engine_and_new_projects(
    dialog: PreferencesDialog, studio: Studio, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(studio.engine, "configure", lambda *values: asked.append(values))
    dialog.show_page(dialog.engine)
    qtbot.keyClick(dialog.engine.device, Qt.Key.Key_Down)
    qtbot.keyClick(dialog.engine.precision, Qt.Key.Key_Down)
    assert asked == [("cpu", "auto"), ("cpu", "fp32")]
    qtbot.keyClick(dialog.engine.input_size, Qt.Key.Key_Down)
    assert studio.preferences.input_scale == studio.engine.input_scale == 1.5
    assert len(asked) == 2, "the engine goes on"
    dialog.engine.by_itself.click()
    assert not studio.labelling.by_itself
    dialog.engine.neighbours.click()
    assert not studio.neighbours.is_wanted
    dialog.show_page(dialog.project)
    field = dialog.project.taxonomy
    field.setFocus()
    qtbot.keyClicks(field, str(tmp_path / "missing.json"))
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert "Not used" in dialog.project.note.text()
    assert studio.preferences.taxonomy == ""
    example = Taxonomy.from_json({"name": "two", "categories": [{"name": "a", "kind": "stuff", "color": [1, 2, 3]}]})
    example.save(tmp_path / "missing.json")
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert studio.preferences.taxonomy == str(tmp_path / "missing.json")
    assert dialog.project.note.text() == "two: 1 stuff, 0 things."


def test_reset_export_and_import_can_be_taken_back(
    dialog: PreferencesDialog, studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    qtbot.mouseClick(dialog.look.theme.button(ThemeChoice.CONTRAST), LEFT)
    changed = studio.preferences
    dialog.export_file(tmp_path / "mine.json")
    qtbot.mouseClick(dialog.reset_button, LEFT)
    assert studio.preferences == Preferences()
    qtbot.mouseClick(dialog.undo_button, LEFT)
    assert studio.preferences == changed
    qtbot.mouseClick(dialog.reset_button, LEFT)
    dialog.import_file(tmp_path / "mine.json")
    assert studio.preferences == changed
    (tmp_path / "mine.json").write_text("nothing")
    dialog.import_file(tmp_path / "mine.json")
    assert "no file of preferences" in dialog.note.text()
    assert studio.preferences == changed
    dialog.export_file(tmp_path / "no" / "folder.json")
    assert "No such file" in dialog.note.text()


def test_shortcuts_open_the_page_of_keys(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_F1, Qt.KeyboardModifier.ControlModifier)
    dialog = window.findChild(PreferencesDialog)
    assert dialog is not None
    assert dialog.stack.currentWidget() is dialog.keys
    dialog.reject()
