"""Every widget of every screen can be reached by the keyboard, and has a name for who cannot see it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTextBrowser,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextBrowser,
)
DIALOGS = ("export", "edit_categories", "flag_note", "train", "load_model", "palette", "shortcuts", "about")


def controls(screen: QWidget) -> Iterator[QWidget]:
    """What a person can use, without what Qt makes of it inside."""
    for widget in screen.findChildren(QWidget):
        is_part = isinstance(widget.parent(), QAbstractSpinBox | QComboBox | QLineEdit) or is_qts(widget)
        if isinstance(widget, CONTROLS) and widget.isVisible() and not is_part:
            yield widget


def is_qts(widget: QWidget) -> bool:
    return widget.objectName().startswith("qt_") or isinstance(widget, QScrollBar | QHeaderView)


def is_reached(widget: QWidget) -> bool:
    """Whether the keyboard comes to it, or to a menu entry that does the same."""
    if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
        return True
    # What QAbstractButton has no words for: a tool button that stands for an action of the menus.
    return isinstance(widget, QToolButton) and widget.defaultAction() is not None


def is_named(widget: QWidget) -> bool:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return bool(widget.accessibleName() or text or _label_of(widget))


def _label_of(widget: QWidget) -> str:
    """The words of the label that belongs to a field of a form."""
    parent = widget.parentWidget()
    labels = parent.findChildren(QLabel) if parent is not None else []
    return next((label.text() for label in labels if label.buddy() is widget), "")


def faults(screen: QWidget) -> list[str]:
    found = []
    for widget in controls(screen):
        name = widget.accessibleName() or widget.objectName()
        where = f"{type(widget).__name__} {name} in {type(widget.parent()).__name__}"
        if not is_named(widget):
            found.append(f"no name: {where}")
        if widget.isEnabled() and not is_reached(widget):
            found.append(f"no way by keys: {where}")
    return found


def test_what_is_mute_or_out_of_reach_is_found(qtbot: QtBot) -> None:
    screen = QWidget()
    qtbot.addWidget(screen)
    button = QToolButton(screen)
    button.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    screen.show()
    assert len(faults(screen)) == 2
    button.setAccessibleName("Begin")
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    assert faults(screen) == []


def test_the_window_with_all_its_panels(labelled: Document, window: MainWindow) -> None:
    for name in window.docks:
        window.show_panel(name)
        assert faults(window.docks[name]) == []
    for tool in window._tools:
        window.use_tool(tool)
        assert faults(window.option_bar) == []
    assert faults(window) == []


def test_the_start_page_and_the_guide(window: MainWindow) -> None:
    assert faults(window.start_page) == []
    window.help.show_guide("user-guide.md")
    guide = window.help.guide
    assert guide is not None
    assert faults(guide) == []


@pytest.mark.parametrize("action", DIALOGS)
def test_dialogs(action: str, labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id.refresh()
    window.actions_by_id[action].trigger()
    dialog = next(found for found in window.findChildren(QDialog) if found.isVisible())
    assert faults(dialog) == []
    assert dialog.windowTitle() or dialog.accessibleName()
    dialog.reject()


def test_tab_goes_through_a_dialog_and_comes_back(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id["export"].trigger()
    dialog = next(found for found in window.findChildren(QDialog) if found.isVisible())
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None and dialog.isAncestorOf(QApplication.focusWidget()))
    reached = []
    for _ in range(40):
        focus = QApplication.focusWidget()
        assert focus is not None
        if focus in reached:
            break
        reached.append(focus)
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
    wanted = {
        widget for widget in controls(dialog) if widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    }
    exclusive = {widget for widget in wanted if isinstance(widget, QAbstractButton) and widget.group() is not None}
    assert wanted - exclusive <= {*reached, *(widget.parentWidget() for widget in reached)}
    assert dialog.findChild(QDialogButtonBox) is not None
    dialog.reject()
