"""The user guide shows pictures that exist, is light, and names keys that are true."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
MAX_BYTES = 3_000_000


def test_pictures_of_the_guide_exist_and_are_light() -> None:
    named = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (DOCS / "user-guide.md").read_text(encoding="utf-8"))
    assert len(named) > 15
    assert [name for name in named if not (DOCS / name).is_file()] == []
    assert sum(path.stat().st_size for path in (DOCS / "user-guide").rglob("*") if path.is_file()) < MAX_BYTES


def test_every_picture_has_words() -> None:
    text = (DOCS / "user-guide.md").read_text(encoding="utf-8")
    assert "![](" not in text
