"""Small widgets that several panels share."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QSizePolicy,
    QToolButton,
    QTreeView,
    QWidget,
)

from seamseg_studio.app.words.plain_text import PlainLabel, plain_tip

_INDENT_PX = 14
_EMPTY_MARGIN_PX = 12


class ElidedLabel(PlainLabel):
    """A line that takes what room there is; what does not fit ends in dots, and the tip tells all of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def shown_text(self) -> str:
        """The text as far as it fits."""
        width = self.contentsRect().width()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, width)

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self.shown_text()
        tip = plain_tip(self.text()) if shown != self.text() else ""
        if tip != self.toolTip():
            self.setToolTip(tip)
        painter = QPainter(self)
        alignment = self.alignment() | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), alignment, shown)
        painter.end()


class SearchField(QLineEdit):
    """A line of text to filter by; keys typed here never reach the window's one-key shortcuts.

    Signals:
        entered: Return was pressed.
        left: Escape was pressed; the field is empty again.
        moved: Up (-1) or down (+1) was pressed: the selection of the list below should move.
    """

    entered = Signal()
    left = Signal()
    moved = Signal(int)

    def __init__(self, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(hint)
        self.setAccessibleName(hint)
        self.setClearButtonEnabled(True)
        self.setAcceptDrops(False)  # files dropped here are for the window, not text

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            command = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
            if not event.modifiers() & command:
                event.accept()
                return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.entered.emit()
            case Qt.Key.Key_Escape:
                self.clear()
                self.left.emit()
            case Qt.Key.Key_Down:
                self.moved.emit(1)
            case Qt.Key.Key_Up:
                self.moved.emit(-1)
            case _:
                super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.selectAll()


class ChoiceBar(QWidget):
    """Mutually exclusive choices as joined buttons.

    Signals:
        chosen: The value a person picked.
    """

    chosen = Signal(object)

    def __init__(self, choices: Sequence[tuple[object, str]], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._group = QButtonGroup(self)
        self._values = [value for value, _ in choices]
        for place, (_, text) in enumerate(choices):
            button = QToolButton(self)
            button.setText(text)
            button.setCheckable(True)
            button.setProperty("role", "choice")
            ends = ("only",) if len(choices) == 1 else ("first",) if place == 0 else ()
            button.setProperty("place", next(iter(ends), "last" if place == len(choices) - 1 else "middle"))
            button.setAccessibleName(f"{name}: {text}")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._group.addButton(button, place)
            layout.addWidget(button)
        self._group.idClicked.connect(lambda place: self.chosen.emit(self._values[place]))

    @property
    def value(self) -> object:
        place = self._group.checkedId()
        return self._values[place] if place >= 0 else None

    def set_value(self, value: object) -> None:
        """Shows `value` as chosen, without a signal; nothing changes for one that is not offered."""
        if value in self._values:
            self._group.button(self._values.index(value)).setChecked(True)

    def button(self, value: object) -> QToolButton:
        """The button of `value`."""
        button = self._group.button(self._values.index(value))
        assert isinstance(button, QToolButton)
        return button


class RowList(QListView):
    """A list whose rows are drawn by `rows.RowDelegate`. Return is the window's there, too: it accepts the image.

    Attributes:
        empty_text: What stands there while there are no rows.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.empty_text = ""
        _prepare(self, name)
        self.setUniformItemSizes(True)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _paint_empty_text(self, self.empty_text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())  # what is worked on stays in sight

    def keyboardSearch(self, search: str) -> None:
        """Letters are the window's shortcuts, not a search in the list."""


class ActingList(RowList):
    """A list in which arrow keys alone do nothing: Return does what a click does."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            bare = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
            if bare and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
                event.accept()
                return True
        return bool(super().event(event))


class RowTree(QTreeView):
    """The same with headings.

    Attributes:
        empty_text: What stands there while there are no rows.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.empty_text = ""
        _prepare(self, name)
        self.setUniformRowHeights(True)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setExpandsOnDoubleClick(False)
        self.setIndentation(_INDENT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _paint_empty_text(self, self.empty_text)

    def keyboardSearch(self, search: str) -> None:
        """Letters are the window's shortcuts, not a search in the list."""


def _paint_empty_text(view: QAbstractItemView, text: str) -> None:
    """Says in an empty list what will be there, or what to do."""
    model = view.model()
    if not text or (model is not None and model.rowCount() > 0):
        return
    room = view.viewport().rect().adjusted(_EMPTY_MARGIN_PX, _EMPTY_MARGIN_PX, -_EMPTY_MARGIN_PX, -_EMPTY_MARGIN_PX)
    painter = QPainter(view.viewport())
    painter.setPen(view.palette().placeholderText().color())
    painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap, text)
    painter.end()


def _prepare(view: QAbstractItemView, name: str) -> None:
    view.setProperty("role", "rows")
    view.setAccessibleName(name)
    view.setMouseTracking(True)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setFrameShape(QFrame.Shape.NoFrame)


def keep_labels_whole(form: QFormLayout) -> None:
    """Lets no wide field of a form squeeze the words before it."""
    for row in range(form.rowCount()):
        item = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
        label = item.widget() if item is not None else None
        if isinstance(label, QLabel):
            label.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)


def rule(parent: QWidget | None = None) -> QFrame:
    """A thin upright line between groups of a bar."""
    frame = QFrame(parent)
    frame.setProperty("role", "rule")
    frame.setFixedHeight(18)
    return frame


def muted(text: str, parent: QWidget | None = None) -> QLabel:
    """A label in the quiet colour."""
    label = PlainLabel(text, parent)
    label.setProperty("role", "muted")
    return label
