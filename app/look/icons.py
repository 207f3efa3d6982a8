"""Icons from the SVG files of resources, drawn in the colours of the theme."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from seamseg_studio.app.look.theme import Theme, Tones

ICON_PX = 20
_FALLBACK = "tag"  # for a tool that names an icon we do not have


@cache
def _source(name: str) -> str | None:
    path = files("seamseg_studio.resources") / "icons" / f"{name}.svg"
    return path.read_text(encoding="utf-8") if path.is_file() else None


def has_icon(name: str) -> bool:
    """Whether `name` is one of the drawn icons."""
    return _source(name) is not None


def pixmap(name: str, color: str, size_px: int = ICON_PX, ratio: float = 1.0) -> QPixmap:
    """Draws icon `name` with `color` for its lines.

    Args:
        name: The file's name without suffix.
        color: Any colour that SVG understands, used where the drawing says `currentColor`.
        size_px: Side in logical pixels.
        ratio: Device pixels per logical pixel.
    """
    source = _source(name) or _source(_FALLBACK)
    assert source is not None
    side = round(size_px * ratio)
    picture = QPixmap(side, side)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(QByteArray(source.replace("currentColor", color).encode())).render(painter, QRectF(0, 0, side, side))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


def _pixel_ratios() -> list[float]:
    """Device pixels per logical pixel of the screens that there are."""
    return sorted({1.0, *(screen.devicePixelRatio() for screen in QGuiApplication.screens())})


def _icon(name: str, tones: Tones) -> QIcon:
    icon = QIcon()
    states = (
        (QIcon.Mode.Normal, QIcon.State.Off, tones.neutral),
        (QIcon.Mode.Active, QIcon.State.Off, tones.text),
        (QIcon.Mode.Normal, QIcon.State.On, tones.accent_text),
        (QIcon.Mode.Active, QIcon.State.On, tones.accent_text),
        (QIcon.Mode.Disabled, QIcon.State.Off, tones.disabled),
        (QIcon.Mode.Disabled, QIcon.State.On, tones.disabled),
    )
    for mode, state, color in states:
        for ratio in _pixel_ratios():
            icon.addPixmap(pixmap(name, color, ICON_PX, ratio), mode, state)
    return icon


class Icons(QObject):
    """The icons in the colours of the theme in force.

    Signals:
        changed: All icons were redrawn; who holds one asks again.
    """

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._cache: dict[str, QIcon] = {}
        theme.changed.connect(self._on_theme_changed)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.screenAdded.connect(self._on_theme_changed)  # it may want them finer

    def __getitem__(self, name: str) -> QIcon:
        if name not in self._cache:
            self._cache[name] = _icon(name, self._theme.tones)
        return self._cache[name]

    def _on_theme_changed(self) -> None:
        self._cache.clear()
        self.changed.emit()


def window_icon() -> QIcon:
    """The program's own mark, the same in every theme."""
    icon = QIcon()
    for side in (16, 32, 64, 128):
        icon.addPixmap(pixmap("studio", "#000000", side))
    return icon
