"""Which entry of the troubleshooting page a message belongs to. The page itself is the table.

Each entry is a heading with a list of messages in it, where `…` stands for names and numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from PySide6.QtCore import QCoreApplication

from seamseg_studio.app.help.guide import TROUBLESHOOTING, contents

TITLE_CONTEXTS = (
    *("CategoriesPanel", "CategoryChange", "ChangedPhotos", "Documents", "Failures", "Labelling", "Repairs", "Session"),
    *("Studio", "TrainingCommands", "Trainings", "ViewCommands"),
)
"""The classes that say what went wrong: their titles are translated in these contexts."""

GENERAL = "something-unexpected-happened"
_LISTED = re.compile(r"^- `(.+)`$", re.M)
_GAP = "…"
_FIELD = re.compile(r"\{\d\}")
_LONGEST = 500  # characters: names in a message may have any number, and each gap of a pattern is looked for anywhere


def topic_of(title: str, text: str) -> str:
    """The anchor of the entry about a message; empty if there is none.

    Args:
        title: In the person's language.
        text: As the engine says it, not translated yet; one sentence a line.
    """
    for line in (text, *text.split("\n")):
        for said in (line, line.partition(": ")[2]):
            if said and (anchor := _found(said)):
                return anchor
    return _by_title(title)


@cache
def messages() -> tuple[tuple[str, str], ...]:
    """Every message that the page lists, with the anchor of its entry."""
    return tuple(
        (message, section.anchor)
        for section in contents()
        if section.page == TROUBLESHOOTING
        for message in _LISTED.findall(section.text)
    )


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """What messages look like, those with most words of their own first."""
    ordered = sorted(messages(), key=lambda entry: -len(entry[0].replace(_GAP, "")))
    return [(_pattern(message), anchor) for message, anchor in ordered]


def _pattern(message: str) -> re.Pattern[str]:
    return re.compile(".+?".join(re.escape(part) for part in message.split(_GAP)), re.DOTALL)


def _found(text: str) -> str:
    if len(text) > _LONGEST:
        return ""
    return next((anchor for pattern, anchor in _patterns() if pattern.fullmatch(text)), "")


def _by_title(title: str) -> str:
    """The entry that lists a title, which may be in another language."""
    if len(title) > _LONGEST:
        return ""
    for message, anchor in messages():
        for template in _translations(message):
            if _pattern(template).fullmatch(title):
                return anchor
    return ""


def _translations(message: str) -> Iterator[str]:
    """A listed message and what it is in the language of the window, fields as gaps."""
    yield message
    number = iter(range(9))
    source = re.sub(_GAP, lambda _: f"{{{next(number)}}}", message)
    for context in TITLE_CONTEXTS:
        said = QCoreApplication.translate(context, source)
        if said != source:
            yield _FIELD.sub(_GAP, said)
