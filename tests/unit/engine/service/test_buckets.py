"""Images of one size come together, each of them once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from seamseg_studio.engine.service import buckets
from seamseg_studio.engine.service.buckets import SizedImage, in_buckets
from seamseg_studio.engine.service.roster import BatchImage


def _images(num_images: int) -> list[BatchImage]:
    return [BatchImage(str(number), Path(f"{number}.jpg")) for number in range(num_images)]


@pytest.fixture
def given_sizes(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[tuple[int, int]]], None]:
    """Says what sizes the files 0.jpg, 1.jpg, ... have."""

    def give(sizes: list[tuple[int, int]]) -> None:
        monkeypatch.setattr(buckets, "read_size", lambda path: sizes[int(path.stem)])

    return give


def _num_changes(found: list[SizedImage]) -> int:
    return sum(one.size != other.size for one, other in itertools.pairwise(found))


def test_a_mixed_folder_changes_its_size_a_few_times_only(
    given_sizes: Callable[[list[tuple[int, int]]], None],
) -> None:
    sizes = [((480, 640), (640, 480), (600, 800), (768, 1024), (500, 500), (427, 640))[n * n % 6] for n in range(1000)]
    given_sizes(sizes)
    found = list(in_buckets(_images(1000), 100))
    assert sum(one != other for one, other in itertools.pairwise(sizes)) > 500
    assert _num_changes(found) <= 10 * (len(set(sizes)) - 1)


@settings(max_examples=50)
@given(st.lists(st.sampled_from([(4, 4), (4, 5), (5, 4)]), max_size=40), st.integers(1, 12))
def test_every_image_comes_once_and_within_its_window(sizes: list[tuple[int, int]], window: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "read_size", lambda path: sizes[int(path.stem)])
        found = list(in_buckets(_images(len(sizes)), window))
    numbers = [int(each.image.name) for each in found]
    assert sorted(numbers) == list(range(len(sizes)))
    assert [sizes[number] for number in numbers] == [each.size for each in found]
    assert all(place // window == number // window for place, number in enumerate(numbers))
    for size in set(sizes):
        same = [number for number in numbers if sizes[number] == size]
        assert same == sorted(same)
    assert _num_changes(found) <= sum(one != other for one, other in itertools.pairwise(sizes)) + len(sizes) // window


def test_a_header_that_cannot_be_read_is_kept_as_an_error(tmp_path: Path) -> None:
    Image.new("RGB", (6, 5)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("no image")
    first, second = in_buckets([BatchImage(name, tmp_path / f"{name}.png") for name in ("a", "b")])
    assert (first.size, first.error) == ((5, 6), None)
    assert second.size == (0, 0)
    assert "b.png" in str(second.error)


def test_headers_are_read_as_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    monkeypatch.setattr(buckets, "read_size", lambda path: read.append(path) or (1, 1))
    found = in_buckets(_images(100), 10)
    next(found)
    assert len(read) == 10
