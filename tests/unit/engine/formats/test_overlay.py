"""Overlays: what is coloured, outlined and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.image_file import read_image
from seamseg_studio.engine.formats.overlay import OverlayStyle, draw_overlay, segment_colors
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

_TAXONOMY = Taxonomy(
    "t",
    (
        Category("road", Kind.STUFF, (200, 0, 0)),
        Category("sky", Kind.STUFF, (0, 0, 200)),
        Category("car", Kind.THING, (0, 160, 0)),
    ),
)


@pytest.fixture
def scene() -> PanopticMap:
    """Void above, sky, road below, two cars on the road."""
    ids = np.zeros((120, 160), np.int32)
    ids[20:60] = 1
    ids[60:] = 2
    ids[70:100, 20:60] = 3
    ids[70:100, 80:120] = 4
    return PanopticMap(ids, {1: Segment(1), 2: Segment(0), 3: Segment(2), 4: Segment(2)})


def test_colours_are_mixed_and_void_shows_the_photo(scene: PanopticMap) -> None:
    photo = np.full((120, 160, 3), 100, np.uint8)
    picture = draw_overlay(photo, scene, _TAXONOMY, OverlayStyle(opacity=0.5, outlines=False))
    assert (picture[:20] == 100).all()
    np.testing.assert_allclose(picture[40, 80], [50, 50, 150], atol=1)
    np.testing.assert_allclose(picture[110, 80], [150, 50, 50], atol=1)
    assert (photo == 100).all()


def test_instances_differ_and_stuff_keeps_its_colour(scene: PanopticMap) -> None:
    colors = segment_colors(scene, _TAXONOMY).tolist()
    assert colors[1] == [0, 0, 200]
    assert colors[2] == [200, 0, 0]
    assert colors[3] != colors[4]
    assert colors[3][1] == max(colors[3])


def test_things_are_rimmed_in_white_inside_and_dark_outside(scene: PanopticMap) -> None:
    photo = np.full((120, 160, 3), 100, np.uint8)
    plain = draw_overlay(photo, scene, _TAXONOMY, OverlayStyle(outlines=False)).astype(int)
    outlined = draw_overlay(photo, scene, _TAXONOMY).astype(int)
    change = (outlined - plain).sum(-1)
    assert (change[70, 22:58] > 150).all()
    assert (change[69, 22:58] < -40).all()
    assert (change[85, 30:50] == 0).all()
    assert (change[60, 130:] < -20).all()
    assert (change[30:50] == 0).all()


def test_names_are_drawn_where_they_fit(scene: PanopticMap) -> None:
    photo = np.full((120, 160, 3), 100, np.uint8)
    plain = draw_overlay(photo, scene, _TAXONOMY)
    named = draw_overlay(photo, scene, _TAXONOMY, OverlayStyle(names=True))
    changed = (plain != named).any(-1)
    for segment_id in (1, 2, 3, 4):
        assert changed[scene.ids == segment_id].any()
    assert (named[changed] > 240).any()
    assert not changed[:15].any()


def test_sizes_must_agree(tmp_path: Path, scene: PanopticMap) -> None:
    with pytest.raises(ValueError, match="the image is"):
        draw_overlay(np.zeros((10, 10, 3), np.uint8), scene, _TAXONOMY)
    with FORMATS["overlay"].writer(tmp_path, _TAXONOMY) as writer:
        with pytest.raises(FormatError, match="do not belong together"):
            writer.write("a", None, scene, image=np.zeros((10, 10, 3), np.uint8))
        with pytest.raises(FormatError, match="its photograph is not there"):
            writer.write("a", None, scene)


def test_the_writer_makes_pictures(
    tmp_path: Path, make_map: Callable[..., PanopticMap], make_photo: Callable[..., Path], taxonomy: Taxonomy
) -> None:
    photo = make_photo("a.png")
    for lossless, name in ((False, "a.jpg"), (True, "a.png")):
        folder = tmp_path / name
        with FORMATS["overlay"].writer(folder, taxonomy, lossless=lossless) as writer:
            writer.write("a", photo, make_map(0))
            assert writer.done_names() == {"a"}
        picture = read_image(folder / "overlay" / name).astype(int)
        expected = draw_overlay(read_image(photo), make_map(0), taxonomy)
        assert np.abs(picture - expected).mean() < (12 if not lossless else 1e-9)


def test_an_all_void_map_is_the_photo() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    np.testing.assert_array_equal(draw_overlay(photo, PanopticMap.empty(30, 40), _TAXONOMY), photo)
