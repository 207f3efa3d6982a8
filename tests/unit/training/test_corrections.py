"""Fine-tuning on what a person corrected."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from seamseg_studio.engine.checkpoints.bundle import load_bundle, save_bundle
from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.project import SplitRule, export_corrections
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.project.store import Project
from seamseg_studio.engine.scene.edits import relabel
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy
from seamseg_studio.training.budget import Budget, fine_tune_settings
from seamseg_studio.training.cli import main
from seamseg_studio.training.config import load_training_config
from seamseg_studio.training.corrections import read_material
from seamseg_studio.training.dataset import ACCEPTED_WEIGHT, SeamsegSource, segment_weights
from seamseg_studio.training.events import read_events
from seamseg_studio.training.recipes.pack import PackedSample, write_pack
from seamseg_studio.training.sample import Sample, compact
from seamseg_studio.training.sets import open_sets

MakeSample = Callable[..., Sample]


@pytest.fixture
def base(tiny_config: Path, taxonomy: Taxonomy, tmp_path: Path) -> Path:
    config, _ = load_training_config(tiny_config)
    torch.manual_seed(0)
    network = build_network(config, taxonomy)
    path = tmp_path / "base"
    save_bundle(path, name="tiny", config=config, taxonomy=taxonomy, state_dict=network.state_dict(), card="# Tiny\n")
    return path


def make_project(folder: Path, taxonomy: Taxonomy, samples: list[Sample], status: Status) -> Path:
    photos = folder / "photos"
    photos.mkdir(parents=True)
    for sample in samples:
        Image.fromarray(sample.image).save(photos / f"{sample.name}.png")
    path = folder / "work.seamseg"
    with Project.create(path, taxonomy) as project:
        for record, sample in zip(project.add_images(sorted(photos.iterdir())), samples, strict=True):
            segments = {
                i: Segment(int(sample.categories[i]), origin=Origin.MODEL) for i in range(1, len(sample.categories))
            }
            project.store_labels(record.id, PanopticMap.from_arrays(sample.ids, segments))
            project.set_status(record.id, status)
    return path


def test_accepted_images_become_a_new_bundle(
    base: Path, taxonomy: Taxonomy, make_sample: MakeSample, tmp_path: Path
) -> None:
    samples = [make_sample(64, 96, 2, "a"), make_sample(64, 96, 0, "b"), make_sample(64, 96, 1, "c")]
    project = make_project(tmp_path, taxonomy, samples, Status.ACCEPTED)
    arguments = ["--from-corrections", str(project), "--base", str(base), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--device", "cpu", "--max-steps", "3"]) == 0
    bundle, former = load_bundle(tmp_path / "out" / "model"), load_bundle(base)
    assert bundle.name == "tiny + work"
    assert bundle.manifest["lineage"]["base"] == "tiny"
    assert bundle.manifest["lineage"]["images"] == ["a", "b", "c"]
    assert bundle.taxonomy == former.taxonomy
    assert bundle.config.dataloader == former.config.dataloader
    old, new = former.state_dict(), bundle.state_dict()
    assert not torch.equal(old["sem_head.conv_sem.weight"], new["sem_head.conv_sem.weight"])
    assert all(torch.equal(old[name], new[name]) for name in old if "running_" in name)
    assert all(torch.equal(old[name], new[name]) for name in old if name.startswith("body."))
    events = read_events(tmp_path / "out" / "events.jsonl")
    assert [event["event"] for event in events if event["event"] != "epoch"] == [
        "start", "snapshot", "step", "step", "step", "snapshot", "done",
    ]  # fmt: skip
    assert events[0]["num_images"] == 3
    assert events[0]["total_steps"] == 3


def test_one_image_is_enough(base: Path, taxonomy: Taxonomy, make_sample: MakeSample, tmp_path: Path) -> None:
    project = make_project(tmp_path, taxonomy, [make_sample()], Status.ACCEPTED)
    arguments = ["--from-corrections", str(project), "--base", str(base), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--device", "cpu", "--max-steps", "2", "--events", str(tmp_path / "log")]) == 0
    assert read_events(tmp_path / "log")[-1]["event"] == "done"


@pytest.mark.parametrize("status", [Status.PREDICTED, Status.FLAGGED])
def test_a_project_that_nobody_corrected_is_refused(
    status: Status, base: Path, taxonomy: Taxonomy, make_sample: MakeSample, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    project = make_project(tmp_path, taxonomy, [make_sample()], status)
    if status is Status.PREDICTED:
        with Project.open(project) as opened:
            record = opened.images()[0]
            assert not any(True for _ in opened.corrections()) or record.status is Status.IN_PROGRESS
    with pytest.raises(SeamsegError, match="no corrected or accepted images"):
        read_material(project, taxonomy, shortest_px=64)
    assert main(["--from-corrections", str(project), "--base", str(base), "--out", str(tmp_path / "out")]) == 2
    assert "no corrected or accepted images" in capsys.readouterr().err
    assert not (tmp_path / "out" / "model").exists()


def test_a_category_of_another_kind_is_named(taxonomy: Taxonomy, make_sample: MakeSample, tmp_path: Path) -> None:
    project = make_project(tmp_path, taxonomy, [make_sample()], Status.ACCEPTED)
    other = Taxonomy("other", (*taxonomy.categories[:2], Category("car", Kind.STUFF, (0, 0, 0))))
    with pytest.raises(SeamsegError, match=r"category 'car' is thing there and stuff in the base model \(other\)"):
        read_material(project, other, shortest_px=64)


def test_categories_are_matched_by_name(taxonomy: Taxonomy, make_sample: MakeSample, tmp_path: Path) -> None:
    project = make_project(tmp_path, taxonomy, [make_sample(things=2)], Status.ACCEPTED)
    road, sky, person, car = taxonomy.categories
    swapped = Taxonomy("swapped", (sky, road, car, person))
    (sample,) = read_material(project, swapped, shortest_px=64).corrected
    (plain,) = read_material(project, taxonomy, shortest_px=64).corrected
    assert np.array_equal(sample.ids, plain.ids)
    table = np.array([1, 0, 3, 2])
    assert sample.categories[1:].tolist() == table[plain.categories[1:]].tolist()


def test_what_a_person_touched_counts_more_than_what_was_accepted(make_sample: MakeSample) -> None:
    sample = make_sample(things=2)
    segments = {i: Segment(int(c), origin=Origin.MODEL) for i, c in enumerate(sample.categories) if i}
    segments[3] = Segment(2, origin=Origin.HUMAN)
    provenance = np.full(sample.ids.shape, Origin.MODEL.code, dtype=np.uint8)
    provenance[sample.ids == 3] = Origin.HUMAN.code
    provenance[-1, 0] = Origin.HUMAN.code
    panoptic_map = PanopticMap.from_arrays(sample.ids, segments, provenance)
    pixels = np.ones(sample.ids.shape, dtype=np.float32)
    weights = segment_weights(panoptic_map, pixels)
    assert weights.tolist() == [1.0, 1.0, ACCEPTED_WEIGHT, 1.0, ACCEPTED_WEIGHT]
    pixels[sample.ids == 4] = 0.5
    assert segment_weights(panoptic_map, pixels)[4] == ACCEPTED_WEIGHT / 2


def test_exported_corrections_count_as_those_of_the_project(
    taxonomy: Taxonomy, make_sample: MakeSample, tiny_config: Path, tmp_path: Path
) -> None:
    samples = [make_sample(64, 96, 2, "a"), make_sample(64, 96, 1, "b"), make_sample(64, 96, 2, "c")]
    folder = make_project(tmp_path, taxonomy, samples, Status.ACCEPTED)
    with Project.open(folder) as project:
        for number, record in enumerate(project.images()[:2]):
            panoptic_map = project.load_map(record.id)
            other = 3 if panoptic_map.segments[3].category == 2 else 2
            project.append(record.id, relabel(panoptic_map, [3], other, EditingPolicy(taxonomy)))
            project.set_status(record.id, (Status.IN_PROGRESS, Status.ACCEPTED)[number])
        export_corrections(project, tmp_path / "set", rule=SplitRule(0.0))
    direct = {sample.name: sample for sample in read_material(folder, taxonomy, shortest_px=64).corrected}
    source = SeamsegSource(tmp_path / "set", "train")
    config, options = load_training_config(tiny_config)
    assert open_sets(tmp_path / "set", config, options).is_partial, "void hides what nobody vouched for"
    assert len(direct) == len(source) == 3
    weights = set()
    for index in range(3):
        exported = compact(source[index])
        expected = direct[exported.name]
        assert exported.weights is not None
        assert expected.weights is not None
        np.testing.assert_array_equal(exported.ids, expected.ids)
        np.testing.assert_array_equal(exported.weights, expected.weights)
        weights |= set(exported.weights.tolist())
    assert {0.5, 1.0} <= weights


def test_the_gate_says_why_and_former_choices_hold(
    base: Path, taxonomy: Taxonomy, make_sample: MakeSample, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    samples = []
    for i in range(8):
        sample = make_sample(64, 96, 1 + i % 3, f"{'abcdefgh'[i]}photo")
        samples.append(dataclasses.replace(sample, image=rng.integers(0, 255, sample.image.shape, dtype=np.uint8)))
    project = make_project(tmp_path, taxonomy, samples, Status.ACCEPTED)
    with Project.open(project) as opened:
        opened.set_status(opened.images()[7].id, Status.PREDICTED)
    command = ["--from-corrections", str(project), "--device", "cpu", "--max-steps", "2"]
    assert main([*command, "--base", str(base), "--out", str(tmp_path / "one")]) == 0
    lineage = load_bundle(tmp_path / "one" / "model").manifest["lineage"]
    assert len(lineage["held_out"]) == 1
    assert not set(lineage["held_out"]) & set(lineage["images"])
    pq = lineage["gate"]["held_out"]["pq"]
    assert lineage["gate"]["status"] == ("promoted" if pq["new"] > pq["base"] else "candidate")
    assert "held-back corrections" in lineage["gate"]["reason"]
    events = read_events(tmp_path / "one" / "events.jsonl")
    assert events[-1]["gate"]["reason"] == lineage["gate"]["reason"]
    assert events[0]["num_held_out"] == 1
    assert events[0]["num_unlabelled"] == 1
    assert events[0]["heads_only"]
    steps = [event for event in events if event["event"] == "step"]
    assert all(event["losses"]["distill"] >= -1e-4 for event in steps)
    assert main([*command, "--base", str(tmp_path / "one" / "model"), "--out", str(tmp_path / "two")]) == 0
    again = load_bundle(tmp_path / "two" / "model").manifest["lineage"]
    assert again["held_out"] == lineage["held_out"]
    assert again["base_lineage"]["held_out"] == lineage["held_out"]


@pytest.mark.parametrize("carried", [False, True], ids=["given", "in-the-bundle"])
def test_old_data_is_learned_again_and_judged(
    carried: bool, base: Path, taxonomy: Taxonomy, make_sample: MakeSample,
    write_dataset: Callable[[Path, list[Sample], Taxonomy], None], tmp_path: Path,
) -> None:  # fmt: skip
    rng = np.random.default_rng(0)
    samples = []
    for i in range(5):
        sample = make_sample(64, 96, 2, f"{'abcde'[i]}photo")
        samples.append(dataclasses.replace(sample, image=rng.integers(0, 255, sample.image.shape, dtype=np.uint8)))
    project = make_project(tmp_path, taxonomy, samples, Status.ACCEPTED)
    command = ["--from-corrections", str(project), "--base", str(base), "--out", str(tmp_path / "out")]
    if carried:
        packed = [PackedSample(make_sample(name=name), "old", part) for name, part in (("v", "val"), ("t", "train"))]
        write_pack(base / "replay.zip", packed, longest_px={"old": 96}, quality={"old": 90})
    else:
        write_dataset(tmp_path / "old", [make_sample(name=name) for name in "vt"], taxonomy)
        command += ["--replay", str(tmp_path / "old")]
    assert main([*command, "--device", "cpu", "--max-steps", "8"]) == 0
    gate = load_bundle(tmp_path / "out" / "model").manifest["lineage"]["gate"]
    assert gate["old_data"]["pq"]["base"] is not None
    assert gate["held_out"]["pq"]["new"] is not None
    assert (tmp_path / "out" / "model" / "replay.zip").is_file() is carried
    assert len(list((tmp_path / "out" / "compare").glob("*.jpg"))) == 3
    index = json.loads((tmp_path / "out" / "compare" / "index.json").read_text())
    assert set(index["images"][0]) == {"name", "photo", "base", "base_pq", "new", "new_pq"}
    assert (tmp_path / "out" / "report.html").read_text().count("data:image/jpeg") == 3


def test_a_category_that_a_person_added_extends_the_heads(
    base: Path, taxonomy: Taxonomy, make_sample: MakeSample, tmp_path: Path
) -> None:
    tram, wall = Category("tram", Kind.THING, (9, 9, 9)), Category("wall", Kind.STUFF, (8, 8, 8))
    road, sky, person, car = taxonomy.categories
    own = Taxonomy("own", (road, sky, wall, person, car, tram))
    sample = make_sample(things=3)
    changed = np.array([255, 0, 2, 5, 4, 3])
    project = make_project(tmp_path, own, [dataclasses.replace(sample, categories=changed)], Status.ACCEPTED)
    command = ["--from-corrections", str(project), "--base", str(base), "--out", str(tmp_path / "out")]
    assert main([*command, "--device", "cpu", "--max-steps", "1", "--train-parts", "all"]) == 0
    bundle = load_bundle(tmp_path / "out" / "model")
    assert [c.name for c in bundle.taxonomy.categories] == ["road", "sky", "wall", "person", "car", "tram"]
    old, new = load_bundle(base).state_dict(), bundle.state_dict()
    assert len(new["roi_head.roi_bbx.weight"]) == 12
    close = {"rtol": 0.05, "atol": 2e-3}  # one careful step and 16 bits away
    kept = new["sem_head.conv_sem.weight"][[0, 1, 3, 4]]
    assert torch.allclose(kept, old["sem_head.conv_sem.weight"], **close)
    assert torch.allclose(new["roi_head.roi_cls.weight"][:3], old["roi_head.roi_cls.weight"], **close)


def test_a_fine_tune_is_careful_and_as_long_as_allowed(tiny_config: Path) -> None:
    base, _ = load_training_config(tiny_config)
    config, options = fine_tune_settings(base, 3, on_gpu=False, budget=Budget())
    assert options.frozen_norms
    assert options.ignore_void
    assert options.max_minutes > 0
    assert config.optimizer.lr < base.optimizer.lr
    assert config.dataloader.shortest_size == base.dataloader.shortest_size
    _, limited = fine_tune_settings(base, 3, on_gpu=True, budget=Budget(max_steps=7, max_minutes=1.5))
    assert limited.max_steps == 7
    assert limited.max_minutes == 1.5
    assert limited.amp == "bf16"
    assert (limited.early_stop, limited.use_best) == (0, False)  # nobody is held back to judge by
    _, judged = fine_tune_settings(base, 40, on_gpu=True, budget=Budget(), num_held_out=10)
    assert judged.early_stop > 0
    assert judged.use_best
    heads, frozen = fine_tune_settings(base, 3, on_gpu=False, heads_only=True, budget=Budget())
    assert frozen.freeze == ("body",)
    assert heads.optimizer.lr > config.optimizer.lr
    assert heads.dataloader.train_batch_size == 1
    assert not heads.dataloader.random_scale
