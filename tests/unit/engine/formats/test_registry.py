"""The list of formats, and the counting of losses."""

from __future__ import annotations

from pathlib import Path

import pytest

from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.formats.losses import Losses, merged
from seamseg_studio.engine.formats.registry import FORMATS, find_format
from seamseg_studio.engine.scene.taxonomy import Taxonomy


def test_every_format_opens_its_writer(tmp_path: Path, taxonomy: Taxonomy) -> None:
    for name, entry in FORMATS.items():
        assert find_format(name) is entry
        with entry.writer(tmp_path / name, taxonomy) as writer:
            assert writer.done_names() == frozenset()
            assert not writer.losses


def test_unknown_and_unreadable_formats_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown format 'cocoo'; there are .*coco-panoptic"):
        find_format("cocoo")
    with pytest.raises(InputError, match="'overlay' can be written but not read"):
        FORMATS["overlay"].reader(tmp_path)


def test_losses_are_counted_and_listed() -> None:
    losses = Losses()
    losses.add("holes filled", "a", 2)
    losses.add("holes filled", "b", 1, "segment 4")
    losses.add("holes filled", "c", 0)
    assert losses.totals == {"holes filled": 3}
    assert losses.summary() == ["3 holes filled in 2 images (a, b)"]
    assert losses.to_json() == {
        "holes filled": {
            "total": 3,
            "images": 2,
            "list": [{"image": "a", "count": 2}, {"image": "b", "count": 1, "detail": "segment 4"}],
        }
    }
    assert not Losses()


def test_the_list_is_bounded_but_the_count_is_not() -> None:
    losses = Losses()
    for number in range(1500):
        losses.add("crowd flags lost", f"im{number}")
    assert losses.count("crowd flags lost") == 1500
    assert len(losses.listed("crowd flags lost")) == 1000
    assert merged([losses, losses]).count("crowd flags lost") == 3000
