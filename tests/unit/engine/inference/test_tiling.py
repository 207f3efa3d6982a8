"""Tiles cover the input, and what they show together is what one look shows, nearly."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from seamseg_studio.engine.inference.compiled import prepare_network
from seamseg_studio.engine.inference.large import LargeMap, label_large
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.predictor import Predictor, load_model
from seamseg_studio.engine.inference.preprocess import resized
from seamseg_studio.engine.inference.tiling import Band, Instance, Part, TiledLook, cut, plan
from seamseg_studio.engine.model.config import dump_config, load_config
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

RESOURCES = Path(__file__).parents[4] / "resources"
SAMPLES = RESOURCES / "samples" / "images"
EVERYTHING = PredictOptions(with_uncertainty=True)


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 6))
def test_tiles_cover_the_input_and_begin_on_the_coarsest_cells(height: int, width: int, num_tiles: int) -> None:
    tiles = plan((height, width), num_tiles)
    seen = np.zeros((-(-height // 8), -(-width // 8)), bool)
    for tile in tiles:
        assert tile.box.clipped((height, width)) == tile.box
        assert tile.box.y0 % 64 == tile.box.x0 % 64 == 0
        seen[tile.box.y0 // 8 : -(-tile.box.y1 // 8), tile.box.x0 // 8 : -(-tile.box.x1 // 8)] = True
    assert seen.all()
    assert len({tile.box for tile in tiles}) == len(tiles)
    assert plan((height, width), 1) == [tiles[0]] or num_tiles > 1
    for first in tiles:
        for second in tiles:
            if (second.row, second.column) == (first.row, first.column + 1):
                assert first.box.x1 - second.box.x0 >= 128


@pytest.mark.parametrize("shape", [(300, 400), (100, 90), (640, 480)], ids=str)
def test_a_tile_has_the_pixels_of_the_resized_image(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    size = (256, 320)
    whole = resized(image, size).astype(int)
    for tile in (Box(0, 0, 256, 320), Box(64, 128, 192, 320), Box(128, 0, 256, 192)):
        assert np.abs(cut(image, tile, size) - whole[tile.slices]).max() <= 2


@pytest.fixture(scope="module")
def starter() -> Predictor:
    return load_model(device="cpu")


def _agreement(first: PanopticResult, second: PanopticResult) -> float:
    return float((first.categories[first.ids] == second.categories[second.ids]).mean())


@pytest.mark.parametrize("name", ["000000303818.jpg", "000000107438.jpg"])
def test_the_result_hardly_depends_on_the_tiles(starter: Predictor, name: str) -> None:
    photo = np.array(Image.open(SAMPLES / name).convert("RGB"))
    whole = starter.predict(photo, EVERYTHING)
    size = starter.seen.input_size(photo.shape, 1)
    one = label_large(starter._network, photo, size, 1, EVERYTHING, begin=lambda _: None)
    assert _agreement(whole, one) > 0.9995
    assert whole.num_segments == one.num_segments
    assert whole.second_choice is not None
    assert one.second_choice is not None
    assert (whole.second_choice == one.second_choice).mean() > 0.999
    # Tiles see less around them. At the starter's own small size this is the most that they may cost.
    tiled = starter.predict(photo, EVERYTHING, tiles=2)
    assert _agreement(whole, tiled) > 0.9
    tiled.to_map().check()


def _look(found: list[tuple[Box, float, bool]], input_size: tuple[int, int]) -> list[Instance]:
    """What two tiles beside each other make of the instances that each shows; the last value names the right tile."""
    look = TiledLook.__new__(TiledLook)
    look._input_size = input_size
    look._tiles = plan(input_size, 2)
    left, right = look._tiles[0], look._tiles[1]
    look._found = []
    for box, score, is_right in found:
        tile = right if is_right else left
        shown = box.intersection(tile.box)
        corners = (float(shown.y0), float(shown.x0), float(shown.y1), float(shown.x1))
        look._keep(tile, corners, 0, score, np.ones((28, 28), np.float32))
    return look.instances()


def test_a_thing_across_a_seam_is_one_and_two_things_stay_two() -> None:
    size = (128, 640)
    tiles = plan(size, 2)
    middle = (tiles[1].box.x0 + tiles[0].box.x1) // 2
    long = Box(20, 10, 60, 630)
    joined = _look([(long, 0.8, False), (long, 0.9, True)], size)
    assert len(joined) == 1
    assert joined[0].score == 0.9
    assert len(joined[0].parts) == 2
    seen_by_both = Box(70, middle - 20, 90, middle + 20)
    once = _look([(seen_by_both, 0.8, False), (seen_by_both, 0.7, True)], size)
    assert [(instance.score, len(instance.parts)) for instance in once] == [(0.8, 1)]
    apart = _look(
        [(Box(10, middle - 30, 30, middle - 5), 0.8, False), (Box(10, middle + 5, 30, middle + 30), 0.7, True)], size
    )
    assert len(apart) == 2


def test_parts_of_one_thing_become_one_segment_and_overlaps_are_decided_as_in_one_look() -> None:
    made = LargeMap.empty((40, 100), np.zeros, second=True, doubt=True)
    logits = torch.zeros(2, 10, 25)
    logits[0] = 5
    made.take(Band(0, logits), (10, 25), is_last=True)
    full = np.ones((28, 28), np.float32)
    parts = (Part((10, 10, 30, 60), full), Part((10, 50, 30, 90), full))
    hidden = Part((12, 20, 28, 80), full)
    made.fuse(
        [Instance(0, 0.9, parts), Instance(0, 0.8, (hidden,)), Instance(0, 0.4, parts)],
        input_size=(40, 100),
        num_stuff=1,
        score_threshold=0.5,
        overlap_threshold=0.5,
        min_stuff_area=10,
    )
    assert made.categories == [255, 1, 0]
    assert (made.ids == 1).sum() == 20 * 80
    assert (made.ids == 2).sum() == 40 * 100 - 20 * 80
    assert made.second is not None
    assert (made.second[made.ids == 1] == 0).all()


def test_bands_give_the_rows_that_all_logits_at_once_give() -> None:
    logits = torch.randn(3, 20, 15, generator=torch.Generator().manual_seed(0))
    whole = LargeMap.empty((83, 64), np.zeros, second=True, doubt=True)
    whole.take(Band(0, logits), (20, 15), is_last=True)
    pieces = LargeMap.empty((83, 64), np.zeros, second=True, doubt=True)
    pieces.take(Band(0, logits[:, :7]), (20, 15), is_last=False)
    pieces.take(Band(6, logits[:, 6:13]), (20, 15), is_last=False)
    pieces.take(Band(12, logits[:, 12:]), (20, 15), is_last=True)
    for name in ("best", "second", "doubt"):
        assert np.array_equal(getattr(whole, name), getattr(pieces, name)), name


@pytest.fixture
def narrow() -> Predictor:
    """A network of a few channels, for two categories."""
    text = dump_config(load_config(RESOURCES / "configs" / "starter.ini"))
    for name, value in (("out_channels", 8), ("fc_channels", 8), ("mask_channels", 8), ("hidden_channels", 8)):
        text = re.sub(rf"^{name} = \d+$", f"{name} = {value}", text, flags=re.MULTILINE)
    config = load_config(text)
    torch.manual_seed(0)
    weights = build_network(config, (1, 1)).state_dict()
    taxonomy = Taxonomy("two", (Category("ground", Kind.STUFF, (9, 9, 9)), Category("thing", Kind.THING, (8, 8, 8))))
    return Predictor(prepare_network(config, (1, 1), weights, torch.device("cpu")), taxonomy)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("side", [4096, pytest.param(32768, marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_image(narrow: Predictor, tmp_path: Path, side: int) -> None:
    # No pixel of the picture takes memory, and the result lies in files: what is measured is the work.
    image = np.broadcast_to(np.array([90, 120, 60], np.uint8), (side, side, 3))
    held: list[int] = []

    def own_bytes() -> int:
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) * 1024  # type: ignore[index]

    def allocate(shape: tuple[int, int], dtype: type) -> np.ndarray:
        return np.memmap(tmp_path / f"{len(list(tmp_path.iterdir()))}", dtype, "w+", shape=shape)

    options = PredictOptions(with_second_choice=False)
    before = own_bytes()
    result = label_large(
        narrow._network, image, (832, 832), 2, options, begin=lambda _: held.append(own_bytes()), allocate=allocate
    )
    held.append(own_bytes())
    assert result.shape == (side, side)
    assert int(result.ids[-1, -1]) < len(result.categories)
    assert max(held) - before < 1.2e9
    del result
    for path in tmp_path.iterdir():  # gigabytes, which pytest would keep for a while
        path.unlink()


def test_the_networks_own_output_comes_from_one_look(narrow: Predictor) -> None:
    image = np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    for options in (PredictOptions(with_raw=True), PredictOptions(reference=True)):
        once, again = narrow.predict(image, options), narrow.predict(image, options, tiles=4)
        assert np.array_equal(once.ids, again.ids)
