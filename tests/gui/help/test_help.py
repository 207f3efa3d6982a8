"""Help leads somewhere: errors to their entries, parts of the window to their sections, buttons to their words."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.help import desk, troubles
from seamseg_studio.app.help.diagnostics import LIBRARIES, libraries
from seamseg_studio.app.help.guide import PAGES, TROUBLESHOOTING, anchor_of, contents, search, sections_of
from seamseg_studio.app.help.ops import ask_ops
from seamseg_studio.app.help.topics import PLACES, WORDS, place_of
from seamseg_studio.app.help.troubles import GENERAL, TITLE_CONTEXTS, messages, topic_of
from seamseg_studio.app.jobs.job import JobCancelled, JobContext
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.languages import speak
from seamseg_studio.app.words.messages import Message
from seamseg_studio.app.words.sentences import SENTENCES

APP = Path(__file__).resolve().parents[3] / "app"
MIN_SHARE = 0.95
"""A message that was just added has no entry until somebody writes it; more than one of twenty are a fault."""
PLACES_THAT_ARE = {section.place for section in contents()}


def filled(template: str) -> str:
    return re.sub(r"\{(\d)\}|…", "<x>", template)


# The entries


def test_every_page_of_the_guide_is_there() -> None:
    assert {section.page for section in contents()} == set(PAGES)
    assert all(section.title for section in contents())


def test_every_sentence_of_the_engine_has_an_entry() -> None:
    missing = [text for text in SENTENCES if not topic_of("", filled(text))]
    assert len(missing) <= (1 - MIN_SHARE) * len(SENTENCES), missing


def titles() -> Iterator[tuple[str, str]]:
    """Class and title of every message that is shown as an error."""
    for path in sorted(APP.rglob("*.py")):
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(part, ast.ClassDef):
                for call in ast.walk(part):
                    title = call.args[0] if isinstance(call, ast.Call) and call.args else None
                    is_error = isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "post_error"
                    if is_error and isinstance(title, ast.Call) and isinstance(title.args[0], ast.Constant):
                        yield part.name, str(title.args[0].value)


def test_every_error_of_the_window_has_an_entry() -> None:
    found = set(titles())
    assert len(found) > 15
    missing = sorted(title for _, title in found if not topic_of(title, ""))
    assert len(missing) <= (1 - MIN_SHARE) * len(found), missing
    assert {name for name, _ in found} <= set(TITLE_CONTEXTS)


def test_names_without_end_are_looked_up_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked of every message, on the window's thread: 90,000 characters of `a: a: ...` took five minutes."""
    monkeypatch.setattr(troubles, "_patterns", lambda: pytest.fail("looked for"))
    monkeypatch.setattr(troubles, "messages", lambda: pytest.fail("looked for"))
    text = "a: " * 30_000
    assert topic_of(text, text) == ""


def test_the_more_special_message_wins() -> None:
    assert topic_of("Could not open", "a.seamseg: is damaged (x); y") == "a-project-or-its-labels-are-damaged"
    special = "m: model.safetensors is damaged (x); get the model again from its source"
    assert topic_of("The model was not loaded", special) == "a-model-does-not-load"
    assert topic_of("The model was not loaded", "nobody knows this") == "a-model-does-not-load"
    assert topic_of("Nobody says this", "nor this") == ""


def test_a_sentence_about_one_image_of_many_is_found() -> None:
    many = "Images labelled: 3\nb.jpg: not enough memory to answer; close other programs"
    assert topic_of("", many) == "there-is-not-enough-memory"


def test_titles_are_found_in_other_languages(qapp: QApplication) -> None:
    translators = speak(qapp, "de")
    try:
        german = qapp.translate("Studio", "Nothing was exported")
        assert german != "Nothing was exported"
        assert topic_of(german, "") == "the-export"
        unsaved = qapp.translate("Documents", "Changes of {0} are not on disk yet").format("a.jpg")
        assert topic_of(unsaved, "") == "the-disk-is-full-gone-or-read-only"
    finally:
        for translator in translators:
            qapp.removeTranslator(translator)


def test_entries_do_not_share_messages() -> None:
    listed = [message for message, _ in messages()]
    assert sorted(listed) == sorted(set(listed))
    assert f"{TROUBLESHOOTING}#{GENERAL}" in PLACES_THAT_ARE


# Topics


def test_every_topic_leads_to_a_heading() -> None:
    assert {place for place in PLACES.values() if place not in PLACES_THAT_ARE} == set()
    assert set(WORDS) <= set(PLACES)


def test_every_part_of_the_window_says_what_it_is_for(labelled: Document, window: MainWindow) -> None:
    assert window.canvas is not None
    for dock in window.docks.values():
        panel = dock.widget()
        assert panel.whatsThis()
        assert place_of(panel, "brush") == PLACES[panel.objectName()]
    for name, tool in window._tools.items():
        assert window.actions_by_id[f"tool_{name}"].whatsThis() == f"{tool.title}\n\n{tool.hint}"
    assert "Ctrl+E" in window.actions_by_id["export"].whatsThis()
    for part in (window.tool_box, window.option_bar, window.chips, window.status, window.start_page, window.canvas):
        assert part.whatsThis()
    for name in window._tools:
        assert place_of(window.canvas, name) == PLACES[f"tool_{name}"]
    for dialog in ("ExportDialog", "TrainDialog"):
        assert place_of(type(dialog, (QWidget,), {})(), "brush") == PLACES[dialog]


def test_f1_opens_the_guide_at_the_part_in_use(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    window.use_tool("split")
    window.focus_canvas()
    window.help.show_here()
    guide = window.help.guide
    assert guide is not None
    assert guide.place == PLACES["tool_split"]
    assert guide.page.heading == "working-on-segments"
    assert guide.page.verticalScrollBar().value() > 0
    guide.close()


def test_buttons_without_words_have_a_tip(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    window.help.show_guide("tutorial.md")
    for name in window.docks:
        window.show_panel(name)
    mute = [
        button.accessibleName() or button.objectName() or type(button).__name__
        for top in (window, window.help.guide)
        if top is not None
        for button in top.findChildren(QAbstractButton)
        if button.isVisible() and not button.text() and not button.toolTip() and not _is_qts_own(button)
    ]
    assert mute == []


def _is_qts_own(button: QAbstractButton) -> bool:
    return button.objectName().startswith("qt_") or (
        isinstance(button, QToolButton) and type(button.parent()).__name__ in {"QTabBar", "QMenuBar", "QLineEdit"}
    )


def test_tips_of_commands_name_their_keys(labelled: Document, window: MainWindow) -> None:
    for action in window.actions_by_id.actions.values():
        if not action.shortcut().isEmpty():
            assert action.shortcut().toString(action.shortcut().SequenceFormat.NativeText) in action.toolTip()


# The guide


def test_links_and_back_walk_through_the_guide(window: MainWindow, qtbot: QtBot) -> None:
    window.help.show_guide("user-guide.md")
    guide = window.help.guide
    assert guide is not None
    guide._on_page_anchor_clicked(QUrl("user-guide/tools.md#painting"))
    assert guide.place == "user-guide/tools.md#painting"
    guide._on_page_anchor_clicked(QUrl("../training.md"))
    assert guide.place == "training.md"
    qtbot.mouseClick(guide.back, Qt.MouseButton.LeftButton)
    assert guide.place == "user-guide/tools.md#painting"
    guide.go_back()
    guide.go_back()
    assert guide.place == "user-guide.md"
    assert not guide.back.isEnabled()


def test_search_finds_text_and_shows_it(window: MainWindow, qtbot: QtBot) -> None:
    window.help.show_guide("user-guide.md")
    guide = window.help.guide
    assert guide is not None
    qtbot.keyClicks(guide.search, "byte xyzzy")
    item = guide.tree.topLevelItem(0)
    assert item is not None
    assert item.text(0) == "Nothing was found"
    guide.search.clear()
    qtbot.keyClicks(guide.search, "magic wand")
    item = guide.tree.topLevelItem(0)
    assert item is not None
    guide.tree.setCurrentItem(item)
    assert "wand" in guide.page.toPlainText()
    guide.search.clear()
    assert guide.tree.topLevelItemCount() == len(PAGES)


def test_headings_and_code_are_told_apart() -> None:
    sections = sections_of("# One `x`\n```\n# no heading\n```\ntext\n## Two, *three*\nmore", "p.md")
    assert [(section.title, section.place) for section in sections] == [
        ("One x", "p.md"),
        ("Two, three", "p.md#two-three"),
    ]
    assert anchor_of("Other panels (View › Panels)") == "other-panels-view-panels"
    assert [section.title for section in search("more", sections)] == ["Two, three"]
    assert search("nowhere", sections) == []


# Cards and diagnostics


def test_an_error_card_opens_its_entry(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    studio.session.post_error(
        "The model was not loaded", "x: its weights is damaged; get the model again from its source"
    )
    card = window.cards.cards[0]
    qtbot.mouseClick(card.help_button, Qt.MouseButton.LeftButton)
    guide = window.help.guide
    assert guide is not None
    assert guide.place == f"{TROUBLESHOOTING}#a-model-does-not-load"
    assert guide.page.heading == "a-model-does-not-load"
    assert window.cards.cards == [card]


def test_information_has_no_link(window: MainWindow, studio: Studio) -> None:
    studio.session.post(Message("Nothing was exported", "said without alarm"))
    assert not hasattr(window.cards.cards[0], "help_button")


def test_diagnostics_hold_versions_and_no_names(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "ask_ops", lambda context: "compiled for the CPU (built before)")
    studio.session.post_error("Not found", "/home/someone/secret.jpg: no such file or folder.")
    window.help.show_about()
    about = window.help.about
    assert about is not None
    qtbot.waitUntil(lambda: about.ops.text().startswith("compiled"))
    qtbot.mouseClick(about.copy, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    for word in ("Seamseg Studio", "torch", "PySide6-Essentials", "a-project-does-not-open", about.ops.text()):
        assert word in text
    assert "secret" not in text
    assert labelled.record.name not in text
    about.reject()
    assert window.help.about is None


@pytest.mark.skipif(sys.platform == "win32", reason="the double of the interpreter is a shell script")
@pytest.mark.parametrize(
    ("answer", "said"), [("echo noise; echo ops: plain PyTorch", "plain PyTorch"), ("exit 1", "–")]
)
def test_the_ops_are_asked_of_another_process(
    answer: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    assert ask_ops(JobContext(lambda _: None)) == said


@pytest.mark.skipif(sys.platform == "win32", reason="the double of the interpreter is a shell script")
def test_a_closing_window_does_not_wait_for_the_ops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\nexec sleep 600\n", encoding="utf-8")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    context = JobContext(lambda _: None)
    context.stop()
    with pytest.raises(JobCancelled):
        ask_ops(context)


def test_libraries_say_their_licences() -> None:
    found = libraries()
    assert [library.name for library in found] == list(LIBRARIES)
    assert [library.name for library in found if library.licence in ("", "–", "UNKNOWN")] == []


def test_every_page_is_shown(window: MainWindow, qtbot: QtBot) -> None:
    for page in PAGES:
        window.help.show_guide(page)
        guide = window.help.guide
        assert guide is not None
        assert guide.page.page == page
        assert len(guide.page.toPlainText()) > 200
        assert "![" not in guide.page.toPlainText()


def test_the_tour_points_at_what_it_speaks_of(labelled: Document, window: MainWindow, studio: Studio) -> None:
    studio.tour.start()
    light, frames = window.help.spotlight, []
    for _ in range(4):
        assert light.isVisible()
        frames.append(light.frame)
        assert window.rect().contains(light.frame)
        card = next(card for card in window.cards.cards if card.message.key == "tour")
        card.buttons[0].click()
    assert len({(frame.x(), frame.y(), frame.width()) for frame in frames}) == 4
    assert not light.isVisible()
    assert light.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
