"""Seconds an image of the network on this machine's CPU, stage by stage.

`python benchmarks/inference.py [--threads 2] [--repeat 5]` prints two lines per network, one with the compiled ops and
one with plain PyTorch in their place, taken in turns: medians of the repeats after a warm-up. Weights are random; the
number of instances whose masks are computed, a large part of the time, is 15.
"""

from __future__ import annotations

import argparse
import statistics
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch

from seamseg_studio.engine.inference.compiled import prepare_network
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.model.config import Config, load_config
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.ops import native
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

CONFIGS = Path(str(files("seamseg_studio.resources"))) / "configs"
NUM_STUFF, NUM_THINGS, NUM_INSTANCES = 11, 8, 15


def make_predictor(config: Config) -> Predictor:
    """Returns a predictor with random weights that reports exactly `NUM_INSTANCES` instances."""
    torch.manual_seed(0)
    config = config.replace(roi={"max_predictions": NUM_INSTANCES, "score_threshold": 0.0})
    network = build_network(config, (NUM_STUFF, NUM_THINGS))
    torch.nn.init.zeros_(network.roi_head.roi_cls.weight)  # all categories equally likely, so that none is ruled out
    kinds = [Kind.STUFF] * NUM_STUFF + [Kind.THING] * NUM_THINGS
    taxonomy = Taxonomy("benchmark", tuple(Category(f"c{i}", kind, (0, 0, 0)) for i, kind in enumerate(kinds)))
    prepared = prepare_network(config, taxonomy, network.state_dict(), torch.device("cpu"))
    return Predictor(prepared, taxonomy)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    r50 = load_config(CONFIGS / "cityscapes_r50.ini").replace(dataloader={"shortest_size": 512})
    starter = load_config(CONFIGS / "starter.ini").replace(dataloader={"shortest_size": 480})
    print(native.status())
    print(f"{arguments.threads} threads, torch {torch.__version__}, {NUM_INSTANCES} instances, milliseconds")
    for name, config, size in (("starter", starter, (480, 640)), ("resnet50", r50, (512, 1024))):
        predictor = make_predictor(config)
        image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
        options = PredictOptions(score_threshold=0.0)
        runs: dict[str, list[dict[str, float]]] = {"compiled": [], "PyTorch": []}
        for _ in range(arguments.repeat + 1):
            runs["compiled"].append(dict(predictor.predict(image, options).timings_ms))
            with native.reference_only():
                runs["PyTorch"].append(dict(predictor.predict(image, options).timings_ms))
        totals = {}
        for ops, timed in runs.items():
            medians = {stage: statistics.median(run[stage] for run in timed[1:]) for stage in timed[0]}
            totals[ops] = statistics.median(sum(run.values()) for run in timed[1:])
            stages = "  ".join(f"{stage} {value:.0f}" for stage, value in medians.items())
            print(f"{name:<9} {size[0]}x{size[1]}  {ops:<9} total {totals[ops]:.0f}  ({stages})")
        print(f"{name:<9} the compiled ops make it {totals['PyTorch'] / totals['compiled']:.2f} times as fast")


if __name__ == "__main__":
    main()
