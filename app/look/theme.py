"""Colours and fonts of the window: dark, light, high contrast or as the system, one font scale."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from importlib.resources import as_file, files

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication

BASE_FONT_PX = 13
MIN_SCALE, MAX_SCALE = 0.8, 2.0
# The first of these that is installed is used; all are humanist faces drawn for screens at this size.
_FAMILIES = ("Inter", "Segoe UI", "SF Pro Text", "Noto Sans", "Open Sans", "Cantarell", "Ubuntu")


class ThemeChoice(StrEnum):
    """Which colours the window has."""

    SYSTEM = "system"
    DARK = "dark"
    LIGHT = "light"
    CONTRAST = "contrast"


@dataclass(frozen=True, slots=True)
class Tones:
    """The named colours of one theme. Every text on its ground has a contrast of at least 4.5 to 1."""

    name: str
    window: str
    panel: str
    field: str
    raised: str
    border: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_text: str
    accent_bright: str
    selection: str
    selection_text: str
    canvas: str
    info: str
    good: str
    good_ground: str
    warning: str
    warning_ground: str
    danger: str
    danger_ground: str
    neutral: str
    neutral_ground: str

    def color(self, name: str) -> QColor:
        """The colour called `name`, e.g. ``"accent"``."""
        return QColor(getattr(self, name))


DARK = Tones(
    name="dark",
    window="#202328",
    panel="#1e2126",
    field="#16171b",
    raised="#2a2d34",
    border="#33373f",
    text="#e4e6ea",
    muted="#9a9da6",
    disabled="#63666e",
    accent="#2e5799",
    accent_text="#ffffff",
    accent_bright="#5a9bfa",
    selection="#2b4a81",
    selection_text="#ffffff",
    canvas="#131417",
    info="#5a9bfa",
    good="#92c8ae",
    good_ground="#1c4a34",
    warning="#f0c674",
    warning_ground="#5a3e12",
    danger="#f0a3a8",
    danger_ground="#6b2329",
    neutral="#c3c6ce",
    neutral_ground="#3d4049",
)

LIGHT = Tones(
    name="light",
    window="#f1f2f5",
    panel="#fafbfc",
    field="#ffffff",
    raised="#e4e6eb",
    border="#cfd2d9",
    text="#1d2026",
    muted="#5b606b",
    disabled="#9ea2ab",
    accent="#2c62bd",
    accent_text="#ffffff",
    accent_bright="#2c6fe0",
    selection="#cfdffa",
    selection_text="#10254a",
    canvas="#c9ccd2",
    info="#2c62bd",
    good="#145c38",
    good_ground="#cfeadb",
    warning="#714700",
    warning_ground="#fbe3b4",
    danger="#8f1d26",
    danger_ground="#f8d3d5",
    neutral="#41454e",
    neutral_ground="#dfe1e6",
)

# Black and white with few greys, for weak eyes and bright rooms: text reaches 7 to 1 (WCAG 2.1, AAA).
CONTRAST = Tones(
    name="contrast",
    window="#000000",
    panel="#000000",
    field="#000000",
    raised="#1a1a1a",
    border="#d0d0d0",
    text="#ffffff",
    muted="#e6e6e6",
    disabled="#9c9c9c",
    accent="#ffd60a",
    accent_text="#000000",
    accent_bright="#ffd60a",
    selection="#ffd60a",
    selection_text="#000000",
    canvas="#000000",
    info="#7fd1ff",
    good="#7dffb2",
    good_ground="#00331a",
    warning="#ffe08a",
    warning_ground="#332600",
    danger="#ffb3b8",
    danger_ground="#40000a",
    neutral="#ffffff",
    neutral_ground="#3a3a3a",
)
_BY_CHOICE = {ThemeChoice.DARK: DARK, ThemeChoice.LIGHT: LIGHT, ThemeChoice.CONTRAST: CONTRAST}


@cache
def _style_sheet() -> str:
    return (files("seamseg_studio.resources") / "themes" / "studio.qss").read_text(encoding="utf-8")


@cache
def _folder() -> str:
    """Where the style sheet's pictures are, as style sheets write it."""
    with as_file(files("seamseg_studio.resources") / "themes") as folder:
        return folder.as_posix()


def filled_style_sheet(tones: Tones, font_px: int) -> str:
    """The style sheet of resources with `@name` replaced by the colours of `tones`, `@font` by the size in pixels."""
    sheet = _style_sheet()
    # Longest names first: `@accent` must not eat the start of `@accent_text`.
    for name in sorted((field.name for field in fields(tones)), key=len, reverse=True):
        sheet = sheet.replace(f"@{name}", getattr(tones, name))
    sheet = sheet.replace("@folder", _folder())
    return sheet.replace("@font", f"{font_px}px").replace("@small", f"{max(9, font_px - 1)}px")


def palette_of(tones: Tones) -> QPalette:
    """A complete Qt palette from `tones`, so that widgets without a rule in the style sheet fit in."""
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: tones.window,
        QPalette.ColorRole.WindowText: tones.text,
        QPalette.ColorRole.Base: tones.panel,
        QPalette.ColorRole.AlternateBase: tones.raised,
        QPalette.ColorRole.Text: tones.text,
        QPalette.ColorRole.PlaceholderText: tones.muted,
        QPalette.ColorRole.Button: tones.raised,
        QPalette.ColorRole.ButtonText: tones.text,
        QPalette.ColorRole.BrightText: tones.danger,
        QPalette.ColorRole.Highlight: tones.selection,
        QPalette.ColorRole.HighlightedText: tones.selection_text,
        QPalette.ColorRole.ToolTipBase: tones.raised,
        QPalette.ColorRole.ToolTipText: tones.text,
        QPalette.ColorRole.Link: tones.accent_bright,
        QPalette.ColorRole.Mid: tones.border,
        QPalette.ColorRole.Dark: tones.field,
        QPalette.ColorRole.Accent: tones.accent_bright,
    }
    for role, color in roles.items():
        palette.setColor(role, QColor(color))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(tones.disabled))
    return palette


class Theme(QObject):
    """The colours and font in force; applies them to the application.

    Signals:
        changed: Colours or font changed; who paints by hand repaints.
    """

    changed = Signal()

    def __init__(self, application: QApplication, choice: ThemeChoice = ThemeChoice.SYSTEM, scale: float = 1.0) -> None:
        super().__init__()
        self._application = application
        self._choice = choice
        self._scale = scale
        application.setStyle("Fusion")
        application.styleHints().colorSchemeChanged.connect(self._on_hints_color_scheme_changed)
        self._apply()

    @property
    def choice(self) -> ThemeChoice:
        return self._choice

    def set_choice(self, choice: ThemeChoice) -> None:
        if choice != self._choice:
            self._choice = choice
            self._apply()

    @property
    def scale(self) -> float:
        return self._scale

    def set_scale(self, scale: float) -> None:
        """Sets the size of all text relative to the normal one, held within `MIN_SCALE`..`MAX_SCALE`."""
        scale = round(min(MAX_SCALE, max(MIN_SCALE, scale)), 2)
        if scale != self._scale:
            self._scale = scale
            self._apply()

    @property
    def tones(self) -> Tones:
        """The colours now; where the system is followed, dark unless it says light."""
        if self._choice is ThemeChoice.SYSTEM:
            light = self._application.styleHints().colorScheme() == Qt.ColorScheme.Light
            return LIGHT if light else DARK
        return _BY_CHOICE[self._choice]

    def font(self) -> QFont:
        """A copy of the font in force."""
        return QFont(self._application.font())

    @property
    def font_px(self) -> int:
        return round(BASE_FONT_PX * self._scale)

    def _on_hints_color_scheme_changed(self) -> None:
        if self._choice is ThemeChoice.SYSTEM:
            self._apply()

    def _apply(self) -> None:
        font = QFont(self._application.font())
        installed = set(QFontDatabase.families())
        family = next((name for name in _FAMILIES if name in installed), None)
        if family is not None:
            font.setFamily(family)
        font.setPixelSize(self._fitted_px(font))
        self._application.setFont(font)
        self._application.setPalette(palette_of(self.tones))
        self._application.setStyleSheet(filled_style_sheet(self.tones, font.pixelSize()))
        self.changed.emit()

    def _fitted_px(self, font: QFont) -> int:
        # DejaVu and Verdana run a seventh wider than the faces above: one pixel less gives the same line lengths.
        wide = QFontInfo(font).family().startswith(("DejaVu", "Verdana", "Bitstream Vera"))
        return self.font_px - 1 if wide else self.font_px
