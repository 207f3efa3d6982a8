"""Mapillary Vistas: pixel values, both versions, and official configs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.label_image import write_indices_16
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.formats.vistas import IGNORED
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

_VISTAS = FORMATS["vistas"]


@pytest.mark.parametrize(
    ("version", "folder", "config"), [("2.0", "training/v2.0", "config_v2.0.json"), ("1.2", "training", "config.json")]
)
def test_pixels_are_category_and_instance(
    tmp_path: Path, taxonomy: Taxonomy, version: str, folder: str, config: str
) -> None:
    ids = np.array([[0, 1, 2, 3, 4]], np.int32)
    segments = {1: Segment(0), 2: Segment(3), 3: Segment(3), 4: Segment(5)}
    with _VISTAS.writer(tmp_path, taxonomy, version=version) as writer:
        writer.write("a", None, PanopticMap(ids, segments), split="train")
    pixels = np.asarray(Image.open(tmp_path / folder / "instances" / "a.png"))
    assert pixels.tolist() == [[6 * 256, 0, 3 * 256, 3 * 256 + 1, 5 * 256]]
    assert np.asarray(Image.open(tmp_path / folder / "labels" / "a.png")).tolist() == [[6, 0, 3, 3, 5]]
    labels = json.loads((tmp_path / config).read_text())["labels"]
    assert [label["instances"] for label in labels] == [False] * 3 + [True] * 3 + [False]
    assert labels[-1]["evaluate"] is False
    assert len(_VISTAS.reader(tmp_path, version=version, split="train")) == 1


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """A config with things before stuff and two void labels, as the official ones have."""
    labels = [
        {"name": "animal--bird", "readable": "Bird", "instances": True, "evaluate": True, "color": [165, 42, 42]},
        {"name": "construction--curb", "readable": "Curb", "instances": False, "evaluate": True, "color": [196, 1, 2]},
        {"name": "void--dynamic", "readable": "Dynamic", "instances": False, "evaluate": False, "color": [0, 0, 0]},
        {"name": "void--unlabeled", "readable": "Unlabeled", "instances": False, "evaluate": False, "color": [0, 0, 0]},
    ]
    (tmp_path / "config.json").write_text(json.dumps({"labels": labels, "version": 1.1}))
    (tmp_path / "validation" / "instances").mkdir(parents=True)
    write_indices_16(tmp_path / "validation/instances/x.png", np.array([[0, 1, 1, 256, 512, 768]]))
    return tmp_path


def test_official_files(official: Path) -> None:
    reader = _VISTAS.reader(official, split="val")
    (image,) = reader
    assert [c.name for c in reader.taxonomy.categories] == ["Curb", "Bird"]
    assert image.split == "validation"
    assert image.map.ids.tolist() == [[1, 2, 2, 3, 0, 0]]
    assert {i: s.category for i, s in image.map.segments.items()} == {1: 1, 2: 1, 3: 0}
    assert reader.losses.totals == {IGNORED: 1}


def test_bad_input_is_named(official: Path, tmp_path: Path, taxonomy: Taxonomy) -> None:
    write_indices_16(official / "validation/instances/x.png", np.array([[4 * 256]]))
    (image,) = _VISTAS.reader(official)
    with pytest.raises(FormatError, match=r"holds the label 4, which config\.json does not have"):
        _ = image.map
    with pytest.raises(FormatError, match="has no split 'train'; there are: validation"):
        _VISTAS.reader(official, split="train")
    with pytest.raises(FormatError, match="holds no"):
        _VISTAS.reader(official / "validation")
    with pytest.raises(FormatError, match="no Vistas version '3'"):
        _VISTAS.writer(tmp_path / "o", taxonomy, version="3")
    document = json.loads((official / "config.json").read_text())
    document["labels"][1]["color"] = "red"
    (official / "config.json").write_text(json.dumps(document))
    with pytest.raises(FormatError, match="the field 'color' of label 1"):
        _VISTAS.reader(official)
