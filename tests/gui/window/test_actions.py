"""Every action of the table, triggered by its key, or by its menu entry where it has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from gui_fake_engine import CAR, HEIGHT, PERSON, ROAD, WIDTH
from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMenu, QWhatsThis
from pytestqt.qtbot import QtBot

from seamseg_studio.app.actions.action_spec import ActionSpec
from seamseg_studio.app.actions.segment_actions import TOOLS
from seamseg_studio.app.actions.table import ACTIONS
from seamseg_studio.app.dialogs.categories import CategoriesDialog
from seamseg_studio.app.dialogs.category_popup import CategoryPopup
from seamseg_studio.app.dialogs.compare import CompareDialog
from seamseg_studio.app.dialogs.export import ExportDialog
from seamseg_studio.app.dialogs.flag import FlagDialog
from seamseg_studio.app.dialogs.load_model import LoadModelDialog
from seamseg_studio.app.dialogs.palette import CommandPalette
from seamseg_studio.app.dialogs.preferences import PreferencesDialog
from seamseg_studio.app.dialogs.train import TrainDialog
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.help.about import AboutDialog
from seamseg_studio.app.jobs.training_events import Outcome
from seamseg_studio.app.look.theme import ThemeChoice
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.project.session import Session
from seamseg_studio.app.studio import Studio
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.policy import FillPolicy

SPECS = {spec.id: spec for spec in ACTIONS}


@dataclass
class Hands:
    """What a case works with."""

    window: MainWindow
    studio: Studio
    document: Document
    qtbot: QtBot
    hold: Path
    notes: dict[str, object] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        return self.studio.session

    @property
    def status(self) -> str:
        record = self.session.record(self.document.record.id)
        assert record is not None
        return record.status

    def until(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)

    def dialog(self, kind: type[QDialog]) -> bool:
        """Whether a dialog of this kind is open; closes it."""
        found = [widget for widget in self.window.findChildren(kind) if widget.isVisible()]
        for dialog in found:
            dialog.reject()
        return bool(found)

    def keep(self, name: str, value: object) -> None:
        self.notes[name] = value


@dataclass(frozen=True)
class Case:
    """How to get ready for an action, and what must be true some time after it."""

    then: Callable[[Hands], object]
    first: Callable[[Hands], object] = lambda hands: None


def shown_image(hands: Hands) -> str:
    document = hands.session.document
    return document.record.name if document is not None else ""


def category(hands: Hands) -> int:
    """The category where the car was: relabelled as stuff, it becomes part of that stuff's segment."""
    return hands.document.map.segments[hands.document.segment_at(HEIGHT // 2 + 2, WIDTH // 8 + 2)].category


def select(*ids: int) -> Callable[[Hands], None]:
    return lambda hands: hands.document.set_selection(frozenset(ids))


def relabelled(hands: Hands) -> None:
    hands.document.relabel([CAR], 3)


def undone(hands: Hands) -> None:
    relabelled(hands)
    hands.document.undo()


def labelling_all(hands: Hands) -> None:
    hands.hold.touch()
    hands.studio.labelling.label_all()


def hide_car(hands: Hands) -> None:
    hands.window.commands.toggle_hidden_of(frozenset({CAR}))


def zoomed(hands: Hands) -> None:
    hands.window.commands.zoom_in()
    hands.window.commands.zoom_in()
    hands.keep("zoom", hands.window.commands.canvas.zoom)


def training(hands: Hands) -> None:
    hands.studio.train("m")


def accepted(hands: Hands) -> None:
    from seamseg_studio.engine.project import Status

    project = hands.session.project
    assert project is not None
    project.set_status(hands.document.record.id, Status.ACCEPTED)
    hands.session.refresh_record(hands.document.record.id)


def trained(hands: Hands) -> None:
    hands.studio.trainings.outcome = Outcome(hands.hold.parent)
    hands.studio.trainings.models_changed.emit()


def compared(hands: Hands) -> None:
    folder = hands.hold.parent / "run"
    (folder / "compare").mkdir(parents=True)
    (folder / "compare" / "index.json").write_text('{"gate": {}, "images": []}')
    hands.studio.trainings.outcome = Outcome(folder / "model")
    hands.studio.trainings.models_changed.emit()


def promoted(hands: Hands) -> None:
    hands.studio.promote(hands.hold.parent)
    hands.until(lambda: hands.studio.trainings.can_go_back)


def model_is(hands: Hands, name: str) -> bool:
    model = hands.studio.engine.model
    return model is not None and model.name == name


def other_model(hands: Hands) -> None:
    hands.studio.load_model(str(hands.hold.parent))
    hands.until(lambda: model_is(hands, hands.hold.parent.name))


def canvas_zoom(hands: Hands) -> float:
    return float(hands.window.commands.canvas.zoom)


def brush_size(hands: Hands) -> float:
    options = hands.window.commands.canvas.active_tool.options(hands.document)
    return float(next(option.value for option in options if option.key == "width"))


def take_brush(hands: Hands) -> None:
    hands.window.use_tool("brush")
    hands.keep("size", brush_size(hands))


HOLE = (HEIGHT // 2 + 2, WIDTH // 8 + 2)


def erase_at(hands: Hands, *places: tuple[int, int]) -> None:
    hands.document.change_policy(fill=FillPolicy.VOID)
    assert hands.document.begin_stroke(erase=True)
    for place in places:
        hands.document.stroke_to(*place, 1)
    hands.document.finish_stroke()


def pierced(hands: Hands) -> None:
    erase_at(hands, HOLE)
    select(CAR)(hands)


def parted(hands: Hands) -> None:
    """Cuts the car in two without splitting it."""
    box = hands.document.map.bbox(CAR)
    middle = (box.x0 + box.x1) // 2
    erase_at(hands, (box.y0 - 1, middle), (box.y1 + 1, middle))
    select(CAR)(hands)


def car_area(hands: Hands) -> None:
    select(CAR)(hands)
    hands.keep("area", hands.document.map.area(CAR))


def cut(hands: Hands) -> None:
    select(CAR)(hands)
    hands.window.commands.segment.copy()
    hands.document.delete_selection()


CASES: dict[str, Case] = {
    "open_folder": Case(lambda h: h.dialog(QFileDialog)),
    "open_images": Case(lambda h: h.dialog(QFileDialog)),
    "open_project": Case(lambda h: h.dialog(QFileDialog)),
    "open_sample": Case(lambda h: h.session.project is not None and h.session.project.folder.stem == "samples"),
    "export": Case(lambda h: h.dialog(ExportDialog)),
    "close_project": Case(lambda h: h.session.project is None and h.window.stack.currentIndex() == 0),
    "preferences": Case(lambda h: h.dialog(PreferencesDialog)),
    "quit": Case(lambda h: not h.window.isVisible()),
    "undo": Case(lambda h: category(h) == 2, relabelled),
    "redo": Case(lambda h: category(h) == 3, undone),
    "select_all": Case(lambda h: len(h.document.selection) == 4),
    "select_none": Case(lambda h: not h.document.selection, select(CAR)),
    "fit": Case(lambda h: canvas_zoom(h) < h.notes["zoom"], zoomed),  # type: ignore[operator]
    "zoom_100": Case(lambda h: canvas_zoom(h) == 1.0, zoomed),
    "zoom_in": Case(lambda h: canvas_zoom(h) > h.notes["zoom"], zoomed),  # type: ignore[operator]
    "zoom_out": Case(lambda h: canvas_zoom(h) < h.notes["zoom"], zoomed),  # type: ignore[operator]
    "mode_fill": Case(
        lambda h: h.window.commands.canvas.overlay_mode == "fill", lambda h: h.window.commands.set_mode("outline")
    ),
    "mode_outline": Case(lambda h: h.window.commands.canvas.overlay_mode == "outline"),
    "mode_instance": Case(lambda h: h.window.commands.canvas.overlay_mode == "instance"),
    "mode_provenance": Case(lambda h: h.window.commands.canvas.overlay_mode == "provenance"),
    "mode_category": Case(lambda h: h.window.commands.canvas.overlay_mode == "category"),
    "mode_uncertainty": Case(lambda h: h.window.commands.canvas.overlay_mode == "uncertainty"),
    "mode_difference": Case(lambda h: h.window.commands.canvas.overlay_mode == "difference"),
    "outlines": Case(lambda h: not h.window.commands.canvas.show_outlines),
    "names": Case(lambda h: h.window.commands.canvas.shows("names")),
    "dims_others": Case(lambda h: h.window.commands.canvas.shows("dims_others")),
    "rulers": Case(lambda h: h.window.commands.canvas.shows("rulers")),
    "crosshair": Case(lambda h: h.window.commands.canvas.shows("crosshair")),
    "hide_category": Case(
        lambda h: h.window.commands.canvas.hidden_categories == {2}, lambda h: h.document.set_current_category(2)
    ),
    "protect_category": Case(lambda h: not h.document.relabel([CAR], 3), lambda h: h.document.set_current_category(2)),
    "reset_tones": Case(
        lambda h: h.window.commands.canvas.image_tones == (1.0, 1.0, 1.0),
        lambda h: h.window.commands.canvas.set_image_tones(1.5, 2.0, 0.5),
    ),
    "theme_system": Case(
        lambda h: h.studio.theme.choice is ThemeChoice.SYSTEM,
        lambda h: h.studio.change_preferences(theme=ThemeChoice.DARK),
    ),
    "theme_contrast": Case(lambda h: h.studio.theme.tones.name == "contrast"),
    "theme_dark": Case(lambda h: h.studio.settings.preferences.theme == h.studio.theme.tones.name == "dark"),
    "theme_light": Case(lambda h: h.studio.settings.preferences.theme == h.studio.theme.tones.name == "light"),
    "text_larger": Case(lambda h: h.studio.theme.scale > 1),
    "text_smaller": Case(lambda h: h.studio.theme.scale < 1),
    "text_normal": Case(lambda h: h.studio.theme.scale == 1, lambda h: h.studio.change_preferences(font_scale=1.4)),
    "next_panel": Case(lambda h: h.window.categories.view.hasFocus()),
    "previous_panel": Case(lambda h: h.window.images.view.hasFocus()),
    "full_screen": Case(lambda h: h.window.isFullScreen()),
    "reset_layout": Case(lambda h: not h.window.docks["images"].isHidden(), lambda h: h.window.docks["images"].hide()),
    "tool_select": Case(lambda h: h.window.tool_name == "select", lambda h: h.window.use_tool("brush")),
    "tool_brush": Case(lambda h: h.window.tool_name == "brush" and h.window.option_bar.control("width").isVisible()),
    **{
        f"tool_{name}": Case(lambda h, name=name: h.window.tool_name == name)  # type: ignore[misc]
        for name, *_ in TOOLS
        if name not in ("select", "brush")
    },
    "size_larger": Case(lambda h: brush_size(h) > h.notes["size"], take_brush),  # type: ignore[operator]
    "size_smaller": Case(lambda h: brush_size(h) < h.notes["size"], take_brush),  # type: ignore[operator]
    "give_category": Case(lambda h: h.dialog(CategoryPopup), select(CAR)),
    "search_category": Case(lambda h: h.window.categories.search.hasFocus()),
    **{
        f"category_{digit}": Case(
            lambda h, digit=digit: category(h) == digit - 1 and h.document.current_category == digit - 1,  # type: ignore[misc]
            select(CAR),
        )
        for digit in range(1, 5)
    },
    **{
        f"category_{digit}": Case(lambda h: category(h) == 2, select(CAR))  # the taxonomy has four categories
        for digit in range(5, 10)
    },
    "delete": Case(lambda h: CAR not in h.document.map.segments, select(CAR)),
    "merge": Case(lambda h: len(h.document.map.segments) == 3, select(CAR, PERSON)),
    "lock": Case(lambda h: h.document.map.segments[ROAD].locked, select(ROAD)),
    "crowd": Case(lambda h: h.document.map.segments[CAR].is_crowd, select(CAR)),
    "fill_holes": Case(
        lambda h: h.document.undo_label.startswith("fill holes") and h.document.segment_at(*HOLE) == CAR, pierced
    ),
    "split_components": Case(lambda h: len(h.document.map.segments) == 5, parted),
    "convert": Case(
        lambda h: category(h) == 3 and h.document.undo_label.startswith("convert"),
        lambda h: (h.document.set_current_category(3), select(CAR)(h)),
    ),
    "grow": Case(lambda h: h.document.map.area(CAR) > h.notes["area"], car_area),  # type: ignore[operator]
    "shrink": Case(lambda h: h.document.map.area(CAR) < h.notes["area"], car_area),  # type: ignore[operator]
    "smooth": Case(lambda h: h.document.undo_label.startswith("smooth"), select(CAR)),
    "copy": Case(lambda h: h.window.commands.segment.has_copy, select(CAR)),
    "paste": Case(lambda h: CAR not in h.document.map.segments and category(h) == 2, cut),
    "clear_area": Case(
        lambda h: h.document.policy.region is None, lambda h: h.document.change_policy(region=Box(0, 0, 5, 5))
    ),
    "hide": Case(lambda h: h.window.commands.canvas.hidden_segments == {CAR}, select(CAR)),
    "show_all": Case(lambda h: not h.window.commands.canvas.hidden_segments, hide_car),
    "label_image": Case(lambda h: h.studio.labelling.is_labelling_open_image, lambda h: h.hold.touch()),
    "label_all": Case(lambda h: not h.studio.labelling.unlabelled() and h.studio.labelling.folder_job is None),
    "label_again": Case(lambda h: any(card.message.key == "label_again" for card in h.window.cards.cards)),
    "pause_labelling": Case(
        lambda h: h.studio.labelling.folder_job is not None and h.studio.labelling.folder_job.paused, labelling_all
    ),
    "cancel_labelling": Case(lambda h: h.studio.labelling.folder_job is None, labelling_all),
    "use_prediction": Case(lambda h: category(h) == 2 and h.document.can_undo, relabelled),
    "accept": Case(lambda h: h.status == "accepted" and shown_image(h) == "b.jpg"),
    "take_back_acceptance": Case(lambda h: h.status == "predicted", accepted),
    "edit_categories": Case(lambda h: h.dialog(CategoriesDialog)),
    "flag": Case(lambda h: h.status == "flagged"),
    "flag_note": Case(lambda h: h.dialog(FlagDialog)),
    "next_image": Case(lambda h: shown_image(h) == "b.jpg"),
    "previous_image": Case(
        lambda h: shown_image(h) == "a.jpg", lambda h: (h.session.step(1), h.until(lambda: shown_image(h) == "b.jpg"))
    ),
    "next_unaccepted": Case(lambda h: shown_image(h) == "b.jpg"),
    "next_place": Case(lambda h: "Uncertain place 1 of 2" in h.window.status.hint.text()),
    "previous_place": Case(lambda h: "Uncertain place 2 of 2" in h.window.status.hint.text()),
    "review_next": Case(lambda h: any(card.message.key == "review" for card in h.window.cards.cards)),
    "train": Case(lambda h: h.dialog(TrainDialog)),
    "stop_training": Case(lambda h: h.studio.training is None, training),
    "use_trained_model": Case(lambda h: model_is(h, h.hold.parent.name), trained),
    "compare_models": Case(lambda h: h.dialog(CompareDialog), compared),
    "go_back_to_model": Case(lambda h: model_is(h, "starter"), promoted),
    "load_model": Case(lambda h: h.dialog(LoadModelDialog)),
    "load_starter": Case(lambda h: model_is(h, "starter"), other_model),
    "restart_engine": Case(
        lambda h: h.notes["kinds"] and h.studio.engine.state.kind == "ready",
        lambda h: (
            h.keep("kinds", []),
            h.studio.engine.state_changed.connect(
                lambda state: h.notes["kinds"].append(state.kind) if state.kind != "ready" else None  # type: ignore[attr-defined]
            ),
        ),
    ),
    "palette": Case(lambda h: h.dialog(CommandPalette)),
    "shortcuts": Case(lambda h: h.dialog(PreferencesDialog)),
    "tour": Case(lambda h: h.window.cards.cards[0].message.key == "tour"),
    "about": Case(lambda h: h.dialog(AboutDialog)),
    "guide": Case(lambda h: h.window.help.guide.isVisible() and h.window.help.guide.place.startswith("user-guide/")),
    "tutorial": Case(lambda h: h.window.help.guide.place == "tutorial.md"),
    "troubleshooting": Case(lambda h: h.window.help.guide.page.page == "troubleshooting.md"),
    "whats_this": Case(lambda h: QWhatsThis.inWhatsThisMode() and not QWhatsThis.leaveWhatsThisMode()),
}


def test_every_action_has_a_case() -> None:
    assert set(CASES) == set(SPECS)


def test_ids_and_keys_are_distinct() -> None:
    assert len(SPECS) == len(ACTIONS)
    keys = [QKeySequence(key).toString() for spec in ACTIONS for key in spec.keys]
    assert sorted(keys) == sorted(set(keys))
    assert all(keys)


def trigger(hands: Hands, spec: ActionSpec) -> None:
    """Does it as a person would."""
    action = hands.window.actions_by_id[spec.id]
    hands.until(action.isEnabled)
    if spec.keys:
        combination: QKeyCombination = action.shortcuts()[0][0]
        target = QApplication.focusWidget() or hands.window
        hands.qtbot.keyClick(target, combination.key(), combination.keyboardModifiers())
        return
    menu = next(menu for menu in menus_of(action) if menu.menuAction() is not None)
    with hands.qtbot.waitExposed(menu):
        menu.popup(hands.window.mapToGlobal(hands.window.rect().center()))
    hands.qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())


def menus_of(action: QAction) -> list[QMenu]:
    return [owner for owner in action.associatedObjects() if isinstance(owner, QMenu)]


@pytest.mark.parametrize("action_id", list(CASES))
def test_action_does_what_it_says(
    action_id: str,
    labelled: Document,
    window: MainWindow,
    studio: Studio,
    qtbot: QtBot,
    hold: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = ["-c", "import time\nwhile True: time.sleep(1)"]
    monkeypatch.setattr("seamseg_studio.app.assistance.trainings.command_line", lambda *_: program)
    hands = Hands(window, studio, labelled, qtbot, hold)
    case = CASES[action_id]
    case.first(hands)
    trigger(hands, SPECS[action_id])
    hands.until(lambda: case.then(hands))


def test_disabled_actions_say_why(window: MainWindow, studio: Studio) -> None:
    for action_id, words in (("undo", "no image is open"), ("export", "no project is open"), ("show_all", "hidden")):
        action = window.actions_by_id[action_id]
        assert not action.isEnabled()
        assert words in action.toolTip()


def test_one_key_shortcuts_are_text_in_text_fields(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    search = window.categories.search
    search.setFocus()
    qtbot.keyClicks(search, "dab1/f")
    assert search.text() == "dab1/f"
    assert window.tool_name == "select"
    qtbot.keyClick(search, Qt.Key.Key_Escape)
    assert search.text() == ""


def test_search_relabels_the_selection(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    labelled.set_selection(frozenset({CAR}))
    qtbot.keyClick(window, Qt.Key.Key_Slash)
    qtbot.keyClicks(window.categories.search, "per")
    qtbot.keyClick(window.categories.search, Qt.Key.Key_Return)
    assert labelled.map.segments[CAR].category == 3
    assert labelled.current_category == 3
    assert window.canvas is not None
    assert window.canvas.hasFocus() or window.canvas.isAncestorOf(QApplication.focusWidget())


def test_the_popup_at_the_pointer_gives_a_category(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    labelled.set_selection(frozenset({CAR}))
    qtbot.keyClick(window, Qt.Key.Key_X)
    popup = window.findChild(CategoryPopup)
    assert popup is not None
    qtbot.waitUntil(popup.isVisible)
    qtbot.keyClicks(popup.search, "per")
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert labelled.map.segments[CAR].category == 3
    assert labelled.current_category == 3
    assert not popup.isVisible()


@pytest.mark.parametrize("name", [name for name, *_ in TOOLS])
def test_every_tool_is_taken_by_its_button(name: str, labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    button = window.tool_box.buttons[f"tool_{name}"]
    assert button.isVisible()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.tool_name == name
    assert button.isChecked()
    assert window.option_bar.title == window.actions_by_id[f"tool_{name}"].text().replace("&", "")


def test_palette_finds_and_runs_a_command(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id["palette"].trigger()
    palette = window.findChild(CommandPalette)
    assert palette is not None
    qtbot.waitUntil(palette.isVisible)
    qtbot.keyClicks(palette.search, "eraser")
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert window.tool_name == "eraser"
    assert not palette.isVisible()


def test_palette_finds_words_in_any_order_and_panels(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id["palette"].trigger()
    palette = window.findChild(CommandPalette)
    assert palette is not None
    qtbot.keyClicks(palette.search, "model load")
    rows = palette.view.model()
    assert [rows.index(row, 0).data() for row in range(rows.rowCount())] == ["Load a model"]
    palette.search.clear()
    qtbot.keyClicks(palette.search, "panel queue")
    assert not window.docks["queue"].isVisible()
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert window.docks["queue"].isVisible()


def test_everything_that_can_have_focus_has_a_name(labelled: Document, window: MainWindow) -> None:
    from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QLineEdit, QSlider, QWidget

    nameless = []
    for widget in window.findChildren(QWidget):
        if isinstance(widget, QAbstractButton | QAbstractItemView | QComboBox | QLineEdit | QSlider):
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            own = not widget.objectName().startswith("qt_")
            if own and widget.isVisible() and not (widget.accessibleName() or text or widget.toolTip()):
                nameless.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    assert nameless == []
