"""What 8 bits would do to the answers: `python benchmarks/eight_bits.py --photos DIR [--model M] [--keep-first]`.

Static quantisation, emulated in float32: weights are rounded to 8 bits by output channel, the inputs of every
convolution and product to 8 bits within the range that the sample photographs show (all but the outermost 0.01 %).
Prints the panoptic quality, times 100, of the answers with those of float32 as ground truth, for the body, the heads
and both. A mode of 8 bits is offered from 98 on.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from answers import SAMPLES, SUFFIXES, agreement
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from seamseg_studio.engine.evaluation.panoptic_quality import Labelling
from seamseg_studio.engine.inference.predictor import Predictor, load_model

OUTSIDE = 1e-4  # share of the values that the range leaves out at each end
MAX_VALUES = 1 << 16  # of an input that are looked at
Layer = nn.Conv2d | nn.ConvTranspose2d | nn.Linear


def read_photos(folder: Path) -> list[NDArray[np.uint8]]:
    """Returns the photographs of a folder. Each [H, W, 3]."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return [np.array(Image.open(path).convert("RGB")) for path in paths]


def layers_of(network: nn.Module, part: str) -> Iterator[tuple[str, Layer]]:
    """Yields the convolutions and products of "body", "heads" or "body and heads" by name."""
    for name, module in network.named_modules():
        is_body = name.startswith("body")
        if isinstance(module, Layer) and (("body" in part and is_body) or ("heads" in part and not is_body)):
            yield name, module


def measure_ranges(network: nn.Module, run: Callable[[], None]) -> dict[str, tuple[float, float]]:
    """Returns the range of the inputs of every layer while `run` runs."""
    ranges: dict[str, tuple[float, float]] = {}

    def look(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            values = inputs[0].flatten()
            if not len(values):
                return
            values = values[:: max(1, len(values) // MAX_VALUES)]
            low, high = torch.quantile(values, torch.tensor([OUTSIDE, 1 - OUTSIDE])).tolist()
            before = ranges.get(name, (0.0, 0.0))
            ranges[name] = (min(before[0], low), max(before[1], high))

        return hook

    handles = [layer.register_forward_pre_hook(look(name)) for name, layer in layers_of(network, "body and heads")]
    run()
    for handle in handles:
        handle.remove()
    return ranges


def quantise(network: nn.Module, part: str, ranges: dict[str, tuple[float, float]], *, keep_first: bool) -> None:
    """Has the layers of a part compute with 8 bits."""
    for number, (name, layer) in enumerate(layers_of(network, part)):
        if name not in ranges or (keep_first and not number):
            continue
        weight = layer.weight.data
        axis = 1 if isinstance(layer, nn.ConvTranspose2d) else 0
        other = [dim for dim in range(weight.dim()) if dim != axis]
        scale = (weight.abs().amax(other, keepdim=True) / 127).clamp(min=1e-12)
        layer.weight.data = (weight / scale).round().clamp(-127, 127) * scale
        low, high = ranges[name]
        step = max(high - low, 1e-12) / 255

        def rounded(
            _: nn.Module, inputs: tuple[Tensor, ...], low: float = low, step: float = step
        ) -> tuple[Tensor, ...]:
            zero = round(-low / step)
            return ((inputs[0].div(step).round() + zero).clamp(0, 255).sub(zero).mul(step), *inputs[1:])

        layer.register_forward_pre_hook(rounded)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--model", default=None)
    parser.add_argument("--keep-first", action="store_true", help="the first layer of a part stays in float32")
    arguments = parser.parse_args()
    predictor = load_model(arguments.model, device="cpu", precision="fp32")
    photos = read_photos(arguments.photos)

    def labels(predictor: Predictor) -> list[Labelling]:
        results = [predictor.predict(photo) for photo in photos]
        return [Labelling.of_arrays(result.ids, result.categories, result.is_crowd) for result in results]

    network = predictor._network

    def label_samples() -> None:
        for photo in read_photos(SAMPLES):
            predictor.predict(photo)

    ranges = measure_ranges(network, label_samples)
    truth = labels(predictor)
    print(f"{len(photos)} photographs, ranges of {len(ranges)} layers from the sample photographs")
    for part in ("body", "heads", "body and heads"):
        changed = copy.deepcopy(network)
        quantise(changed, part, ranges, keep_first=arguments.keep_first)
        found = labels(Predictor(changed, predictor.taxonomy))
        print(f"8 bits in {part:<16}{agreement(truth, found, predictor.taxonomy):8.2f}", flush=True)


if __name__ == "__main__":
    main()
