"""What learning with the heads alone saves: `python benchmarks/fine_tune.py`.

Prints the seconds of the processor that a step on one image costs, as medians of interleaved rounds: for the whole
network, for the heads alone, and for the heads on features that were kept; each with the base as teacher.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from seamseg_studio.engine.checkpoints.bundle import load_bundle
from seamseg_studio.engine.formats.image_file import read_image
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.model.norm import freeze_norms
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.training.batch import Collate
from seamseg_studio.training.budget import Budget, fine_tune_settings
from seamseg_studio.training.distill import Teacher
from seamseg_studio.training.features import FeatureCache
from seamseg_studio.training.forward import ForwardOptions, LossModel, normalise
from seamseg_studio.training.optim import freeze
from seamseg_studio.training.sample import Sample
from seamseg_studio.training.transforms import ResizeShortest

SAMPLES = Path(__file__).parents[1] / "resources" / "samples" / "images"


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="bundle (default: the starter)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    bundle = load_bundle(args.model)
    steps = {name: make_step(args.model, name) for name in ("whole network", "heads", "heads, features kept")}
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(args.rounds + 1):
        for name, step in steps.items():
            began = time.process_time()
            step()
            if number:  # the first round warms up, and fills the cache
                seconds[name].append(time.process_time() - began)
    whole = statistics.median(seconds["whole network"])
    print(f"{bundle.name}, shortest side {bundle.config.dataloader.shortest_size} px, {args.threads} thread(s)")
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:22s} {median:6.2f} s of the processor a step   {whole / median:4.1f} x")


def make_step(spec: str | None, name: str) -> Callable[[], None]:
    """Returns a function that learns once from the first sample photo, as the base itself labels it."""
    bundle = load_bundle(spec)
    heads_only = name != "whole network"
    config, options = fine_tune_settings(bundle.config, 10, on_gpu=False, heads_only=heads_only, budget=Budget())
    network = build_network(config, bundle.taxonomy)
    teacher = build_network(bundle.config, bundle.taxonomy)
    for each in (network, teacher):
        each.load_state_dict(bundle.state_dict())
    teacher.eval().requires_grad_(False)
    freeze_norms(network)
    freeze(network, options.freeze)
    image = read_image(sorted(SAMPLES.iterdir())[0])
    result = Predictor(teacher, bundle.taxonomy).predict(image)
    sample = ResizeShortest(config.dataloader.shortest_size)(
        Sample("photo", image, result.ids, result.categories, result.is_crowd)
    )
    half = np.where(np.arange(sample.size[1]) < sample.size[1] // 2, sample.ids, 0).astype(np.int32)
    sample = Sample(sample.name, sample.image, half, sample.categories, sample.is_crowd)
    batch = Collate(bundle.taxonomy.num_stuff, bundle.taxonomy.num_things)([sample])
    keep = FeatureCache(network) if name.endswith("kept") else None
    model = LossModel(
        network,
        ForwardOptions(True, True, True),
        None,
        teacher=Teacher(teacher, torch.arange(len(bundle.taxonomy))),
        features=keep,
    )
    images = normalise(batch.images, batch.sizes, config.dataloader.rgb_mean, config.dataloader.rgb_std)

    def step() -> None:
        network.zero_grad()
        model(images, batch).sum().backward()

    return step


if __name__ == "__main__":
    main()
