"""What several images in one call of the network bring, and what images of one size after another bring.

`python benchmarks/buckets.py [--device cuda] [--batches 1 2 4 8]` prints milliseconds an image of the network with its
box and mask heads for batches of one size, and of predictions in a folder whose sizes change with every image against
the same folder by size; medians of interleaved rounds, wall clock and processor.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from seamseg_studio.engine import load_model
from seamseg_studio.engine.inference.detection import detect, generate_proposals, predict_masks
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.predictor import Predictor

SIZES = ((480, 640), (640, 480), (427, 640), (640, 427), (612, 612), (500, 640), (640, 360), (360, 640))
OPTIONS = PredictOptions(with_second_choice=False)
Times = dict[str, list[tuple[float, float]]]


def measure(runs: dict[str, Callable[[], int]], rounds: int) -> Times:
    """Returns wall and processor milliseconds an image, by run; each is done once before it counts."""
    times: Times = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            num_images = run()
            wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
            if number:
                times[name].append((1e3 * wall_s / num_images, 1e3 * cpu_s / num_images))
    return times


def batch_runs(predictor: Predictor, input_size: tuple[int, int], batches: list[int]) -> dict[str, Callable[[], int]]:
    """The network and its heads on so many images at a time."""
    network = predictor._network
    parameter = next(network.parameters())

    def make(num_images: int) -> Callable[[], int]:
        torch.manual_seed(0)
        x = torch.randn(num_images, 3, *input_size, device=parameter.device, dtype=parameter.dtype)
        x = x.contiguous(memory_format=torch.channels_last)
        sizes = [input_size] * num_images

        @torch.inference_mode()
        def run() -> int:
            levels, objectness, shifts, _ = network(x)
            found = detect(
                network, levels, generate_proposals(objectness, shifts, network.config, sizes), input_size, sizes
            )
            predict_masks(network, levels, found, input_size)[0].cpu()
            return num_images

        return run

    return {f"{number} images in a call": make(number) for number in batches}


def order_runs(predictor: Predictor, num_each: int) -> dict[str, Callable[[], int]]:
    """The same images with sizes in turn, and size by size."""
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (*size, 3), np.uint8) for _ in range(num_each) for size in SIZES]

    def make(ordered: list[np.ndarray]) -> Callable[[], int]:
        def run() -> int:
            for image in ordered:
                predictor.predict(image, OPTIONS)
            return len(ordered)

        return run

    return {"sizes in turn": make(images), "size by size": make(sorted(images, key=lambda image: image.shape))}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="bundle (default: the starter)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--input", type=int, nargs=2, default=(416, 416), metavar=("H", "W"))
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--each", type=int, default=2, help="images of each size in the mixed folder")
    args = parser.parse_args()
    predictor = load_model(args.model, device=args.device)
    print(f"{predictor.bundle_name} on {predictor.device}, milliseconds an image, medians of {args.rounds} rounds")
    print(f"{'':24} wall   CPU   of the first")
    for runs in (batch_runs(predictor, tuple(args.input), args.batches), order_runs(predictor, args.each)):
        times = measure(runs, args.rounds)
        base = statistics.median(wall for wall, _ in times[next(iter(times))])
        for name, each in times.items():
            wall, cpu = (statistics.median(column) for column in zip(*each, strict=True))
            print(f"{name:24}{wall:6.0f}{cpu:6.0f}{base / wall:10.2f} x")


if __name__ == "__main__":
    main()
