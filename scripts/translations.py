"""Brings the translations up to date: `make translations` after texts were added or changed.

Collects the texts of the window into resources/translations/studio_*.ts (Qt Linguist edits these), and compiles them.
New texts come without a translation and are shown in English until somebody writes one.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "resources" / "translations"
LANGUAGES = ("de", "zh")


def table_texts() -> Iterator[tuple[str, str]]:
    """Yields context and text of everything that stands in tables and is translated when it is shown."""
    from seamseg_studio.app.actions.table import ACTIONS, CONTEXT, MENU_TEXTS
    from seamseg_studio.app.help import topics
    from seamseg_studio.app.words.sentences import (
        LABEL_CONTEXT,
        LABELS,
        SENTENCE_CONTEXT,
        SENTENCES,
        WORD_CONTEXT,
        WORDS,
    )

    for spec in ACTIONS:
        yield CONTEXT, spec.text
    for text in MENU_TEXTS.values():
        yield CONTEXT, text
    for text in _reasons(ROOT / "app" / "actions" / "commands.py"):
        yield "Commands", text
    for text in topics.WORDS.values():
        yield topics.CONTEXT, text
    for context, table in ((LABEL_CONTEXT, LABELS), (WORD_CONTEXT, WORDS), (SENTENCE_CONTEXT, SENTENCES)):
        for text in table:
            yield context, text
    for path in sorted((ROOT / "app" / "tools").glob("*.py")):
        for text in _phrases(path):
            yield "Tools", text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compile-only", action="store_true", help="leave the .ts files as they are")
    options = parser.parse_args()
    bin_folder = Path(sys.executable).parent
    if not options.compile_only:
        with tempfile.TemporaryDirectory() as scratch:
            tables = Path(scratch) / "tables.py"
            calls = sorted(f"QCoreApplication.translate({context!r}, {text!r})" for context, text in set(table_texts()))
            tables.write_text("from PySide6.QtCore import QCoreApplication\n" + "\n".join(calls) + "\n", "utf-8")
            sources = [*sorted((ROOT / "app").rglob("*.py")), tables]
            for language in LANGUAGES:
                target = FOLDER / f"studio_{language}.ts"
                command = [bin_folder / "pyside6-lupdate", "-no-obsolete", "-locations", "none", *sources]
                subprocess.run([*map(str, command), "-ts", str(target)], check=True, stdout=subprocess.DEVNULL)
    for language in LANGUAGES:
        source = FOLDER / f"studio_{language}.ts"
        command = [bin_folder / "pyside6-lrelease", "-silent", source, "-qm", source.with_suffix(".qm")]
        subprocess.run([str(word) for word in command], check=True)
    return 0


def _reasons(path: Path) -> Iterator[str]:
    """The values of the dictionary of conditions in `commands.py`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == "_conditions":
            for part in ast.walk(node):
                if isinstance(part, ast.Lambda):
                    yield from (text for text in _constants(part) if " " in text)


def _phrases(path: Path) -> Iterator[str]:
    """What a tool says of itself: its title, hint and options, that is, all words and sentences that are no keys."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_docstring or isinstance(node, ast.Raise | ast.JoinedStr) or _is_names(node):
            skipped.update(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            text = node.value
            if len(text) > 2 and "+" not in text.split()[0] and (text[0].isupper() or " " in text):
                yield text


def _is_names(node: ast.AST) -> bool:
    """Whether a list of exported names is assigned here."""
    return isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)


def _constants(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


if __name__ == "__main__":
    sys.exit(main())
