"""Every text that people read can be translated, and is: German and Chinese."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest
from canvas_street import MakeDocument
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.tools import make_tools
from seamseg_studio.app.tools.options import ChoiceOption
from seamseg_studio.app.words.languages import TRANSLATED, language_of, speak

REPOSITORY = Path(__file__).resolve().parents[3]
TRANSLATIONS = REPOSITORY / "resources" / "translations"
MIN_SHARE = 0.9
"""A text that was just added is English until somebody translates it; more than a tenth are a fault."""

SHOWN_BY = {
    *("setText", "setWindowTitle", "setToolTip", "setPlaceholderText", "setAccessibleName", "setStatusTip"),
    *("setAccessibleDescription", "setTitle", "addAction", "addMenu", "addTab", "addRow", "QLabel", "QPushButton"),
    *("QCheckBox", "QAction", "QGroupBox", "muted", "SearchField", "Choice", "post_error", "set_summary"),
}
NAMES = {"Seamseg Studio", "labelme", "CVAT", "Photoshop"}
"""Of programs; the same in every language."""


def sources() -> list[Path]:
    return sorted((REPOSITORY / "app").rglob("*.py"))


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def bare_texts(node: ast.AST) -> Iterator[str]:
    """Words in the code itself, also in the fixed parts of f-strings."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and re.search("[A-Za-z]{2}", part.value):
            yield part.value


def test_no_shown_text_is_unwrapped() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{call.lineno}: {text!r}"
        for path in sources()
        for call in calls(path)
        if name_of(call) in SHOWN_BY
        for argument in call.args
        for text in bare_texts(argument)
        if text not in NAMES
    ]
    assert found == []


def test_texts_to_translate_are_constants() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{call.lineno}"
        for path in sources()
        for call in calls(path)
        if name_of(call) == "tr" and not (call.args and isinstance(call.args[0], ast.Constant))
    ]
    assert found == []


def test_texts_are_translated_by_who_says_them() -> None:
    # What asks another object to translate is in no context that the collector knows: it stays English for ever.
    found = [
        f"{path.relative_to(REPOSITORY)}:{call.lineno}"
        for path in sources()
        for call in calls(path)
        if name_of(call) == "tr" and isinstance(call.func, ast.Attribute)
        if not (isinstance(call.func.value, ast.Name) and call.func.value.id == "self")
    ]
    assert found == []


def messages(path: Path) -> dict[tuple[str, str], str]:
    """Translation by context and text; empty for those that nobody has translated."""
    found = {}
    for context in ElementTree.parse(path).getroot().iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            is_done = translation is not None and translation.get("type") != "unfinished"
            text = (translation.text or "") if is_done and translation is not None else ""
            found[context.findtext("name", ""), message.findtext("source", "")] = text
    return found


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """All texts of the program as it is."""
    copy = tmp_path_factory.mktemp("program")
    for name in ("app", "scripts"):
        shutil.copytree(REPOSITORY / name, copy / name)
    (copy / "resources" / "translations").mkdir(parents=True)
    subprocess.run([sys.executable, str(copy / "scripts" / "translations.py")], check=True, timeout=120)
    return messages(copy / "resources" / "translations" / "studio_de.ts")


@pytest.mark.parametrize("language", TRANSLATED)
def test_nearly_every_text_is_translated(language: str, fresh: dict[tuple[str, str], str]) -> None:
    known = messages(TRANSLATIONS / f"studio_{language}.ts")
    missing = sorted(text for key in fresh if not known.get(key) for text in [key[1]])
    assert len(fresh) > 500
    assert len(missing) <= (1 - MIN_SHARE) * len(fresh), missing


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_the_fields(language: str) -> None:
    for (context, text), translation in messages(TRANSLATIONS / f"studio_{language}.ts").items():
        if translation:
            fields = sorted(re.findall(r"\{\d\}", text))
            assert sorted(re.findall(r"\{\d\}", translation)) == fields, (context, text)
            assert text.endswith("…") == translation.endswith("…"), (context, text)


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_file_is_that_of_the_source(language: str, tmp_path: Path) -> None:
    tool = Path(sys.executable).with_name("pyside6-lrelease")
    source, target = TRANSLATIONS / f"studio_{language}.ts", tmp_path / "fresh.qm"
    subprocess.run([str(tool), "-silent", str(source), "-qm", str(target)], check=True, timeout=60)
    assert target.read_bytes() == source.with_suffix(".qm").read_bytes(), "run: make translations"


def test_the_collected_texts_of_tools_are_all(make_street: MakeDocument) -> None:
    spec = importlib.util.spec_from_file_location("translations", REPOSITORY / "scripts" / "translations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    collected = {text for context, text in module.table_texts() if context == "Tools"}
    said: set[str] = set()
    for tool in make_tools().values():
        said |= {tool.title, tool.hint}
        for option in tool.options(make_street()):
            said |= {option.title, option.tip}
            if isinstance(option, ChoiceOption):
                said |= {title for _, title in option.choices if not title.endswith(" px")}
    assert {text for text in said if text} <= collected


@pytest.fixture
def make_street(qapp: QApplication) -> MakeDocument:
    import numpy as np
    from canvas_street import TAXONOMY, street
    from memory_project import MemoryProject, record_of

    def make(panoptic_map: object = None, image: object = None) -> Document:
        shown = street()
        project = MemoryProject(TAXONOMY)
        return Document(project, record_of(shown.shape), np.zeros((*shown.shape, 3), np.uint8), shown)  # type: ignore[arg-type]

    return make


@pytest.mark.parametrize(("language", "words"), [("de", ("&Datei", "Segmente")), ("zh", ("文件", "分割块"))])
def test_the_window_speaks_the_language(
    language: str, words: tuple[str, str], studio: Studio, qapp: QApplication, qtbot: QtBot
) -> None:
    translators = speak(qapp, language)
    try:
        window = MainWindow(studio)
        qtbot.addWidget(window)
        assert window.menuBar().actions()[0].text() == words[0]
        assert window.segments.title == words[1]
        window.load_canvas()
        assert isinstance(window.canvas, Canvas)
        window.use_tool("brush")
        english = next(tool for name, tool in make_tools().items() if name == "brush")
        assert window.option_bar._title.text() != english.title
        assert window.actions_by_id["undo"].property("reason") not in ("", "no image is open")
    finally:
        for translator in translators:
            qapp.removeTranslator(translator)


def test_other_languages_are_english(qapp: QApplication) -> None:
    assert language_of("en") == "en"
    assert language_of("xx") == "en"
    assert language_of("de") == "de"
    assert speak(qapp, "en") == []
