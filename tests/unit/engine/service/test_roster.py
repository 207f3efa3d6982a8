"""Names are for good."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.service.roster import LOG_NAME, assign_names

SETTINGS = {"model": "starter"}


def _make(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


def test_a_second_run_gives_the_same_names(tmp_path: Path) -> None:
    paths = _make(tmp_path, "a/1.jpg", "b/1.jpg", "c/2.jpg")
    first = assign_names(tmp_path, paths, SETTINGS, resume=True)
    assert [image.path for image in first] == paths
    assert len({image.name for image in first}) == 3
    assert first[2].name == "2"
    assert assign_names(tmp_path, paths[::-1], SETTINGS, resume=True) == first[::-1]


def test_names_stay_when_images_of_the_same_name_come_later(tmp_path: Path) -> None:
    old, new = _make(tmp_path, "a/1.jpg", "b/1.jpg")
    assert assign_names(tmp_path, [old], SETTINGS, resume=True)[0].name == "1"
    names = [image.name for image in assign_names(tmp_path, [new, old], SETTINGS, resume=True)]
    assert names[1] == "1"
    assert names[0] != "1"
    assert [image.name for image in assign_names(tmp_path, [new], SETTINGS, resume=True)] == names[:1]


def test_a_new_image_never_takes_the_name_of_another_that_is_there(tmp_path: Path) -> None:
    old, new = _make(tmp_path, "a/X.jpg", "b/x.jpg")
    assign_names(tmp_path, [old], SETTINGS, resume=True)
    name = assign_names(tmp_path, [new], SETTINGS, resume=True)[0].name
    assert name.casefold() != "x"


def test_a_moved_image_keeps_its_name(tmp_path: Path) -> None:
    [old] = _make(tmp_path, "a/1.jpg")
    assign_names(tmp_path, [old], SETTINGS, resume=True)
    moved = tmp_path / "moved.d" / "1.jpg"
    moved.parent.mkdir()
    old.rename(moved)
    assert assign_names(tmp_path, [moved], SETTINGS, resume=True)[0].name == "1"


def test_other_settings_are_refused_unless_one_begins_anew(tmp_path: Path) -> None:
    paths = _make(tmp_path, "1.jpg")
    assign_names(tmp_path, paths, SETTINGS, resume=True)
    with pytest.raises(FormatError, match="other options"):
        assign_names(tmp_path, paths, {"model": "another"}, resume=True)
    assert assign_names(tmp_path, paths, {"model": "another"}, resume=False)[0].name == "1"


def test_a_log_cut_off_in_the_middle_is_continued(tmp_path: Path) -> None:
    paths = _make(tmp_path, *(f"{folder}/1.jpg" for folder in "abc"))
    first = assign_names(tmp_path, paths, SETTINGS, resume=True)
    log = tmp_path / LOG_NAME
    log.write_bytes(log.read_bytes()[:-20])
    assert assign_names(tmp_path, paths, SETTINGS, resume=True) == first


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("1234")), min_size=1, max_size=12), st.data())
def test_names_are_distinct_and_stable_however_images_arrive(
    tmp_path_factory: pytest.TempPathFactory, places: list[tuple[str, str]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("images")
    paths = list(dict.fromkeys(_make(folder, *(f"{place}/{name}.jpg" for place, name in places))))
    known: dict[Path, str] = {}
    for _ in range(3):
        some = data.draw(st.lists(st.sampled_from(paths), unique=True, min_size=1))
        for image in assign_names(folder, some, SETTINGS, resume=True):
            assert known.setdefault(image.path, image.name) == image.name
    assert len({name.casefold() for name in known.values()}) == len(known)
