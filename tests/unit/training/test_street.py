"""The starter's recipe: what each public set becomes, and the file that carries them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from seamseg_studio.engine.checkpoints.bundle import load_bundle, save_bundle
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.scene.taxonomy import Kind, Taxonomy
from seamseg_studio.training.config import load_training_config
from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.events import read_events
from seamseg_studio.training.optim import COSINE_FLOOR
from seamseg_studio.training.recipes import street, street_sets
from seamseg_studio.training.recipes.pack import PackedSample, read_pack, write_pack
from seamseg_studio.training.recipes.street_check import _paste
from seamseg_studio.training.recipes.street_sets import CAR_OR_TRUCK, CYCLIST, NO_THING, STREET, dense_sample, read_coco
from seamseg_studio.training.sample import Sample

RESOURCES = Path(__file__).resolve().parents[3] / "resources"
CAR, PERSON, RIDER = STREET.index("car"), STREET.index("person"), STREET.index("rider")


def test_the_shipped_taxonomy_is_the_recipes() -> None:
    taxonomy = Taxonomy.load(RESOURCES / "taxonomies" / "street.json")
    assert tuple(category.name for category in taxonomy.categories) == STREET
    assert taxonomy.num_stuff == street_sets.NUM_STUFF
    assert taxonomy[CAR].kind is Kind.THING
    assert len({category.color for category in taxonomy.categories}) == len(taxonomy)


def test_the_shipped_configuration_can_be_read() -> None:
    config, options = load_training_config(RESOURCES / "configs" / "starter.ini")
    assert config.body.body == "efficientnet_lite0"
    assert config.dataloader.rgb_mean == config.dataloader.rgb_std == (0.5, 0.5, 0.5)
    assert config.sem.min_stuff_area < 200
    assert options.ignore_void


def test_camvids_categories_can_be_told_from_ours() -> None:
    assert set(street_sets.STREET_TO_CAMVID) == set(STREET)
    assert set(street_sets.STREET_TO_CAMVID.values()) == set(street_sets.CAMVID_TO_STREET)
    table = street_sets.category_set_table()
    for name, value in street_sets.CAMVID_TO_STREET.items():
        members = [value] if value < 256 else np.flatnonzero(table[value - 256]).tolist()
        assert {street_sets.STREET_TO_CAMVID[STREET[member]] for member in members} == {name}


def test_only_single_cars_become_instances() -> None:
    labels = np.full((120, 200), 255, dtype=np.int64)
    labels[60:] = STREET.index("road")
    labels[70:90, 20:52] = CAR_OR_TRUCK  # one car
    labels[70:90, 80:112] = CAR_OR_TRUCK  # two that overlap: the outline is no single car's
    labels[80:104, 104:140] = CAR_OR_TRUCK
    labels[62:64, 180:184] = CAR_OR_TRUCK  # too small
    sample = dense_sample("x", np.zeros((120, 200, 3), np.uint8), labels)
    cars = [i for i, c in enumerate(sample.categories) if c == CAR and not sample.is_crowd[i]]
    assert len(cars) == 1
    assert (sample.ids == cars[0]).sum() == 20 * 32
    rest = [i for i, c in enumerate(sample.categories) if c == CAR_OR_TRUCK]
    assert sample.is_crowd[rest].all()
    assert (sample.ids[:60] == 0).all()
    road = sample.categories.tolist().index(STREET.index("road"))
    assert not sample.is_crowd[road]


def test_cyclists_are_neither_riders_nor_bicycles_alone() -> None:
    labels = np.full((40, 40), CYCLIST, dtype=np.int64)
    sample = dense_sample("x", np.zeros((40, 40, 3), np.uint8), labels)
    assert sample.categories.tolist() == [255, CYCLIST]
    assert sample.is_crowd.tolist() == [False, True]


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    def square(x: int, y: int, w: int, h: int) -> list[list[int]]:
        return [[x, y, x + w, y, x + w, y + h, x, y + h]]

    names = ["person", "bicycle", "car", "chair", "stop sign"]
    boxes = {
        "person": [(30, 10, 12, 30), (100, 10, 15, 60)],
        "bicycle": [(22, 35, 30, 25)],
        "car": [(60, 60, 30, 20)],
        "chair": [(0, 80, 10, 10)],
        "stop sign": [(120, 5, 10, 10)],
    }
    annotations = [
        {"image_id": 1, "category_id": names.index(name), "bbox": box, "segmentation": square(*box), "iscrowd": 0}
        for name, entries in boxes.items()
        for box in entries
    ]
    runs = {"counts": [0, 100, 100 * 159], "size": [100, 160]}
    annotations.append({"image_id": 1, "category_id": 0, "bbox": [0, 0, 1, 100], "segmentation": runs, "iscrowd": 1})
    document = {
        "images": [{"id": 1, "file_name": "1.jpg"}],
        "categories": [{"id": i, "name": name} for i, name in enumerate(names)],
        "annotations": annotations,
    }
    (tmp_path / "images").mkdir()
    Image.fromarray(np.zeros((100, 160, 3), np.uint8)).save(tmp_path / "images" / "1.jpg")
    (tmp_path / "instances.json").write_text(json.dumps(document))
    return tmp_path


def test_coco_photos_know_their_things_and_nothing_else(coco: Path) -> None:
    (packed,) = read_coco(coco, "coco")
    sample = packed.sample
    assert sample.categories[sample.ids[85, 5]] == NO_THING  # a chair is no thing of ours
    assert sample.categories[sample.ids[95, 150]] == NO_THING
    assert sample.categories[sample.ids[70, 75]] == CAR
    assert sample.categories[sample.ids[12, 35]] == RIDER
    assert sample.categories[sample.ids[50, 107]] == PERSON
    assert sample.categories[sample.ids[10, 125]] == STREET.index("traffic sign or light")
    assert sample.is_crowd[sample.ids[50, 0]]
    assert (sample.categories != 255)[1:].all()


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingInputError, match=r"camvid: holds no readable classes\.json"):
        next(street_sets.read_all(tmp_path))


def test_a_pack_gives_back_what_was_put_in(make_sample: Callable[..., Sample], tmp_path: Path) -> None:
    samples = [
        PackedSample(make_sample(64, 96, 2, "a"), "one", "train"),
        PackedSample(make_sample(200, 100, 1, "b"), "two", "val"),
    ]
    path = tmp_path / "pack.zip"
    assert write_pack(path, samples, longest_px={"one": 500, "two": 100}, quality={"one": 95, "two": 95}) == 2
    first, second = read_pack(path)
    assert (first.source, first.split, second.split) == ("one", "train", "val")
    assert np.array_equal(first.sample.ids, samples[0].sample.ids)
    assert np.array_equal(first.sample.categories, samples[0].sample.categories)
    assert np.abs(first.sample.image.astype(int) - samples[0].sample.image).mean() < 12
    assert second.sample.size == (100, 50)


def test_a_photo_that_fits_is_packed_byte_by_byte(make_sample: Callable[..., Sample], tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (64, 96, 3), dtype=np.uint8)).save(photo, quality=60)
    pixels = np.array(Image.open(photo).convert("RGB"))
    sample = replace(make_sample(64, 96, 2, "a"), image=pixels)
    packed = [PackedSample(sample, source, "train", photo) for source in ("fits", "scaled")]
    write_pack(tmp_path / "pack.zip", packed, longest_px={"fits": 96, "scaled": 48}, quality={"fits": 1, "scaled": 90})
    whole, scaled = read_pack(tmp_path / "pack.zip")
    assert np.array_equal(whole.sample.image, pixels)
    assert scaled.sample.size == (32, 48)


def test_what_is_no_pack_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"nothing")
    for name in ("x.zip", "missing.zip"):
        with pytest.raises(TrainingInputError, match=name):
            read_pack(tmp_path / name)


def test_masks_are_pasted_where_their_box_is() -> None:
    mask = _paste(np.array([10.0, 20.0, 38.0, 76.0]), np.full((28, 28), 9.0, np.float32), (60, 100))
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    assert abs(rows[0] - 10) <= 1
    assert abs(rows[-1] - 37) <= 1
    assert abs(columns[0] - 20) <= 1
    assert abs(columns[-1] - 75) <= 1


@pytest.fixture
def tiny_pack(make_sample: Callable[..., Sample], tmp_path: Path) -> Path:
    """Two images of each of the recipe's sets, one more of CamVid to validate on."""
    names = [(source, "train") for source in street.SHARES for _ in range(2)] + [("camvid", "val")]
    samples = [PackedSample(make_sample(64, 96, 2, f"{i}"), source, part) for i, (source, part) in enumerate(names)]
    path = tmp_path / "tiny.zip"
    write_pack(path, samples, longest_px=dict.fromkeys(street.SHARES, 96), quality=street.QUALITY)
    return path


@pytest.fixture
def untrained(tiny_config: Path, tmp_path: Path) -> Path:
    """A bundle of the tiny network with the recipe's categories."""
    tiny_config.write_text(
        tiny_config.read_text() + "[training]\ncrop_size = (64, 96)\nschedule = cosine\nema_decay = 0.9\n"
    )
    config, _ = load_training_config(tiny_config)
    taxonomy = Taxonomy.load(RESOURCES / "taxonomies" / "street.json")
    state = build_network(config, taxonomy).state_dict()
    save_bundle(tmp_path / "first", name="first", config=config, taxonomy=taxonomy, state_dict=state, card="")
    return tmp_path / "first"


def _train(out: Path, pack: Path, config: Path, *more: str) -> list[dict[str, Any]]:
    small = ("--batch-size", "2", "--workers", "0", "--device", "cpu")
    where = ("--pack", str(pack), "--config", str(config), "--out", str(out))
    assert street.main(["train", *where, *small, *more]) == 0
    return [event for event in read_events(out / "events.jsonl") if event["event"] == "step"]


def test_runs_of_one_schedule_can_be_chained(
    tiny_pack: Path, untrained: Path, tiny_config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_config.write_text(tiny_config.read_text().replace("burn_in_steps = 2", "burn_in_steps = 0"))
    first = _train(
        tmp_path / "a", tiny_pack, tiny_config, "--init", str(untrained), "--max-steps", "2", "--part", "1/2"
    )
    weights = ["--init", str(tmp_path / "a" / "model")]
    second = _train(tmp_path / "b", tiny_pack, tiny_config, *weights, "--max-steps", "2", "--part", "2/2")
    rates = [event["lr"] for event in first + second]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(0.01)
    assert rates[2] == pytest.approx(0.01 * (COSINE_FLOOR + (1 - COSINE_FLOOR) * 0.5))
    # The last step begins when three quarters are over.
    assert rates[3] < 0.2 * rates[0]
    states = [load_bundle(tmp_path / run / "model").state_dict() for run in "ab"]
    stems = [state["body.backbone.mod1.conv1.weight"].flatten() for state in states]
    assert torch.cosine_similarity(*stems, dim=0) > 0.9
    assert not torch.equal(*stems)
    capsys.readouterr()


def test_a_run_of_the_recipe_goes_on_where_it_was_stopped(tiny_pack: Path, untrained: Path, tiny_config: Path) -> None:
    out = untrained.parent / "out"
    _train(out, tiny_pack, tiny_config, "--init", str(untrained), "--max-steps", "1")
    steps = _train(out, tiny_pack, tiny_config, "--resume", "--init", str(untrained), "--max-steps", "2")
    assert [event["step"] for event in steps] == [1, 2]


def test_a_model_of_other_categories_is_no_beginning(
    tiny_pack: Path, tiny_config: Path, taxonomy: Taxonomy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, _ = load_training_config(tiny_config)
    state = build_network(config, taxonomy).state_dict()
    save_bundle(tmp_path / "other", name="other", config=config, taxonomy=taxonomy, state_dict=state, card="")
    where = ["--pack", str(tiny_pack), "--config", str(tiny_config), "--out", str(tmp_path / "out")]
    options = ["--init", str(tmp_path / "other"), "--workers", "0", "--device", "cpu", "--batch-size", "2"]
    assert street.main(["train", *where, *options]) == 1
    assert "its categories are not those of this training" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "-1/3", ""])
def test_what_is_no_part_of_a_schedule_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no part such as 1/3"):
        street.read_part(text)
