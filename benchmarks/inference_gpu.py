"""Milliseconds an image of the whole prediction on a GPU: uint8 pixels on the host to a panoptic map on the host.

`python benchmarks/inference_gpu.py [--repeat 60] [--no-compile]` prints, for each network and size, the
ways it can run: eager in float32 and float16, as a CUDA graph, and as a graph with the dense part compiled. Weights are
random, with 100 instances in every image, which is more than a street has. Whether the answers are the same, with real
weights: `benchmarks/answers.py`.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from seamseg_studio.engine.inference.compiled import prepare_network
from seamseg_studio.engine.inference.graphs import Acceleration
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.model.config import Config, load_config
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.ops import native
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

RESOURCES = Path(str(files("seamseg_studio.resources")))
NUM_INSTANCES = 100
WAYS: tuple[tuple[str, torch.dtype, Acceleration], ...] = (
    ("eager fp32", torch.float32, "eager"),
    ("eager fp16", torch.float16, "eager"),
    ("graph fp16", torch.float16, "graph"),
    ("graph bf16", torch.bfloat16, "graph"),
    ("compiled graph fp16", torch.float16, "auto"),
)
CASES = (("resnet50", (1024, 2048)), ("resnet50", (512, 1024)), ("resnet50", (1920, 2560)), ("starter", (480, 640)))


def taxonomy_of(num_stuff: int, num_things: int) -> Taxonomy:
    """Returns a taxonomy of that many categories."""
    kinds = [Kind.STUFF] * num_stuff + [Kind.THING] * num_things
    return Taxonomy("benchmark", tuple(Category(f"c{i}", kind, (0, 0, 0)) for i, kind in enumerate(kinds)))


def make_predictor(config: Config, dtype: torch.dtype, acceleration: Acceleration) -> Predictor:
    """Returns a predictor on the GPU with random weights that finds exactly `NUM_INSTANCES` instances."""
    torch.manual_seed(0)
    config = config.replace(roi={"max_predictions": NUM_INSTANCES, "score_threshold": 0.0})
    taxonomy = taxonomy_of(28, 37)
    network = build_network(config, taxonomy)
    torch.nn.init.zeros_(network.roi_head.roi_cls.weight)  # all categories equally likely, so that none is ruled out
    prepared = prepare_network(config, taxonomy, network.state_dict(), torch.device("cuda"), dtype)
    predictor = Predictor(prepared, taxonomy)
    predictor.acceleration = acceleration
    return predictor


def warm_up(predictor: Predictor, image: NDArray[np.uint8], options: PredictOptions) -> float:
    """Predicts until nothing is compiled or captured any more; returns the seconds that took."""
    began = time.perf_counter()
    for _ in range(4):
        predictor.predict(image, options)
    if predictor.acceleration == "auto":
        predictor.wait_for_compiler()
    for _ in range(3):
        predictor.predict(image, options)
    return time.perf_counter() - began


def time_way(config: Config, size: tuple[int, int], dtype: torch.dtype, acceleration: Acceleration, repeat: int) -> str:
    """Returns a line of figures."""
    options = PredictOptions(score_threshold=0.0)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    predictor = make_predictor(config, dtype, acceleration)
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    ready_s = warm_up(predictor, image, options)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        predictor.predict(image, options)
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    median, p99 = statistics.median(times), times[min(int(0.99 * repeat), repeat - 1)]
    mib = torch.cuda.max_memory_allocated() / 2**20
    reserved = torch.cuda.max_memory_reserved() / 2**20
    del predictor
    gc.collect()
    return f"{median:8.2f} {p99:8.2f} {1000 / statistics.mean(times):8.1f} {mib:8.0f} {reserved:9.0f} {ready_s:8.1f}"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=60)
    parser.add_argument("--no-compile", action="store_true")
    arguments = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    ways = [way for way in WAYS if not (arguments.no_compile and way[2] == "auto")]
    print(native.status())
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {NUM_INSTANCES} instances\n")
    print(f"{'':<44}{'median':>8} {'p99 ms':>8} {'images/s':>8} {'peak MiB':>8} {'reserved':>9} {'ready s':>8}")
    for network, size in CASES:
        config = load_config(RESOURCES / "configs" / ("vistas_r50.ini" if network == "resnet50" else "starter.ini"))
        config = config.replace(dataloader={"shortest_size": size[0]})
        for name, dtype, acceleration in ways:
            line = time_way(config, size, dtype, acceleration, arguments.repeat)
            print(f"{network:<10}{size[0]:>5} x {size[1]:<5} {name:<20}{line}", flush=True)


if __name__ == "__main__":
    main()
