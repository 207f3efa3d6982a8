"""Colours can be read, the style sheet is complete, every icon draws."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib.resources import files

import pytest
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from seamseg_studio.app.actions.table import ACTIONS
from seamseg_studio.app.look.icons import Icons, has_icon, pixmap
from seamseg_studio.app.look.theme import (
    CONTRAST,
    DARK,
    LIGHT,
    MAX_SCALE,
    Theme,
    ThemeChoice,
    Tones,
    filled_style_sheet,
)

TEXT_ON_GROUND = (
    ("text", "window"),
    ("text", "panel"),
    ("text", "field"),
    ("text", "raised"),
    ("muted", "window"),
    ("muted", "panel"),
    ("muted", "field"),
    ("accent_text", "accent"),
    ("selection_text", "selection"),
    ("good", "good_ground"),
    ("warning", "warning_ground"),
    ("danger", "danger_ground"),
    ("neutral", "neutral_ground"),
    ("danger", "window"),
)


def luminance(color: QColor) -> float:
    """Relative luminance of WCAG 2.1."""
    parts = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in color.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tones", [DARK, LIGHT, CONTRAST], ids=lambda tones: tones.name)
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_can_be_read_on_its_ground(tones: Tones, text: str, ground: str) -> None:
    assert contrast(tones.color(text), tones.color(ground)) >= 4.5


@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_high_contrast_is_high(text: str, ground: str) -> None:
    assert contrast(CONTRAST.color(text), CONTRAST.color(ground)) >= 7


@pytest.mark.parametrize("tones", [DARK, LIGHT, CONTRAST], ids=lambda tones: tones.name)
def test_style_sheet_has_no_unknown_name(tones: Tones) -> None:
    sheet = filled_style_sheet(tones, 13)
    assert re.findall(r"@\w+", sheet.split("*/", 1)[1]) == []
    assert tones.accent in sheet


def test_all_tones_are_colours() -> None:
    for tones in (DARK, LIGHT, CONTRAST):
        for field in fields(tones):
            if field.name != "name":
                assert QColor(getattr(tones, field.name)).isValid(), field.name


def test_choice_and_scale_change_the_application(qapp: QApplication) -> None:
    theme = Theme(qapp, ThemeChoice.DARK)
    dark = qapp.palette().window().color()
    size = qapp.font().pixelSize()
    theme.set_choice(ThemeChoice.LIGHT)
    assert qapp.palette().window().color() != dark
    assert theme.tones is LIGHT
    theme.set_scale(1.5)
    assert qapp.font().pixelSize() >= round(1.4 * size)
    theme.set_scale(99)
    assert theme.scale == MAX_SCALE


def test_theme_tells_only_real_changes(qapp: QApplication, qtbot: QtBot) -> None:
    theme = Theme(qapp, ThemeChoice.DARK)
    told: list[bool] = []
    theme.changed.connect(lambda: told.append(True))
    theme.set_choice(ThemeChoice.DARK)
    theme.set_scale(1.0)
    assert told == []
    theme.set_choice(ThemeChoice.LIGHT)
    assert told == [True]


def test_every_icon_file_draws_something(qapp: QApplication) -> None:
    names = [entry.name.removesuffix(".svg") for entry in (files("seamseg_studio.resources") / "icons").iterdir()]
    assert len(names) > 20
    for name in names:
        image = pixmap(name, "#ff0000", 20).toImage()
        assert any(image.pixelColor(x, y).alpha() for x in range(20) for y in range(20)), name


def test_actions_name_icons_that_exist() -> None:
    assert [spec.id for spec in ACTIONS if spec.icon and not has_icon(spec.icon)] == []


def test_icons_follow_the_theme(qapp: QApplication) -> None:
    theme = Theme(qapp, ThemeChoice.DARK)
    icons = Icons(theme)
    dark = icons["accept"].pixmap(20, 20, QIcon.Mode.Normal).toImage()
    theme.set_choice(ThemeChoice.LIGHT)
    assert icons["accept"].pixmap(20, 20, QIcon.Mode.Normal).toImage() != dark
