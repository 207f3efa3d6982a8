"""What the engine and the journal say is spoken in the person's language, and the table knows what they say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from gui_fake_engine import CAR
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words import sentences
from seamseg_studio.app.words.languages import speak
from seamseg_studio.app.words.messages import Message
from seamseg_studio.app.words.sentences import LABELS, SENTENCES, WORDS, spoken, spoken_label

REPOSITORY = Path(__file__).resolve().parents[3]
SERVICE = tuple(f"engine/service/{name}.py" for name in ("channel", "child", "client", "protocol", "runner"))
SAYS = ("engine/scene/*.py", "engine/project/*.py", "engine/formats/image_file.py", *SERVICE)
KINDS = {"EditError", "ProjectError", "ImageError", "EngineError"}
MIN_SHARE = 0.8
"""A sentence that was just added is English until somebody puts it into the table."""


def template(node: ast.expr) -> str | None:
    """A text with its fields numbered; None for what is no text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    text, number = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            text, number = f"{text}{{{number}}}", number + 1
    return text


def said() -> Iterator[str]:
    """Every sentence of the errors that a window may show."""
    for pattern in SAYS:
        for path in sorted(REPOSITORY.glob(pattern)):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                name = node.func if isinstance(node, ast.Call) else None
                called = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
                is_error = called in KINDS or (called == "__init__" and path.name == "errors.py")
                if is_error and isinstance(node, ast.Call) and node.args and (text := template(node.args[0])):
                    yield text


def filled(text: str) -> str:
    """A template with something in its fields."""
    return re.sub(r"\{(\d)\}", lambda match: f"<{match[1]}>", text)


def test_the_table_knows_what_the_engine_says() -> None:
    sentences = set(said())
    unknown = sorted(sentences - set(SENTENCES))
    assert len(sentences) > 50
    assert len(unknown) <= (1 - MIN_SHARE) * len(sentences), unknown


def test_every_sentence_is_found_again() -> None:
    for text in SENTENCES:
        assert spoken(filled(text)) == filled(text)
    for text in LABELS:
        assert spoken_label(filled(text)) == filled(text)


def test_what_is_no_sentence_stays_as_it_is() -> None:
    for text in ("", "something else", "a: b; c", "first\nsecond"):
        assert spoken(text) == text
        assert spoken_label(text) == text


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    translators = speak(qapp, "de")
    yield
    for translator in translators:
        qapp.removeTranslator(translator)


@pytest.mark.usefixtures("german")
def test_every_entry_has_a_translation() -> None:
    same = {"polygon", "lasso"}  # but for their capitals
    assert [text for text in SENTENCES if spoken(filled(text)) == filled(text)] == []
    assert [text for text in LABELS if spoken_label(filled(text)) == filled(text)] == []
    assert not same - set(WORDS)


def test_names_without_end_are_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """In 90,000 characters of `a: a: a: ...` looking for sentences took minutes, and the window stood still."""
    looked: list[int] = []
    patterns = sentences._patterns
    monkeypatch.setattr(sentences, "_patterns", lambda table: looked.append(len(table)) or patterns(table))
    text = "a: " * 30_000
    assert spoken(text) == text
    assert spoken_label(text) == text
    assert looked == []
    spoken("a: b")
    assert looked


@pytest.mark.usefixtures("german")
def test_fields_are_spoken_too() -> None:
    assert spoken_label("delete 3 segments") == "3 Segmente löschen"
    assert spoken_label("lasso: new car") == "Lasso: neu car"
    text = "segment 7 may not change while only void may; make everything editable first"
    assert "Unbeschriftetes" in spoken(text)
    assert "segment" not in spoken(text)
    one_of_many = "b.jpg: not enough memory to answer; close other programs"
    assert spoken(one_of_many) == "b.jpg: Nicht genug Speicher für die Antwort; schließen Sie andere Programme"
    several = "ignored\na.jpg: no such file; check the name"
    assert spoken(several) == "ignored\na.jpg: diese Datei gibt es nicht; prüfen Sie den Namen"


def test_the_window_speaks_of_changes_and_errors(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot, qapp: QApplication
) -> None:
    translators = speak(qapp, "de")
    try:
        labelled.set_locked([CAR], True)
        window.show_panel("history")
        model = window.history.view.model()
        qtbot.waitUntil(lambda: model.rowCount() == 2)
        assert model.index(1, 0).data() == "sperren"
        assert window.actions_by_id["undo"].text().endswith(": sperren")
        posted: list[Message] = []
        studio.session.message_posted.connect(posted.append)
        labelled.merge([CAR])
        assert "gesperrt" in posted[-1].text
    finally:
        for translator in translators:
            qapp.removeTranslator(translator)
