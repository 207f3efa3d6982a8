"""What people accepted as the base says it is left to the base, and a model that is right stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from seamseg_studio.engine.checkpoints.bundle import load_bundle, save_bundle
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_network
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.project.store import Project
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.agreement import (
    AGREED_WEIGHT,
    LEAST,
    corrected_share,
    find_evidence,
    leave_to_base,
)
from seamseg_studio.training.batch import Collate
from seamseg_studio.training.budget import Budget, fine_tune_settings
from seamseg_studio.training.config import load_training_config
from seamseg_studio.training.corrections import read_material
from seamseg_studio.training.distill import Teacher
from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.events import EventLog
from seamseg_studio.training.fine_tune import train_from_corrections
from seamseg_studio.training.forward import ForwardOptions, LossModel, normalise
from seamseg_studio.training.optim import make_optimizer
from seamseg_studio.training.runs import RunOptions
from seamseg_studio.training.sample import VOID_CATEGORY, Sample

MakeSample = Callable[..., Sample]
SAME = np.arange(4)


def answer(ids: NDArray[np.int32], categories: NDArray[np.int64]) -> PanopticResult:
    count = len(categories)
    return PanopticResult(ids, categories, np.ones(count, np.float32), np.zeros(count, np.bool_))


def test_what_was_accepted_as_the_base_says_it_is_left_to_the_base(make_sample: MakeSample) -> None:
    sample = make_sample(things=2)
    unchanged = np.ones(sample.size, dtype=np.bool_)
    same = answer(sample.ids, sample.categories)
    left = leave_to_base(sample, unchanged, same, SAME, 2)
    assert corrected_share(left) == 0
    assert left.weights is not None
    assert left.weights[left.ids].min() == AGREED_WEIGHT
    assert corrected_share(leave_to_base(sample, ~unchanged, same, SAME, 2)) == 1, "people changed all of it"
    # Its road is sky to the base now, and the second thing is elsewhere.
    other_ids = np.where(sample.ids == 4, 1, sample.ids).astype(np.int32)
    other_ids[40:48, 60:90] = 4
    others = sample.categories.copy()
    others[1] = 1
    left = leave_to_base(sample, unchanged, answer(other_ids, others), SAME, 2)
    assert sorted(left.categories.tolist()) == [0, 3, VOID_CATEGORY, VOID_CATEGORY]
    agreed = left.categories[left.ids] == VOID_CATEGORY
    assert (agreed == np.isin(sample.ids, (2, 3))).all()


def test_a_smaller_copy_of_an_image_is_compared_with_what_the_base_says_about_the_whole(
    make_sample: MakeSample,
) -> None:
    sample = make_sample(things=2)
    whole = answer(sample.ids.repeat(3, 0).repeat(3, 1), sample.categories)
    unchanged = np.ones(whole.ids.shape, dtype=np.bool_)
    unchanged[:96] = False
    left = leave_to_base(sample, unchanged, whole, SAME, 2)
    assert corrected_share(left) == 0.5
    assert (left.categories[left.ids[:32]] != VOID_CATEGORY).all()


def test_a_thing_that_is_found_again_leaves_no_rim_behind(make_sample: MakeSample) -> None:
    sample = make_sample(things=2)
    answer_ids = sample.ids.copy()
    last = int(np.nonzero(sample.ids == 3)[1].max())
    answer_ids[:, last] = np.where(sample.ids[:, last] == 3, 2, answer_ids[:, last])
    unchanged = np.ones(sample.size, dtype=np.bool_)
    left = leave_to_base(sample, unchanged, answer(answer_ids, sample.categories), SAME, 2)
    assert corrected_share(left) == 0
    assert not Collate(2, 2)([left]).valid.any(), "nothing is left to be taught as a thing"


@pytest.mark.parametrize(
    ("names", "corrected_names", "size"),
    [("a", "a", (1024, 2048)), ("abcdefghij", "dj", (64, 96))],
    ids=["a few pixels", "only what would be held back"],
)
def test_whatever_a_person_did_is_learned(
    names: str, corrected_names: str, size: tuple[int, int], taxonomy: Taxonomy, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for name in names:
        coarse = rng.integers(0, 255, (8, 12, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize(size[::-1]).save(tmp_path / "photos" / f"{name}.png")
    with Project.create(tmp_path / "work.seamseg", taxonomy) as project:
        for record in project.add_images(sorted((tmp_path / "photos").iterdir())):
            ids = np.ones(size, dtype=np.int32)
            segments = {1: Segment(0, origin=Origin.MODEL)}
            provenance = np.full(ids.shape, Origin.MODEL.code, dtype=np.uint8)
            if record.path.stem in corrected_names:
                ids[20:45, 30:50] = 2
                segments[2] = Segment(3, origin=Origin.HUMAN)
                provenance[ids == 2] = Origin.HUMAN.code
            project.store_labels(record.id, PanopticMap.from_arrays(ids, segments, provenance))
            project.set_status(record.id, Status.ACCEPTED)
    road = np.array([VOID_CATEGORY, 0])
    material = read_material(
        tmp_path / "work.seamseg",
        taxonomy,
        shortest_px=size[0] // 2,
        ask=lambda image: answer(np.ones(image.shape[:2], dtype=np.int32), road),
    )
    assert [sample.name for sample in material.corrected] == list(corrected_names)


def test_heads_learn_as_fast_as_there_is_something_to_learn(make_sample: MakeSample) -> None:
    sample = make_sample(things=2)
    assert find_evidence([sample], 2).rate_factors() == {}
    void = replace(sample, categories=np.full_like(sample.categories, VOID_CATEGORY))
    assert set(find_evidence([void], 2).rate_factors().values()) == {LEAST}
    stuff_only = replace(sample, categories=np.array([VOID_CATEGORY, 0, 1, VOID_CATEGORY, VOID_CATEGORY]))
    assert find_evidence([stuff_only], 2).rate_factors() == {"rpn_head": LEAST, "roi_head": LEAST}


@pytest.fixture
def network(tiny_config: Path, taxonomy: Taxonomy) -> PanopticNet:
    config, _ = load_training_config(tiny_config)
    torch.manual_seed(0)
    network = build_network(config, taxonomy)
    with torch.no_grad():  # as sure of what it says as a trained one
        network.sem_head.conv_sem.weight *= 8
        network.roi_head.roi_cls.weight *= 8
    return network.eval()


@pytest.fixture
def base(network: PanopticNet, taxonomy: Taxonomy, tmp_path: Path) -> Path:
    save_bundle(
        tmp_path / "base",
        name="tiny",
        config=network.config,
        taxonomy=taxonomy,
        state_dict=network.state_dict(),
        card="# Tiny\n",
    )
    network.load_state_dict(load_bundle(tmp_path / "base").state_dict())  # rounded by the file
    return tmp_path / "base"


def make_project(network: PanopticNet, taxonomy: Taxonomy, folder: Path, *, num_strokes: int) -> Path:
    """Four photos accepted as the network labels them, some with a stroke of the person, and two unlabelled ones."""
    (folder / "photos").mkdir()
    rng = np.random.default_rng(0)
    predictor = Predictor(network, taxonomy)
    for name in "abcdef":
        coarse = rng.integers(0, 255, (8, 12, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((96, 64)).save(folder / "photos" / f"{name}.png")
    with Project.create(folder / "work.seamseg", taxonomy) as project:
        records = project.add_images(sorted((folder / "photos").iterdir()))
        for number, record in enumerate(records[:4]):
            result = predictor.predict(np.asarray(Image.open(record.path)))
            segments = {
                i: Segment(int(c), origin=Origin.MODEL) for i, c in enumerate(result.categories) if c < len(taxonomy)
            }
            ids = np.where(np.isin(result.ids, list(segments)), result.ids, 0).astype(np.int32)
            provenance = (ids > 0).astype(np.uint8)
            if number < num_strokes:
                segments[99] = Segment(number % 2, origin=Origin.HUMAN)
                ids[30:34, 40:48], provenance[30:34, 40:48] = 99, Origin.HUMAN.code
            project.store_labels(record.id, PanopticMap.from_arrays(ids, segments, provenance))
            project.set_status(record.id, Status.ACCEPTED)
    return folder / "work.seamseg"


def test_a_model_that_is_nearly_always_right_keeps_its_answers(
    base: Path, network: PanopticNet, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    project = make_project(network, taxonomy, tmp_path, num_strokes=1)
    budget = Budget(max_steps=24, max_minutes=30, heads_only=True)
    trained = train_from_corrections(project, str(base), RunOptions(tmp_path / "out", "cpu"), budget, EventLog(None))
    assert trained
    torch.manual_seed(1)
    images = torch.randn(4, 3, 16, 24).repeat_interleave(4, 2).repeat_interleave(4, 3)
    with torch.no_grad():
        before = network(images)
        network.load_state_dict(load_bundle(trained).state_dict())
        after = network(images)
    assert not torch.equal(before[3], after[3]), "it learns from the stroke"
    same = (before[3].argmax(1) == after[3].argmax(1)).float().mean()
    assert same > 0.95


def test_where_nothing_was_corrected_there_is_nothing_to_learn(
    base: Path, network: PanopticNet, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    project = make_project(network, taxonomy, tmp_path, num_strokes=0)
    with pytest.raises(TrainingInputError, match="nothing was corrected in its 4 accepted images"):
        train_from_corrections(project, str(base), RunOptions(tmp_path / "out", "cpu"), Budget(), EventLog(None))
    assert not (tmp_path / "out").exists()


def test_rounding_errors_do_not_move_a_network(network: PanopticNet) -> None:
    config, options = fine_tune_settings(network.config, 3, on_gpu=False, heads_only=True, budget=Budget())
    optimizer = make_optimizer(network, config.optimizer, options)
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    for parameter in network.parameters():
        parameter.grad = torch.full_like(parameter, 1e-9)
    optimizer.step()
    for name, parameter in network.named_parameters():
        assert (parameter.detach() - before[name]).abs().max() < 1e-6


@pytest.mark.parametrize("part", ["rpn_head.conv_bbx", "roi_head.roi_bbx"])
def test_a_teacher_pulls_less_the_closer_its_pupil_is(part: str, network: PanopticNet, make_sample: MakeSample) -> None:
    teacher = Teacher(copy.deepcopy(network), torch.arange(4))
    sample = make_sample()
    sample = replace(sample, categories=np.full_like(sample.categories, VOID_CATEGORY))
    batch = Collate(2, 2)([sample])
    images = normalise(batch.images, batch.sizes, (0.5,) * 3, (0.5,) * 3)
    bias = network.get_parameter(f"{part}.bias")
    start, pulls = bias.detach().clone(), []
    for distance in (1e-4, 1e-2):
        bias.data = start + distance
        network.zero_grad()
        LossModel(network, ForwardOptions(True, True, True), None, teacher=teacher)(images, batch)[-1].backward()
        assert bias.grad is not None
        pulls.append(float(bias.grad.norm()))
    assert 0 < 20 * pulls[0] < pulls[1]
