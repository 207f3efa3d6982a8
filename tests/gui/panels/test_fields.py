"""Small widgets of the panels."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from seamseg_studio.app.panels.fields import ElidedLabel


def test_a_line_that_does_not_fit_ends_in_dots_and_is_told_by_its_tip(qtbot: QtBot) -> None:
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.setText("Drag to paint, hold Shift to add")
    label.resize(400, 24)
    label.grab()
    assert label.shown_text() == label.text()
    assert label.toolTip() == ""
    label.resize(90, 24)
    label.grab()
    assert label.shown_text().endswith("\u2026")
    assert label.toolTip() == label.text()
