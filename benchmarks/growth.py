"""How time and memory grow with pixels, instances and categories: `python benchmarks/growth.py [--device cuda]`.

Random weights, a network of the starter's shape on a CPU and a ResNet-50 on a GPU. Prints the medians, and writes a
picture with `--plot FILE.svg`. Memory is what a prediction needs beyond the weights: on a GPU the most that PyTorch
held, on a CPU the most that the process grew.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch

from seamseg_studio.engine.inference.compiled import prepare_network
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.model.config import load_config
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

CONFIGS = Path(str(files("seamseg_studio.resources"))) / "configs"
WIDTH, PANEL, GAP, HEIGHT, TOP, BOTTOM = 940, 200, 100, 270, 50, 210
TIME, MEMORY = "#2f6fb2", "#c8622d"


@dataclass(frozen=True, slots=True)
class Case:
    """One prediction: the shorter side of an image of 3 to 4, instances on it, stuff and thing categories."""

    side: int = 480
    num_instances: int = 20
    num_categories: int = 13


@dataclass(frozen=True, slots=True)
class Cost:
    """Median milliseconds, and mebibytes."""

    ms: float
    mib: float


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    base = Case() if args.device == "cpu" else Case(1024, 50, 65)
    sides = (240, 480, 720, 960) if args.device == "cpu" else (512, 1024, 1536, 2048)
    series: dict[str, list[tuple[float, Case]]] = {
        "megapixels": ([(side * side * 4 / 3e6, replace(base, side=side)) for side in sides]),
        "instances": ([(n, replace(base, num_instances=n)) for n in (0, 20, 50, 100)]),
        "categories": ([(n, replace(base, num_categories=n)) for n in (13, 65, 150, 250)]),
    }
    found: dict[str, list[tuple[float, Cost]]] = {}
    for name, cases in series.items():
        print(f"{name:>12} {'ms':>9} {'MiB':>8}")
        for value, case in cases:
            cost = measured_alone(case, args.device, args.repeat, args.threads)
            found.setdefault(name, []).append((value, cost))
            print(f"{value:12.2f} {cost.ms:9.1f} {cost.mib:8.0f}", flush=True)
    if args.plot:
        args.plot.write_text(plot(found, args.device), encoding="utf-8")


def measured_alone(case: Case, device: str, repeat: int, threads: int) -> Cost:
    """Measures a case in a process of its own, whose memory nothing else has raised."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (case, device, repeat, threads))


def measure(case: Case, device: str, repeat: int, threads: int) -> Cost:
    """Predicts a made-up image; see `measured_alone`."""
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    on_gpu = device != "cpu"
    config = load_config(CONFIGS / ("vistas_r50.ini" if on_gpu else "starter.ini"))
    # `max_predictions` counts at least one; no instance at all is a score that none reaches.
    config = config.replace(
        roi={"max_predictions": max(case.num_instances, 1), "score_threshold": 0.0},
        rpn={"num_post_nms_val": 300},
        dataloader={"shortest_size": case.side},
    )
    num_things = case.num_categories // 2
    kinds = [Kind.STUFF] * (case.num_categories - num_things) + [Kind.THING] * num_things
    taxonomy = Taxonomy("growth", tuple(Category(f"c{i}", kind, (0, 0, 0)) for i, kind in enumerate(kinds)))
    network = build_network(config, taxonomy)
    torch.nn.init.zeros_(network.roi_head.roi_cls.weight)
    dtype = torch.float16 if on_gpu else torch.float32
    prepared = prepare_network(config, taxonomy, network.state_dict(), torch.device(device), dtype)
    del network
    predictor = Predictor(prepared, taxonomy)
    options = PredictOptions(score_threshold=0.0 if case.num_instances else 1.0)
    image = np.random.default_rng(0).integers(0, 256, (case.side, case.side * 4 // 3, 3), dtype=np.uint8)
    before = torch.cuda.memory_allocated() if on_gpu else 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for _ in range(repeat + 1):
        start_s = time.perf_counter()
        predictor.predict(image, options)
        times.append(1000 * (time.perf_counter() - start_s))
    after = torch.cuda.max_memory_allocated() if on_gpu else 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Cost(statistics.median(times[1:]), max(0.0, (after - before) / 2**20))


def plot(found: dict[str, list[tuple[float, Cost]]], device: str) -> str:
    """Returns three panels, milliseconds and mebibytes over each of the three, as SVG."""
    panels = [
        _panel(name, [value for value, _ in costs], [cost for _, cost in costs], 60 + place * (PANEL + GAP))
        for place, (name, costs) in enumerate(found.items())
    ]
    legend = (
        f'<text x="60" y="{HEIGHT - 8}" fill="{TIME}">milliseconds (left)</text>'
        f'<text x="220" y="{HEIGHT - 8}" fill="{MEMORY}">MiB (right)</text>'
        f'<text x="320" y="{HEIGHT - 8}">{"one GPU" if device != "cpu" else "CPU"}</text>'
    )
    style = "font: 13px 'DejaVu Sans', system-ui, sans-serif; fill: #3c454f"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
    return (
        f'{head}<rect width="100%" height="100%" fill="#fff"/><g style="{style}">{"".join(panels)}{legend}</g></svg>\n'
    )


def _panel(name: str, values: Sequence[float], costs: Sequence[Cost], left: float) -> str:
    parts = [f'<text x="{left}" y="26" font-weight="600">{name}</text>']
    parts.append(f'<path d="M{left} {TOP}V{BOTTOM}H{left + PANEL}V{TOP}" fill="none" stroke="#c3cad2"/>')
    for value in values:
        x = left + PANEL * value / max(values)
        label = int(value) if value == int(value) else round(value, 2)
        parts.append(f'<text x="{x:.0f}" y="{BOTTOM + 18}" text-anchor="middle">{label}</text>')
    for color, heights, x, anchor in (
        (TIME, [cost.ms for cost in costs], left - 6, "end"),
        (MEMORY, [cost.mib for cost in costs], left + PANEL + 6, "start"),
    ):
        most = max(heights) or 1.0
        points = [
            (left + PANEL * value / max(values), BOTTOM - (BOTTOM - TOP) * height / most)
            for value, height in zip(values, heights, strict=True)
        ]
        path = "L".join(f"{px:.1f} {py:.1f}" for px, py in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2.5" stroke-linejoin="round"/>')
        parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" fill="{color}"/>' for px, py in points]
        parts.append(f'<text x="{x}" y="{TOP + 4}" text-anchor="{anchor}" fill="{color}">{most:.0f}</text>')
    return "".join(parts)


if __name__ == "__main__":
    main()
