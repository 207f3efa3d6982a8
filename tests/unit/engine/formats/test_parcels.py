"""What is packed in one folder and accepted in another is as if it had been written there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.parcel import Parcel
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

TAXONOMY = Taxonomy("small", (Category("road", Kind.STUFF, (128, 64, 128)), Category("car", Kind.THING, (0, 0, 142))))
WRITABLE = [name for name, entry in FORMATS.items() if entry.writes]


def _map(number: int) -> PanopticMap:
    """Road with a car that is framed by void, and a hole in the car."""
    ids = np.full((40, 60), 1, np.int32)
    ids[5 : 20 + number, 5:30] = 0
    ids[6 : 19 + number, 6:29] = 2
    ids[10:12, 10:12] = 1
    return PanopticMap(ids, {1: Segment(0), 2: Segment(1, score=0.5)})


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", WRITABLE)
def test_every_format_can_be_written_elsewhere(name: str, tmp_path: Path) -> None:
    photos = []
    for number in range(3):
        photos.append(tmp_path / f"{number}.jpg")
        Image.new("RGB", (60, 40), (number * 50, 9, 9)).save(photos[-1])
    with FORMATS[name].writer(tmp_path / "here", TAXONOMY) as here:
        for number, photo in enumerate(photos):
            here.write(photo.stem, photo, _map(number))
    with FORMATS[name].writer(tmp_path / "target", TAXONOMY) as target:
        for number, photo in enumerate(photos):
            with FORMATS[name].writer(tmp_path / f"there{number}", TAXONOMY) as there:
                there.write(photo.stem, photo, _map(number))
                data = there.pack(photo.stem).to_bytes()
            target.accept(Parcel.from_bytes(data))
        assert target.done_names() == {"0", "1", "2"}
    assert _content(tmp_path / "target") == _content(tmp_path / "here")
    assert target.losses.to_json() == here.losses.to_json()


def test_a_parcel_writes_nothing_outside_its_folder(tmp_path: Path) -> None:
    with (
        FORMATS["npz"].writer(tmp_path / "out", TAXONOMY) as writer,
        pytest.raises(FormatError, match="leads out of its folder"),
    ):
        writer.accept(Parcel({"name": "a"}, {"../a.npz": b"a"}))
    assert not (tmp_path / "a.npz").exists()


def test_what_was_not_written_cannot_be_packed(tmp_path: Path) -> None:
    with FORMATS["npz"].writer(tmp_path / "out", TAXONOMY) as writer, pytest.raises(ValueError, match="not been"):
        writer.pack("a")
