"""What every tool is: a name, its options, and what it does on press, move and release."""

from __future__ import annotations

from typing import ClassVar, Protocol

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools.events import CursorShape, Shown, ToolEvent, ToolKey
from seamseg_studio.app.tools.options import Option


class CanvasPort(Protocol):
    """What a tool may ask of the canvas."""

    def refresh_cursor(self) -> None:
        """Shows the tool's cursor shape and sketch anew."""


class Tool(QObject):
    """One way of working on the image. A press, the moves after it and the release are one gesture, one undo step.

    Signals:
        option_changed: An option (its key) got another value, by whatever way.
        hint_changed: What the status bar should say.
    """

    option_changed = Signal(str)
    hint_changed = Signal(str)

    name: ClassVar[str]  # stable, for settings and tests
    title: ClassVar[str]
    icon: ClassVar[str]  # file stem in resources/icons
    shortcut: ClassVar[str]
    hint: ClassVar[str]
    keys: ClassVar[frozenset[ToolKey]] = frozenset()  # taken while `busy`; at all other times they are shortcuts

    @property
    def busy(self) -> bool:
        """Whether a gesture is under way that Esc would end."""
        return False

    def options(self, document: Document | None) -> tuple[Option, ...]:
        """The options and their values now, in the order to show them."""
        return ()

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        """Changes an option.

        Raises:
            ValueError: The tool has no such option, or the value is none of its.
        """
        raise ValueError(f"tool {self.name!r} has no option {key!r}")

    def step_size(self, steps: int) -> None:
        """Makes the tool's reach `steps` notches larger; tools without a size do nothing."""

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        """The pointer went down on the image or beside it."""

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        """The pointer moved; `event.button` says what is held, if anything."""

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        """The pointer went up."""

    def key(self, key: ToolKey, document: Document, canvas: CanvasPort) -> None:
        """One of `keys` went down during a gesture."""

    def cancel(self, document: Document) -> None:
        """Ends the gesture under way as if it had not been."""

    def finish(self, document: Document) -> None:
        """Ends the gesture under way keeping what it did, as when another image is opened."""
        self.cancel(document)

    def cursor(self, document: Document | None) -> CursorShape:
        """The pointer to show."""
        return CursorShape()

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        """The lines and pixels to show."""
        return ()
