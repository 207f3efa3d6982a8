"""The short tour: four cards for who has never seen the program; nothing waits for it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence

from seamseg_studio.app.actions.keymap import Keymap
from seamseg_studio.app.project.session import Session
from seamseg_studio.app.words.messages import Choice, Level, Message

_KEY = "tour"


class Tour(QObject):
    """Says in a corner what the work consists of, a card at a time.

    Signals:
        part_shown: The part of the window that the card speaks of, by its topic; empty when the tour is over.
    """

    part_shown = Signal(str)

    def __init__(self, session: Session, keymap: Callable[[], Keymap], parent: QObject | None = None) -> None:
        """`keymap` gives the keys in force, which the cards name."""
        super().__init__(parent)
        self._session = session
        self._keymap = keymap
        self._waits = False
        session.document_changed.connect(self._on_session_document_changed)

    def start_with_an_image(self) -> None:
        """Begins when the first image is open."""
        self._waits = True

    def start(self) -> None:
        """Begins now."""
        self._waits = False
        self._show(0)

    def _on_session_document_changed(self) -> None:
        if self._waits and self._session.document is not None:
            self.start()

    def _show(self, place: int) -> None:
        steps = self._steps()
        part, title, text = steps[place]
        is_last = place + 1 == len(steps)
        further = Choice(self.tr("Begin"), self._end)
        if not is_last:
            further = Choice(self.tr("Next"), lambda: self._show(place + 1))
        enough = () if is_last else (Choice(self.tr("Enough"), self._end),)
        self._session.post(Message(title, text, Level.OFFER, (further, *enough), _KEY))
        self.part_shown.emit(part)

    def _end(self) -> None:
        self.part_shown.emit("")

    def _steps(self) -> list[tuple[str, str, str]]:
        """What every card is about, its title and its text."""
        suggest = self.tr("Colours are categories, lines go around segments: so the model sees this photo.")
        peek = self.tr("Hold H to see the photo alone.")
        correct = self.tr(
            "Click a segment and press a digit for another category, or paint over it with the brush ({0})."
        )
        saved = self.tr("Every stroke is saved at once; {0} takes it back.")
        accept = self.tr("{0} accepts the image and opens the next one.")
        teach = self.tr("What you accept and correct can teach the model: {0}.")
        guide = self.tr("{0} opens the guide at the part in use.")
        own = self.tr("Drop a folder of your own photos into the window to begin. {0} finds every command.")
        return [
            ("canvas", self.tr("The model suggests"), f"{suggest} {peek}"),
            (
                "categories",
                self.tr("You correct"),
                f"{self._filled(correct, 'tool_brush')} {self._filled(saved, 'undo')}",
            ),
            (
                "images",
                self.tr("You say what is right"),
                f"{self._filled(accept, 'accept')} {self._filled(teach, 'train')}",
            ),
            (
                "chips",
                self.tr("With your own photos"),
                f"{self._filled(own, 'palette')} {self._filled(guide, 'guide')}",
            ),
        ]

    def _filled(self, text: str, action_id: str) -> str:
        """`text` with the key of an action in its field."""
        keys = self._keymap().keys(action_id)
        key = QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if keys else "–"
        return text.format(key)
