"""File names from data."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.names import path_inside, safe_name, unique_names


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_safe_name_stays_in_its_folder(text: str) -> None:
    name = safe_name(text)
    assert name
    assert Path(name).name == name
    assert name not in (".", "..")
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert len((name + ".json").encode()) < 255
    assert safe_name(name) == name


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab/._ \\", min_size=1, max_size=6), unique=True, max_size=20))
def test_different_texts_have_different_safe_names(texts: list[str]) -> None:
    assert len({safe_name(text) for text in texts}) == len(texts)


def test_plain_names_are_kept() -> None:
    for name in ["aachen_000001_000019", "IMG 0001", "é-ü", "a.b.c", "photo(1)"]:
        assert safe_name(name) == name
    assert safe_name("CON") != "CON"
    assert safe_name("nul.txt") != "nul.txt"


def test_equal_basenames_get_distinct_stable_names(tmp_path: Path) -> None:
    paths = [tmp_path / p for p in ["a/1.jpg", "b/1.jpg", "b/1.png", "b/2.jpg", "c/1.JPG", "A2/IMG.png", "b/img.png"]]
    names = unique_names(paths)
    assert len({name.casefold() for name in names}) == len(paths)
    assert names[3] == "2"
    shuffled = list(paths)
    random.Random(3).shuffle(shuffled)
    assert dict(zip(shuffled, unique_names(shuffled), strict=True)) == dict(zip(paths, names, strict=True))
    moved = [tmp_path / "elsewhere" / path.relative_to(tmp_path) for path in paths]
    assert unique_names(moved) == names
    assert unique_names([]) == []


@pytest.mark.parametrize(
    "name", ["../x.png", "a/../../x.png", "/etc/passwd", "C:\\x.png", "..\\x.png", "", "\\\\host\\x", "a\0b", "C:x"]
)
def test_paths_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match="leads out of its folder"):
        path_inside(tmp_path, name, tmp_path / "index.json")


def test_paths_inside_are_joined(tmp_path: Path) -> None:
    assert path_inside(tmp_path, "a/b.png", tmp_path) == tmp_path / "a" / "b.png"
    assert path_inside(tmp_path, "a\\b.png", tmp_path) == tmp_path / "a" / "b.png"
