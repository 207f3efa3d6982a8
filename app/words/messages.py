"""What the window tells a person beside the work, without ever stopping it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a message matters."""

    INFO = "info"
    OFFER = "offer"  # something to decide, whenever the person likes
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Choice:
    """A button of a message."""

    text: str
    run: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to say.

    Attributes:
        title: A few words, what happened.
        text: A sentence or two: which file, what to do.
        level: How it is shown; information goes away by itself.
        choices: Buttons; pressing one also closes the message.
        key: A new message replaces the one shown with the same key.
        topic: The entry of the troubleshooting page about it, as an anchor; empty where there is nothing more to say.
    """

    title: str
    text: str = ""
    level: Level = Level.INFO
    choices: tuple[Choice, ...] = ()
    key: str = ""
    topic: str = ""
