"""Whether the faster ways to run a model give its answers: panoptic quality against eager float32, and time.

`python benchmarks/answers.py [--model M] [--device cpu|cuda] [--photos DIR] [--no-compile]` labels the photographs (the
sample photographs, or those of DIR) in each way in turns and prints the median milliseconds an image and the panoptic
quality, times 100, with the labels of eager float32 as ground truth. A way is offered as a default only from 99 (fp16),
98.5 (bf16) and 98 (int8) on.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from seamseg_studio.engine.evaluation.panoptic_quality import Labelling, PanopticStats, compare, score
from seamseg_studio.engine.inference.graphs import Acceleration
from seamseg_studio.engine.inference.predictor import Predictor, load_model
from seamseg_studio.engine.ops import native
from seamseg_studio.engine.scene.taxonomy import Taxonomy

SAMPLES = Path(str(files("seamseg_studio.resources"))) / "samples" / "images"
SUFFIXES = (".jpg", ".png", ".webp")
REPEATS = 3  # a graph is made for a size that comes a second time


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run a model."""

    precision: str
    acceleration: Acceleration = "eager"

    def __str__(self) -> str:
        names = {"eager": "eager", "graph": "CUDA graph", "compiled": "compiled CUDA graph"}
        return f"{self.precision} {names[self.acceleration]}"


WAYS = {
    "cpu": (Way("fp32"), Way("bf16")),
    "cuda": (
        Way("fp32"),
        Way("tf32"),
        Way("fp16"),
        Way("bf16"),
        Way("fp32", "graph"),
        Way("fp16", "graph"),
        Way("bf16", "graph"),
        Way("fp16", "compiled"),
    ),
}


def labelled(predictor: Predictor, photos: Sequence[NDArray[np.uint8]]) -> tuple[list[Labelling], list[float]]:
    """Returns the labels of photographs and the milliseconds that each took in its last repeat."""
    labels, times = [], []
    for photo in photos:
        predictor.release()  # graphs are kept for a few sizes only
        for _ in range(REPEATS):
            start = time.perf_counter()
            result = predictor.predict(photo)
            elapsed_ms = (time.perf_counter() - start) * 1000
        times.append(elapsed_ms)
        labels.append(Labelling.of_arrays(result.ids, result.categories, result.is_crowd))
    return labels, times


def by_size(photos: Sequence[NDArray[np.uint8]]) -> dict[tuple[int, ...], list[NDArray[np.uint8]]]:
    """Returns the photographs in groups of one size."""
    groups: dict[tuple[int, ...], list[NDArray[np.uint8]]] = {}
    for photo in photos:
        groups.setdefault(photo.shape, []).append(photo)
    return groups


def agreement(truth: Sequence[Labelling], guess: Sequence[Labelling], taxonomy: Taxonomy) -> float:
    """Returns the panoptic quality of `guess` with `truth` as ground truth, 0 to 100."""
    stats = PanopticStats.zeros(len(taxonomy))
    for one, other in zip(truth, guess, strict=True):
        stats = stats + compare(one, other, len(taxonomy))
    return 100 * score(stats, taxonomy).all.pq


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=None)
    parser.add_argument("--device", choices=sorted(WAYS), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--photos", type=Path, default=SAMPLES)
    parser.add_argument("--no-compile", action="store_true", help="leave out what takes minutes to get ready")
    arguments = parser.parse_args()
    paths = sorted(path for path in arguments.photos.iterdir() if path.suffix.lower() in SUFFIXES)
    photos = [np.array(Image.open(path).convert("RGB")) for path in paths]
    print(native.status())
    print(f"{len(photos)} photographs, torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print(f"{'':<26}{'ms':>8}{'PQ x 100':>10}")
    truth: list[Labelling] = []
    for way in WAYS[arguments.device]:
        if arguments.no_compile and way.acceleration == "compiled":
            continue
        predictor = load_model(
            arguments.model, device=arguments.device, precision=way.precision, acceleration=way.acceleration
        )
        if way.acceleration == "compiled":  # compiled for the size that most have; the others run as graphs
            labelled(predictor, max(by_size(photos).values(), key=len))
            predictor.wait_for_compiler()
        labels, times = labelled(predictor, photos)
        truth = truth or labels
        print(
            f"{way!s:<26}{statistics.median(times):>8.1f}{agreement(truth, labels, predictor.taxonomy):>10.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
