"""What a fine-tune is made of: a teacher where nobody labelled, kept features, groups, the gate, joined sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.engine.model.norm import freeze_norms
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_network
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy
from seamseg_studio.training.batch import Collate
from seamseg_studio.training.config import load_training_config
from seamseg_studio.training.dataset import MemorySource
from seamseg_studio.training.distill import Teacher
from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.extend import category_map, load_extended
from seamseg_studio.training.features import FeatureCache
from seamseg_studio.training.forward import ForwardOptions, LossModel, normalise
from seamseg_studio.training.gate import Comparison, decide
from seamseg_studio.training.optim import freeze
from seamseg_studio.training.sample import VOID_CATEGORY, Sample
from seamseg_studio.training.sources import JoinedSource, map_by_table, translated
from seamseg_studio.training.split import difference_hash, find_groups, hold_out

MakeSample = Callable[..., Sample]


def make_network(config_path: Path, num_stuff: int = 2, num_thing: int = 2) -> PanopticNet:
    config, _ = load_training_config(config_path)
    network = build_network(config, (num_stuff, num_thing))
    freeze_norms(network)
    return network.train()


def losses_of(network: PanopticNet, teacher: PanopticNet, sample: Sample, categories: torch.Tensor) -> torch.Tensor:
    batch = Collate(network.num_stuff, network.num_thing)([sample])
    model = LossModel(network, ForwardOptions(True, True, True), None, teacher=Teacher(teacher, categories))
    images = normalise(batch.images, batch.sizes, (0.5,) * 3, (0.5,) * 3)
    values: torch.Tensor = model(images, batch)
    return values


def unlabelled(sample: Sample) -> Sample:
    return replace(sample, ids=np.zeros_like(sample.ids), categories=np.array([255]), is_crowd=np.array([False]))


def test_the_teacher_has_nothing_to_say_to_its_equal_and_pulls_back_who_moved_away(
    tiny_config: Path, make_sample: MakeSample
) -> None:
    torch.manual_seed(0)
    teacher = make_network(tiny_config)
    pupil = make_network(tiny_config)
    pupil.load_state_dict(teacher.state_dict())
    same = torch.arange(4)
    sample = unlabelled(make_sample())
    values = losses_of(pupil, teacher, sample, same)
    assert values[-1].abs() < 1e-4
    assert values[5] == 0  # the semantic loss: nobody labelled anything
    with torch.no_grad():
        pupil.sem_head.conv_sem.bias[0] += 3
        pupil.roi_head.roi_cls.bias[1] += 3
        pupil.rpn_head.conv_obj.bias += 1
    moved = losses_of(pupil, teacher, sample, same)[-1]
    assert moved > 0.1
    moved.backward()
    assert pupil.sem_head.conv_sem.bias.grad is not None
    assert pupil.sem_head.conv_sem.bias.grad[0] > 0
    assert all(p.grad is None for p in teacher.parameters())


def test_new_categories_leave_what_the_network_says_about_old_ones(
    tiny_config: Path, make_sample: MakeSample, taxonomy: Taxonomy
) -> None:
    torch.manual_seed(0)
    road, sky, person, car = taxonomy.categories
    larger = Taxonomy(
        "l", (road, sky, Category("wall", Kind.STUFF, (1, 1, 1)), Category("tram", Kind.THING, (2, 2, 2)), person, car)
    )
    teacher, pupil = make_network(tiny_config), make_network(tiny_config, 3, 3)
    load_extended(pupil, teacher.state_dict(), taxonomy, larger)
    places = category_map(taxonomy, larger)
    assert places.tolist() == [0, 1, 4, 5]
    values = losses_of(pupil, teacher, unlabelled(make_sample()), places)
    assert values[-1].abs() < 1e-4
    images = torch.rand(1, 3, 64, 96)
    old, new = teacher(images)[3], pupil(images)[3]
    assert torch.allclose(new[:, places], old, atol=1e-5)
    assert (new[:, 2:4] < old.amin() + 1).all()


@pytest.mark.parametrize("learns", ["heads", "heads and pyramid"])
def test_features_are_computed_once_per_image(learns: str, tiny_config: Path) -> None:
    network, other = make_network(tiny_config), make_network(tiny_config)
    other.body.load_state_dict(network.body.state_dict())
    freeze(network, ("body",) if learns == "heads" else ("body.backbone",))
    teacher = Teacher(other.eval(), torch.arange(4))
    images = [torch.rand(1, 3, 64, 96) for _ in range(3)]
    features = network.body(images[0]) if learns == "heads" else network.body.backbone(images[0])
    features = features if learns == "heads" else [features[name] for name in network.body.inputs]
    cache = FeatureCache(network, max_bytes=2 * sum(level.numel() * 2 for level in features))
    roomy = FeatureCache(network)
    for _ in range(3):
        for number, image in enumerate(images):
            levels = cache(image, [str(number)])
            for got, wanted in zip(levels, network.body(image), strict=True):
                assert torch.allclose(got, wanted, atol=2e-2, rtol=2e-2)
                assert got.requires_grad == (learns != "heads")
            said = roomy.taught(teacher, image, levels, [str(number)])
            assert torch.allclose(said.semantic, other(image)[3], atol=2e-2, rtol=2e-2)
            assert (said.levels is levels) == (learns == "heads")
    assert cache.num_computed == 2 + 3  # there was room for two


def test_what_the_teacher_says_is_kept_too(tiny_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = make_network(tiny_config)
    freeze(network, ("body",))
    teacher, image = Teacher(make_network(tiny_config).eval(), torch.arange(4)), torch.rand(1, 3, 64, 96)
    cache = FeatureCache(network)
    levels = cache(image, ["a"])
    first = cache.taught(teacher, image, levels, ["a"])
    monkeypatch.setattr(Teacher, "look", lambda *_: pytest.fail("asked again"))
    again = cache.taught(teacher, image, levels, ["a"])
    assert torch.equal(first.semantic, again.semantic)
    assert all(torch.equal(x, y) for x, y in zip(first.objectness, again.objectness, strict=True))
    assert all(torch.equal(x, y) for x, y in zip(first.shifts, again.shifts, strict=True))


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 3))
def test_held_back_groups_are_whole_few_and_stay(num_images: int, num_groups: int, seed: int) -> None:
    names = [f"{seed}-{i}" for i in range(num_images)]
    groups = [i % num_groups for i in range(num_images)]
    held = hold_out(names, groups)
    if num_images < 5 or not held:
        assert not held
        return
    assert len(held) <= 2 * max(1, round(0.2 * num_images))
    assert {groups[i] for i in held}.isdisjoint({g for i, g in enumerate(groups) if i not in held})
    more = [*names, *(f"more{i}" for i in range(10))]
    later = hold_out(
        more,
        [*groups, *range(100, 110)],
        held_before={names[i] for i in held},
        learned={name for i, name in enumerate(names) if i not in held},
    )
    assert held <= later
    assert all(i in held or i >= num_images for i in later)


def test_near_copies_and_neighbours_belong_together() -> None:
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (40, 60, 3), dtype=np.uint8) for _ in range(7)]
    images[6] = np.clip(images[0].astype(int) + rng.integers(-3, 4, images[0].shape), 0, 255).astype(np.uint8)
    paths = [Path(name) for name in ("a/x.jpg", "a/y.jpg", "b/f01.jpg", "b/f02.jpg", "b/z.jpg", "c/w.jpg", "c/v.jpg")]
    groups = find_groups(paths, [difference_hash(image) for image in images])
    assert groups[0] == groups[6]
    assert groups[2] == groups[3]
    assert len(set(groups)) == 5


@pytest.mark.parametrize(
    ("held", "old", "promoted", "words"),
    [
        (None, None, False, "too few corrected images"),
        ((0.4, 0.41), None, True, "40.0 -> 41.0; old data was not judged"),
        ((0.4, 0.4), None, False, "no better"),
        ((0.4, 0.5), (0.6, 0.5951), True, "old data"),
        ((0.4, 0.5), (0.6, 0.5949), False, "forgotten"),
        ((0.4, None), None, False, "nothing that can be scored"),
        ((0.4, 0.5), (None, None), True, "40.0 -> 50.0"),
    ],
)
def test_the_gate(
    held: tuple[float, float] | None, old: tuple[float, float] | None, promoted: bool, words: str
) -> None:
    comparisons = [None if pair is None else Comparison({"pq": pair[0]}, {"pq": pair[1]}) for pair in (held, old)]
    verdict = decide(*comparisons)
    assert verdict.is_promoted is promoted
    assert words in verdict.reason
    assert verdict.status == ("promoted" if promoted else "candidate")


def test_sets_are_joined_in_the_words_of_one_taxonomy(taxonomy: Taxonomy, make_sample: MakeSample) -> None:
    road, sky, person, _ = taxonomy.categories
    vehicles = Category("vehicle", Kind.STUFF, (0, 0, 0))
    own = Taxonomy("own", (road, sky, vehicles, person))
    sample = replace(make_sample(things=2), categories=np.array([255, 0, 1, 2, 3]))
    plain = translated(MemorySource([sample]), own, taxonomy, prefix="own/")[0]
    assert plain.categories.tolist() == [VOID_CATEGORY, 0, 1, VOID_CATEGORY, 2]
    assert plain.name == "own/photo"
    vague = replace(sample, categories=np.array([255, 0, 256, 2, 3]))
    assert translated(MemorySource([vague]), own, taxonomy)[0].categories.tolist() == [255, 0, 255, 255, 2]
    table, sets = map_by_table(own, taxonomy, {"vehicle": ["person", "car"], "sky": None, "road": "road"}, "m.json")
    assert table.tolist() == [0, VOID_CATEGORY, 256, 2]
    assert sets == [frozenset({2, 3})]
    joined = JoinedSource([MemorySource([]), MemorySource([sample, sample]), MemorySource([plain])])
    assert [list(group) for group in joined.groups()] == [[], [0, 1], [2]]
    assert joined[2].name == "own/photo"
    assert joined.size(1) == (64, 96)
    for names in ({"nosuch": "road"}, {"sky": "nosuch"}):
        with pytest.raises(TrainingInputError, match="nosuch"):
            map_by_table(own, taxonomy, names, "m.json")
    with pytest.raises(TrainingInputError, match="no category in common"):
        translated(MemorySource([]), Taxonomy("x", (vehicles,)), taxonomy)


def test_stuff_that_becomes_a_thing_is_a_crowd(taxonomy: Taxonomy, make_sample: MakeSample) -> None:
    own = Taxonomy("own", tuple(replace(c, kind=Kind.STUFF) for c in taxonomy.categories))
    found = translated(MemorySource([make_sample(things=1)]), own, taxonomy)[0]
    assert found.is_crowd.tolist() == [False, False, False, True]
