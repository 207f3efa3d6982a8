"""Networks with the recipe's weights, and what they make of its images; each is computed once a session."""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from seamseg_studio.engine.inference.compiled import prepare_network
from seamseg_studio.engine.inference.detection import Detections, detect, generate_proposals, predict_masks
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.inference.preprocess import normalised
from seamseg_studio.engine.model.config import load_config
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.ops import native
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

PARITY = Path(__file__).resolve().parents[3] / "fixtures" / "parity"
CPU = torch.device("cpu")
NUM_CATEGORIES = {"vistas_r18": (28, 37), "cityscapes_r50": (11, 8)}


@dataclass(frozen=True)
class Forward:
    """Everything a network makes of a batch; images may be padded.

    `modules` holds input (a list by image), mod1..mod5, fpn, rpn_obj, rpn_bbx, sem_output (lists by level) and sem.
    """

    modules: Mapping[str, Any]
    sizes: list[tuple[int, int]]
    input_size: tuple[int, int]
    proposals: list[Tensor]
    detections: list[Detections]
    masks: list[Tensor]


@dataclass(frozen=True)
class Case:
    """One configuration on one image (or both, as a batch), beside what is expected."""

    config: str
    images: list[NDArray[np.uint8]]
    network: PanopticNet
    forward: Forward
    arrays: Mapping[str, NDArray[Any]]
    statistics: Mapping[str, Any]


@pytest.fixture(scope="session")
def recipe() -> ModuleType:
    """Weights by name and images by formula."""
    spec = importlib.util.spec_from_file_location("parity_recipe", PARITY / "recipe.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def networks(recipe: ModuleType) -> Callable[[str], PanopticNet]:
    """Networks by name of the configuration, ready for inference."""

    @functools.cache
    def make(config: str) -> PanopticNet:
        shapes = json.loads((PARITY / f"state_dict_{config}.json").read_text())
        weights = {name: torch.from_numpy(values) for name, values in recipe.weights(shapes).items()}
        counters = {name: torch.tensor(0) for name in shapes if name not in weights}
        parsed = load_config(PARITY / f"{config}.ini")
        return prepare_network(parsed, NUM_CATEGORIES[config], weights | counters, CPU)

    return make


@pytest.fixture(scope="session")
def cases(networks: Callable[[str], PanopticNet]) -> Callable[[str, str], Case]:
    """Cases by configuration and image (im0, im1 or batch)."""

    @functools.cache
    def make(config: str, image: str) -> Case:
        network = networks(config)
        names = ["im0", "im1"] if image == "batch" else [image]
        images = [np.array(Image.open(PARITY / f"{name}.png")) for name in names]
        forward = run_network(network, images)
        with np.load(PARITY / f"infer_{config}_{image}.npz") as stored:
            arrays = dict(stored)
        statistics = json.loads((PARITY / f"infer_{config}_{image}.json").read_text())
        return Case(config, images, network, forward, arrays, statistics)

    return make


@pytest.fixture(scope="session")
def predictors(networks: Callable[[str], PanopticNet]) -> Callable[[str], Predictor]:
    """Predictors by name of the configuration."""

    def make(config: str) -> Predictor:
        num_stuff, num_things = NUM_CATEGORIES[config]
        kinds = [Kind.STUFF] * num_stuff + [Kind.THING] * num_things
        categories = tuple(Category(f"category {i}", kind, (i, 0, 0)) for i, kind in enumerate(kinds))
        return Predictor(networks(config), Taxonomy(config, categories))

    return make


@pytest.fixture(scope="session")
def fallback_case(cases: Callable[[str, str], Case]) -> Callable[[str], Case]:
    """The case of im0 by configuration, its instances found anew by plain PyTorch."""

    @functools.cache
    def make(config: str) -> Case:
        case = cases(config, "im0")
        with native.reference_only():
            forward = finish(case.network, case.forward.modules, case.forward.sizes, case.forward.input_size)
        return replace(case, forward=forward)

    return make


@torch.inference_mode()
def run_network(network: PanopticNet, images: list[NDArray[np.uint8]]) -> Forward:
    """Runs all parts of a network on a batch, padded at the bottom and right with zeros."""
    sizes = [(image.shape[0], image.shape[1]) for image in images]
    input_size = (max(size[0] for size in sizes), max(size[1] for size in sizes))
    batch = torch.zeros(len(images), 3, *input_size).contiguous(memory_format=torch.channels_last)
    inputs = [normalised(image, network.config.dataloader, CPU)[0] for image in images]
    for i, pixels in enumerate(inputs):
        batch[i, :, : sizes[i][0], : sizes[i][1]] = pixels
    seen: dict[str, Any] = {"input": inputs, "sem_output": []}
    hooks = [network.body.backbone.register_forward_hook(lambda module, args, out: seen.update(out))]
    for part in network.sem_head.output:
        hooks.append(part.register_forward_hook(lambda module, args, out: seen["sem_output"].append(out)))
    levels, objectness, shifts, semantic = network(batch)
    for hook in hooks:
        hook.remove()
    seen |= {"fpn": levels, "rpn_obj": objectness, "rpn_bbx": shifts, "sem": semantic}
    return finish(network, seen, sizes, input_size)


@torch.inference_mode()
def finish(
    network: PanopticNet, seen: Mapping[str, Any], sizes: list[tuple[int, int]], input_size: tuple[int, int]
) -> Forward:
    """Finds the instances in what the dense part of a network made of a batch."""
    levels, objectness, shifts = seen["fpn"], seen["rpn_obj"], seen["rpn_bbx"]
    proposals = generate_proposals(objectness, shifts, network.config, sizes)
    detections = detect(network, levels, proposals, input_size, sizes)
    masks = predict_masks(network, levels, detections, input_size)
    return Forward(seen, sizes, input_size, proposals, detections, masks)
