"""Going from panel to panel by keyboard."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget


def step_focus(stops: Sequence[QWidget], offset: int) -> QWidget | None:
    """Gives the keyboard to the stop `offset` places after the one that has it; returns that stop.

    Args:
        stops: What can be reached, in order; those that are not seen are passed over.
        offset: 1 forwards, -1 backwards.
    """
    seen = [stop for stop in stops if stop.isVisible()]
    if not seen:
        return None
    holder = QApplication.focusWidget()
    holding = [place for place, stop in enumerate(seen) if holder is not None and _holds(stop, holder)]
    place = holding[0] if holding else -1 if offset > 0 else 0
    target = seen[(place + offset) % len(seen)]
    target.setFocus(Qt.FocusReason.ShortcutFocusReason)
    return target


def stops_of(central: QWidget, docks: Sequence[QDockWidget]) -> list[QWidget]:
    """The middle of the window, then the panels from the top left to the bottom right."""
    # A dock behind another one's tab is called visible, but lies outside the window.
    shown = [dock for dock in docks if dock.window().rect().intersects(dock.geometry())]
    return [central, *(dock.widget() for dock in sorted(shown, key=lambda dock: (dock.x(), dock.y())))]


def _holds(stop: QWidget, holder: QWidget) -> bool:
    return stop is holder or stop.isAncestorOf(holder)
