"""Messages as cards in the corner of the canvas: nothing modal, nothing moves under the hand."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from seamseg_studio.app.look.icons import Icons
from seamseg_studio.app.words.messages import Level, Message
from seamseg_studio.app.words.plain_text import PlainLabel

_WIDTH = 340
_MARGIN = 14
_MAX_CARDS = 4
_INFO_SHOWN_MS = 6000


class Card(QFrame):
    """One message with its buttons.

    Signals:
        dismissed: It is read; `is_dismissed` says so too.
        help_requested: More is wanted about the topic of the message.
    """

    dismissed = Signal()
    help_requested = Signal(str)

    def __init__(self, message: Message, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message = message
        self.setProperty("role", "card")
        self.setProperty("level", message.level.value)
        self.setAccessibleName(message.title)
        self.setAccessibleDescription(message.text)
        self._icons = icons
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(14, 9, 8, 11)
        column.setSpacing(5)
        column.addLayout(self._make_head())
        if message.text:
            text = PlainLabel(message.text, self)
            text.setWordWrap(True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(text)
        self.is_dismissed = False
        self.buttons: list[QPushButton] = []
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        if message.topic:
            column.addWidget(self._make_help_button(), 0, Qt.AlignmentFlag.AlignLeft)
        if message.choices:
            self._fill_row()
            column.addLayout(self._row)
        elif message.level is Level.INFO:
            timer = QTimer(self)
            timer.setSingleShot(True)
            timer.timeout.connect(self.dismiss)
            timer.start(_INFO_SHOWN_MS)
        self._arrange()

    def _make_head(self) -> QHBoxLayout:
        """The title, and what closes the card."""
        head = QHBoxLayout()
        title = PlainLabel(self.message.title, self)
        title.setProperty("role", "heading")
        title.setWordWrap(True)
        self.close_button = QToolButton(self)
        self.close_button.setProperty("role", "flat")
        self.close_button.setIcon(self._icons["close"])
        self.close_button.setAccessibleName(self.tr("Dismiss: {0}").format(self.message.title))
        self.close_button.setToolTip(self.tr("Dismiss"))
        self.close_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.close_button.clicked.connect(self.dismiss)
        head.addWidget(title, 1)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        return head

    def _fill_row(self) -> None:
        """A button for each choice."""
        self._row.setContentsMargins(0, 4, 6, 0)
        for place, choice in enumerate(self.message.choices):
            button = QPushButton(choice.text, self)
            if place == 0:
                button.setProperty("role", "primary")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(self.dismiss)
            button.clicked.connect(lambda _=False, choice=choice: choice.run())
            self._row.addWidget(button)
            self.buttons.append(button)
        self._row.addStretch(1)

    def _make_help_button(self) -> QToolButton:
        """What opens the guide at the entry about this message."""
        self.help_button = QToolButton(self)
        self.help_button.setProperty("role", "link")
        self.help_button.setText(self.tr("What can I do?"))
        self.help_button.setToolTip(self.tr("Opens the guide at what it says about this message"))
        self.help_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.help_button.clicked.connect(lambda: self.help_requested.emit(self.message.topic))
        return self.help_button

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._arrange()

    def _arrange(self) -> None:
        """Lays the buttons side by side where their words fit, otherwise one below the other."""
        if not hasattr(self, "_row"):
            return  # the style is told of before anything is built
        for widget in (self, *self.buttons):
            widget.ensurePolished()  # words are measured in the font and with the margins of the theme
        around = (self.contentsMargins(), self._column.contentsMargins(), self._row.contentsMargins())
        beside = sum(margins.left() + margins.right() for margins in around)
        widths = [button.sizeHint().width() for button in self.buttons]
        needed = sum(widths) + self._row.spacing() * max(0, len(widths) - 1) + beside
        direction = QBoxLayout.Direction.LeftToRight if needed <= _WIDTH else QBoxLayout.Direction.TopToBottom
        self._row.setDirection(direction)
        self.setFixedWidth(max([_WIDTH, *(width + beside for width in widths)]))

    def dismiss(self) -> None:
        """Says that the message is read."""
        self.is_dismissed = True
        self.dismissed.emit()


class MessageCards(QWidget):
    """Shows messages in the upper right corner of `host`, the latest on top.

    Signals:
        help_requested: More is wanted about a topic of the troubleshooting page.
    """

    help_requested = Signal(str)

    def __init__(self, icons: Icons, host: QWidget) -> None:
        super().__init__(host)
        self._icons = icons
        self._host = host
        self.cards: list[Card] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        host.installEventFilter(self)
        self.hide()

    def show_message(self, message: Message) -> None:
        """Shows `message`; one with the same key, or the same words, is replaced."""
        for card in list(self.cards):
            same = card.message.title == message.title and card.message.text == message.text
            if same or (message.key and card.message.key == message.key):
                self.close_card(card)
        card = Card(message, self._icons, self)
        card.dismissed.connect(self._on_card_dismissed)
        card.help_requested.connect(self.help_requested)
        self.cards.insert(0, card)
        self._column.insertWidget(0, card)
        for old in self.cards[_MAX_CARDS:]:
            self.close_card(old)
        self.show()
        self._place()

    def close_message(self, key: str) -> None:
        """Takes away the message with `key`, if it is shown."""
        for card in [card for card in self.cards if card.message.key == key]:
            self.close_card(card)

    def close_card(self, card: Card) -> None:
        """Takes `card` away."""
        if card in self.cards:
            self.cards.remove(card)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
            self.setVisible(bool(self.cards))
            self._place()

    def _on_card_dismissed(self) -> None:
        for card in [card for card in self.cards if card.is_dismissed]:
            self.close_card(card)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        self.adjustSize()
        host = self._host
        self.move(host.width() - self.width() - _MARGIN, _MARGIN)
        self.raise_()
