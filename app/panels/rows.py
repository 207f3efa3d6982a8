"""How the rows of all lists look: swatch or picture, name, detail, badge, key cap, small switches."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QImage, QMouseEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from seamseg_studio.app.look.icons import pixmap
from seamseg_studio.app.look.theme import Theme

Index = QModelIndex | QPersistentModelIndex
_MARGIN = 12
_GAP = 8
_SWATCH = 12
_SWITCH = 16


class Role(IntEnum):
    """What a model may say about a row beside its text; absent ones are left out."""

    SWATCH = Qt.ItemDataRole.UserRole + 1  # QColor
    PICTURE = Qt.ItemDataRole.UserRole + 2  # QImage, or False while it is being decoded
    DETAIL = Qt.ItemDataRole.UserRole + 3  # str, right-aligned and muted
    BADGE = Qt.ItemDataRole.UserRole + 4  # Badge
    KEY = Qt.ItemDataRole.UserRole + 5  # str, drawn as a key cap
    SWITCHES = Qt.ItemDataRole.UserRole + 6  # tuple[Switch, ...]
    ITEM = Qt.ItemDataRole.UserRole + 7  # the model's own number of the row
    FADED = Qt.ItemDataRole.UserRole + 8  # bool


@dataclass(frozen=True, slots=True)
class Badge:
    """A word in a pill; `tone` is neutral, good, warning or danger."""

    text: str
    tone: str = "neutral"


@dataclass(frozen=True, slots=True)
class Switch:
    """A small icon that toggles something: always drawn when on, else only under the pointer."""

    name: str
    icon_on: str
    icon_off: str
    is_on: bool


class RowDelegate(QStyledItemDelegate):
    """Paints a row from the roles above.

    Signals:
        switch_clicked: The row's item number and the switch's name.
    """

    switch_clicked = Signal(int, str)

    def __init__(
        self, theme: Theme, picture_size: QSize | None = None, parent: QAbstractItemView | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._picture_size = picture_size
        self.took_click = False  # whether the last click was one on a switch: the list tells it as one on the row too

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = max(option.fontMetrics.height() + 11, self._picture_size.height() + 8 if self._picture_size else 0)
        return QSize(160, height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tones = self._theme.tones
        state = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        rect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(option.font)
        metrics = QFontMetrics(option.font)
        if selected:
            painter.fillRect(rect, tones.color("selection"))
        elif hovered:
            painter.fillRect(rect, tones.color("raised"))
        left = self._paint_lead(painter, rect, index)
        right = rect.right() - _MARGIN
        right = self._paint_key(painter, rect, right, index, selected)
        right = self._paint_badge(painter, rect, right, index, metrics)
        right = self._paint_detail(painter, rect, right, index, metrics, selected)
        right = self._paint_switches(painter, rect, index, right, hovered=hovered, selected=selected)
        name = "selection_text" if selected else "disabled" if index.data(Role.FADED) else "text"
        painter.setPen(tones.color(name))
        box = QRect(left, rect.top(), max(0, right - left), rect.height())
        text = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        if state & QStyle.StateFlag.State_HasFocus and state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setPen(QPen(tones.color("accent_bright"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.restore()

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        # Press and release are both taken, so that a switch never selects the row.
        kinds = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease, QEvent.Type.MouseButtonDblClick)
        if isinstance(event, QMouseEvent) and event.type() in kinds and event.button() is Qt.MouseButton.LeftButton:
            name = self._switch_at(option.rect, index, event.position().toPoint(), QFontMetrics(option.font))
            self.took_click = name is not None
            if name is not None:
                if event.type() == QEvent.Type.MouseButtonRelease:
                    self.switch_clicked.emit(index.data(Role.ITEM), name)
                return True
        return bool(super().editorEvent(event, model, option, index))

    def switch_rects(self, rect: QRect, index: Index, metrics: QFontMetrics) -> dict[str, QRect]:
        """Where the switches of a row painted in `rect` are, by name."""
        right = rect.right() - _MARGIN - _key_width(index, metrics)
        right -= self._badge_width(index, metrics) + _detail_width(index, metrics)
        return self._switch_rects(rect, index, right)

    def _switch_at(self, rect: QRect, index: Index, point: QPoint, metrics: QFontMetrics) -> str | None:
        for name, place in self.switch_rects(rect, index, metrics).items():
            if place.adjusted(-3, -4, 3, 4).contains(point):
                return name
        return None

    def _paint_lead(self, painter: QPainter, rect: QRect, index: Index) -> int:
        left = rect.left() + _MARGIN
        if self._picture_size is not None:
            width, height = self._picture_size.width(), self._picture_size.height()
            place = QRect(left, rect.center().y() - height // 2 + 1, width, height)
            picture = index.data(Role.PICTURE)
            if isinstance(picture, QImage):
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                painter.drawImage(place, picture)
            else:
                painter.fillRect(place, self._theme.tones.color("raised"))
            left += width + _GAP
        swatch = index.data(Role.SWATCH)
        if isinstance(swatch, QColor):
            place = QRect(left, rect.center().y() - _SWATCH // 2 + 1, _SWATCH, _SWATCH)
            # A thin ring keeps a swatch visible that has the colour of its ground.
            painter.setPen(QPen(self._theme.tones.color("border"), 1))
            painter.setBrush(swatch)
            painter.drawRoundedRect(place, 3, 3)
            left += _SWATCH + _GAP + 2
        return left

    def _paint_key(self, painter: QPainter, rect: QRect, right: int, index: Index, selected: bool) -> int:
        width = _key_width(index, painter.fontMetrics())
        side = width - _GAP
        if key := index.data(Role.KEY):
            place = QRect(right - side + 1, rect.center().y() - side // 2, side, side)
            painter.setPen(self._theme.tones.color("muted" if not selected else "selection_text"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(place, 3, 3)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, key)
        return right - width

    def _badge_width(self, index: Index, metrics: QFontMetrics) -> int:
        badge = index.data(Role.BADGE)
        return metrics.horizontalAdvance(badge.text) + 14 + _GAP if isinstance(badge, Badge) else 0

    def _paint_badge(self, painter: QPainter, rect: QRect, right: int, index: Index, metrics: QFontMetrics) -> int:
        badge = index.data(Role.BADGE)
        if not isinstance(badge, Badge):
            return right
        width, height = self._badge_width(index, metrics) - _GAP, metrics.height() + 3
        place = QRect(right - width, rect.center().y() - height // 2 + 1, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.tones.color(f"{badge.tone}_ground"))
        painter.drawRoundedRect(place, height / 2, height / 2)
        painter.setPen(self._theme.tones.color(badge.tone))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, badge.text)
        return place.left() - _GAP

    def _switch_rects(self, rect: QRect, index: Index, right: int) -> dict[str, QRect]:
        places: dict[str, QRect] = {}
        for switch in reversed(index.data(Role.SWITCHES) or ()):
            right -= _SWITCH
            places[switch.name] = QRect(right, rect.center().y() - _SWITCH // 2 + 1, _SWITCH, _SWITCH)
            right -= 6
        return places

    def _paint_switches(
        self, painter: QPainter, rect: QRect, index: Index, right: int, *, hovered: bool, selected: bool
    ) -> int:
        places = self._switch_rects(rect, index, right)
        device = painter.device()
        ratio = device.devicePixelRatioF() if device is not None else 1.0
        for switch in index.data(Role.SWITCHES) or ():
            if switch.is_on or hovered:
                place = places[switch.name]
                icon = switch.icon_on if switch.is_on else switch.icon_off
                tones = self._theme.tones
                color = tones.selection_text if selected else tones.text if switch.is_on else tones.muted
                painter.drawPixmap(place.topLeft(), _switch_pixmap(icon, color, ratio))
                right = min(right, place.left() - _GAP)
        return right

    def _paint_detail(
        self, painter: QPainter, rect: QRect, right: int, index: Index, metrics: QFontMetrics, selected: bool
    ) -> int:
        width = _detail_width(index, metrics)
        if width:
            place = QRect(right - width + _GAP, rect.top(), width - _GAP, rect.height())
            painter.setPen(self._theme.tones.color("selection_text" if selected else "muted"))
            painter.drawText(
                place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, index.data(Role.DETAIL)
            )
        return right - width


def _key_width(index: Index, metrics: QFontMetrics) -> int:
    """What the cap of a key takes, with the gap to its left; also where a row has none but others have."""
    return 0 if index.data(Role.KEY) is None else metrics.height() + 2 + _GAP


def _detail_width(index: Index, metrics: QFontMetrics) -> int:
    """What the detail takes, with the gap to its left; at least four digits, so that columns stand still."""
    detail = index.data(Role.DETAIL)
    return max(metrics.horizontalAdvance(detail), metrics.horizontalAdvance("0.00")) + _GAP if detail else 0


@lru_cache(maxsize=64)
def _switch_pixmap(icon: str, color: str, ratio: float) -> QPixmap:
    return pixmap(icon, color, _SWITCH, ratio)
