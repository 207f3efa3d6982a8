"""The pages of the documentation that travel with the program, as text; no widgets here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import seamseg_studio.app

# Beside the package `app` both in a checkout and where the program is installed.
GUIDE = Path(seamseg_studio.app.__file__).resolve().parent.parent / "docs"
TROUBLESHOOTING = "troubleshooting.md"
PAGES = (
    "tutorial.md",
    "user-guide.md",
    "user-guide/tools.md",
    "user-guide/canvas.md",
    "user-guide/shortcuts.md",
    "user-guide/models.md",
    TROUBLESHOOTING,
    "formats.md",
    "labelling.md",
    "training.md",
    "official-models.md",
    "evaluation.md",
    "project-folder.md",
)
"""What the window shows, in the order of its contents; the rest is for developers."""

_HEADING = re.compile(r"^(#{1,3}) (.+)$")
_MARKS = re.compile(r"[`*]|\]\([^)]*\)|\[")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a page with the text below it.

    Attributes:
        page: Path below `GUIDE`.
        title: The heading, without marks.
        level: 1 for the title of the page.
        text: What stands below it, until the next heading.
    """

    page: str
    title: str
    level: int
    text: str

    @property
    def anchor(self) -> str:
        return anchor_of(self.title)

    @property
    def place(self) -> str:
        """What a link to it says."""
        return f"{self.page}#{self.anchor}" if self.level > 1 else self.page


def anchor_of(heading: str) -> str:
    """What a heading is called in a link; the site makes the same of it (the rule of Python-Markdown)."""
    ascii_text = unicodedata.normalize("NFKD", _MARKS.sub("", heading)).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", ascii_text).strip().lower())


def sections_of(text: str, page: str = "") -> list[Section]:
    """The headings of a page in Markdown, each with the text below it."""
    found: list[tuple[str, int, list[str]]] = []
    in_code = False
    for line in text.splitlines():
        in_code ^= line.lstrip().startswith("```")
        heading = None if in_code else _HEADING.match(line)
        if heading:
            found.append((_MARKS.sub("", heading[2]), len(heading[1]), []))
        elif found:
            found[-1][2].append(line)
    return [Section(page, title, level, "\n".join(lines)) for title, level, lines in found]


@cache
def contents() -> tuple[Section, ...]:
    """All sections of all pages; a page that is missing has none."""
    found: list[Section] = []
    for page in PAGES:
        try:
            found += sections_of((GUIDE / page).read_text(encoding="utf-8"), page)
        except OSError:
            continue  # an installation without its documents still works
    return tuple(found)


def search(words: str, among: Sequence[Section] | None = None) -> list[Section]:
    """The sections that hold every word, those with the words in their titles first."""
    wanted = words.casefold().split()
    scored = []
    for number, section in enumerate(contents() if among is None else among):
        title, text = section.title.casefold(), section.text.casefold()
        if all(word in title or word in text for word in wanted):
            scored.append((-sum(word in title for word in wanted), number, section))
    return [section for _, _, section in sorted(scored, key=lambda entry: entry[:2])]
