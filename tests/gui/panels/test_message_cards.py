"""Messages come, are replaced, and go."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from seamseg_studio.app.icons import Icons
from seamseg_studio.app.messages import Choice, Level, Message
from seamseg_studio.app.panels import message_cards
from seamseg_studio.app.panels.message_cards import MessageCards
from seamseg_studio.app.theme import Theme, ThemeChoice


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
