"""A new model beside its base: the same photo labelled by both under a line that is drawn across, and their scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.words.plain_text import PlainLabel

_KEY_STEP = 0.05


class SwipeView(QWidget):
    """Two pictures of the same size in one place; left of a movable line the first is seen, right of it the second."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._left, self._right = QPixmap(), QPixmap()
        self.share = 0.5
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setAccessibleName(self.tr("Base left, new model right; the arrow keys move the line"))
        self.setMinimumSize(320, 240)

    def sizeHint(self) -> QSize:
        return QSize(760, 520)

    def show_pictures(self, left: QPixmap, right: QPixmap) -> None:
        """Shows other pictures under the same line."""
        self._left, self._right = left, right
        self.update()

    def set_share(self, share: float) -> None:
        """Moves the line: 0 is the left border of the picture, 1 the right one."""
        self.share = min(max(share, 0.0), 1.0)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tones = self._theme.tones
        painter.fillRect(self.rect(), tones.color("canvas"))
        frame = self._frame()
        if frame.isEmpty():
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        line = frame.left() + self.share * frame.width()
        for picture, start, stop in ((self._left, frame.left(), line), (self._right, line, frame.right())):
            painter.setClipRect(QRectF(start, frame.top(), stop - start, frame.height()))
            painter.drawPixmap(frame, picture, QRectF(picture.rect()))
        painter.setClipping(False)
        painter.setPen(QPen(tones.color("accent_text"), 2))
        painter.drawLine(QPointF(line, frame.top()), QPointF(line, frame.bottom()))
        for text, flag in (
            (self.tr("base"), Qt.AlignmentFlag.AlignLeft),
            (self.tr("new"), Qt.AlignmentFlag.AlignRight),
        ):
            self._paint_badge(painter, frame, text, flag)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        frame = self._frame()
        if event.buttons() & Qt.MouseButton.LeftButton and frame.width() > 0:
            self.set_share((event.position().x() - frame.left()) / frame.width())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -_KEY_STEP, Qt.Key.Key_Right: _KEY_STEP}
        if event.key() in steps:
            self.set_share(self.share + steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def _frame(self) -> QRectF:
        size = self._left.size()
        if size.isEmpty():
            return QRectF()
        scaled = size.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF(
            (self.width() - scaled.width()) / 2,
            (self.height() - scaled.height()) / 2,
            scaled.width(),
            scaled.height(),
        )

    def _paint_badge(self, painter: QPainter, frame: QRectF, text: str, flag: Qt.AlignmentFlag) -> None:
        width = self.fontMetrics().horizontalAdvance(text) + 14
        left = frame.left() + 8 if flag == Qt.AlignmentFlag.AlignLeft else frame.right() - 8 - width
        place = QRectF(left, frame.top() + 8, width, self.fontMetrics().height() + 6)
        ground = self._theme.tones.color("window")
        ground.setAlpha(210)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(place, 4, 4)
        painter.setPen(self._theme.tones.color("text"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


class CompareDialog(QDialog):
    """The images held back, those that gained most first; both models' labels; their scores by category."""

    def __init__(self, index: Path, theme: Theme, parent: QWidget | None = None) -> None:
        """Opens a comparison.

        Raises:
            ValueError: It is damaged.
            OSError: It cannot be read.
        """
        super().__init__(parent)
        document = json.loads(index.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or not isinstance(document.get("images"), list):
            raise ValueError(f"{index}: is no comparison of models")
        self._folder = index.parent
        self._images: list[Mapping[str, Any]] = document["images"]
        gate = document.get("gate", {})
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("The new model beside its base"))
        self.resize(1180, 680)
        self.reason = PlainLabel(str(gate.get("reason", "")), self)
        self.reason.setWordWrap(True)
        self.images = QListWidget(self)
        self.images.setAccessibleName(self.tr("Images held back, greatest gain first"))
        for entry in self._images:
            self.images.addItem(QListWidgetItem(f"{_change(entry)}   {entry.get('name', '')}"))
        self.view = SwipeView(theme, self)
        self.photo = QCheckBox(self.tr("Show the photo in place of the base"), self)
        self.scores = self._make_table(gate.get("held_out", {}))
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view, 1)
        column.addWidget(self.photo)
        splitter = QSplitter(self)
        for widget, stretch in ((self.images, 2), (middle, 7), (self.scores, 3)):
            splitter.addWidget(widget)
            splitter.setStretchFactor(splitter.count() - 1, stretch)
        splitter.setSizes([200, 680, 300])
        layout = QVBoxLayout(self)
        layout.addWidget(self.reason)
        row = QHBoxLayout()
        row.addWidget(splitter)
        layout.addLayout(row, 1)
        self.images.currentRowChanged.connect(self._show_image)
        self.photo.toggled.connect(lambda: self._show_image(self.images.currentRow()))
        self.images.setCurrentRow(0)

    def _show_image(self, row: int) -> None:
        if not 0 <= row < len(self._images):
            return
        entry = self._images[row]
        left = "photo" if self.photo.isChecked() else "base"
        # Only the name: what stands in the file must not lead elsewhere.
        pictures = [QPixmap(str(self._folder / Path(str(entry.get(kind, ""))).name)) for kind in (left, "new")]
        self.view.show_pictures(pictures[0], pictures[1])

    def _make_table(self, scores: Mapping[str, Any]) -> QTableWidget:
        rows = {"PQ": scores.get("pq", {}), "mIoU": scores.get("miou", {}), **scores.get("categories", {})}
        shown = {
            name: pair for name, pair in rows.items() if pair.get("base") is not None or pair.get("new") is not None
        }
        table = QTableWidget(len(shown), 3, self)
        table.setAccessibleName(self.tr("Scores of the base and of the new model"))
        table.setHorizontalHeaderLabels(["", self.tr("base"), self.tr("new")])
        table.verticalHeader().hide()
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setShowGrid(False)
        for row, (name, pair) in enumerate(shown.items()):
            table.setItem(row, 0, QTableWidgetItem(name))
            for column, key in ((1, "base"), (2, "new")):
                value = pair.get(key)
                item = QTableWidgetItem("–" if value is None else f"{100 * value:.1f}")
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                table.setItem(row, column, item)
        header = table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        return table


def _change(entry: Mapping[str, Any]) -> str:
    base, new = entry.get("base_pq"), entry.get("new_pq")
    if base is None or new is None:
        return "–"
    return f"{100 * (new - base):+.1f}"
