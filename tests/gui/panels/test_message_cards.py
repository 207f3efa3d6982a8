"""Messages come, are replaced, and go."""

from __future__ import annotations

import ast
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from seamseg_studio.app.look.icons import Icons
from seamseg_studio.app.look.theme import Theme, ThemeChoice
from seamseg_studio.app.panels import message_cards
from seamseg_studio.app.panels.message_cards import MessageCards
from seamseg_studio.app.words.messages import Choice, Level, Message

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    host = QWidget()
    host.resize(900, 600)
    qtbot.addWidget(host)
    host.show()
    return host


@pytest.fixture
def cards(host: QWidget, qapp: QApplication) -> MessageCards:
    return MessageCards(Icons(Theme(qapp, ThemeChoice.DARK)), host)


def test_a_choice_runs_and_closes(cards: MessageCards, qtbot: QtBot) -> None:
    done: list[str] = []
    choices = (Choice("Yes", lambda: done.append("yes")), Choice("No", lambda: done.append("no")))
    cards.show_message(Message("Title", "Text", Level.OFFER, choices))
    assert cards.isVisible()
    qtbot.mouseClick(cards.cards[0].buttons[1], Qt.MouseButton.LeftButton)
    assert done == ["no"]
    assert cards.cards == []
    assert not cards.isVisible()


def test_same_key_replaces_and_the_latest_is_on_top(cards: MessageCards) -> None:
    cards.show_message(Message("one", key="k"))
    cards.show_message(Message("two"))
    cards.show_message(Message("three", key="k"))
    cards.show_message(Message("two"))
    assert [card.message.title for card in cards.cards] == ["two", "three"]
    for number in range(9):
        cards.show_message(Message(f"more {number}"))
    assert len(cards.cards) == 4
    cards.close_message("nothing")
    assert len(cards.cards) == 4


def test_information_goes_by_itself_and_errors_stay(
    cards: MessageCards, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_cards, "_INFO_SHOWN_MS", 30)
    cards.show_message(Message("bad", level=Level.ERROR))
    cards.show_message(Message("good"))
    qtbot.waitUntil(lambda: [card.message.title for card in cards.cards] == ["bad"])
    qtbot.mouseClick(cards.cards[0].close_button, Qt.MouseButton.LeftButton)
    assert cards.cards == []


def test_the_corner_is_kept_when_the_host_changes_its_size(cards: MessageCards, host: QWidget, qtbot: QtBot) -> None:
    cards.show_message(Message("here", "A text\nof two lines", Level.WARNING))
    host.resize(700, 500)
    qtbot.waitUntil(lambda: cards.geometry().right() <= 700 and cards.geometry().right() > 650)
    assert cards.y() < 30


def choice_texts() -> list[str]:
    """The words of all buttons that a message of the window can have."""
    texts = set()
    for path in (REPOSITORY / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Choice":
                texts |= {part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}
    return sorted(str(text) for text in texts)


def in_language(texts: list[str], language: str) -> list[str]:
    """These words as people read them in `language`."""
    if language == "en":
        return texts
    tree = ElementTree.parse(REPOSITORY / "resources" / "translations" / f"studio_{language}.ts")
    known = {message.findtext("source", ""): message.findtext("translation", "") for message in tree.iter("message")}
    return [known.get(text) or text for text in texts]


@pytest.mark.parametrize("scale", [1.0, 1.5])
@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_the_words_of_every_button_fit_in_it(
    host: QWidget, qapp: QApplication, qtbot: QtBot, language: str, scale: float
) -> None:
    texts = in_language(choice_texts(), language)
    assert len(texts) > 10
    longest = sorted(texts, key=len)[-3:]
    theme = Theme(qapp, ThemeChoice.DARK, scale)
    cards = MessageCards(Icons(theme), host)
    for shown in (longest, ["Yes", "No"], *([text] for text in texts)):
        choices = tuple(Choice(text, lambda: None) for text in shown)
        cards.show_message(Message("Title", "Text", Level.OFFER, choices, key="same"))
        buttons = cards.cards[0].buttons
        qtbot.waitUntil(lambda buttons=buttons: all(button.width() > 0 for button in buttons))
        for button in buttons:
            assert button.width() >= button.sizeHint().width() >= button.fontMetrics().horizontalAdvance(button.text())
            assert button.geometry().right() < cards.cards[0].width()
        if shown == longest and language == "de":
            assert len({button.y() for button in buttons}) == 3
    theme.set_scale(1.0)


def test_buttons_are_laid_anew_when_the_text_grows(cards: MessageCards, qapp: QApplication, qtbot: QtBot) -> None:
    choices = tuple(Choice(text, lambda: None) for text in ("Use the proposal", "Keep mine"))
    cards.show_message(Message("Title", "Text", Level.OFFER, choices))
    first, second = cards.cards[0].buttons
    assert first.y() == second.y()
    theme = Theme(qapp, ThemeChoice.DARK)
    theme.set_scale(2.0)
    qtbot.waitUntil(lambda: second.y() > first.y())
    assert first.width() >= first.sizeHint().width()
    theme.set_scale(1.0)
