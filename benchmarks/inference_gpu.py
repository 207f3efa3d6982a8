"""Milliseconds an image of the whole prediction on a GPU: uint8 pixels on the host to a panoptic map on the host.

`python benchmarks/inference_gpu.py [--repeat 200] [--no-compile] [--only resnet50:1024x2048]` prints, for each network
and size, the ways it can run: eager in float32 and float16, as a CUDA graph, and as a graph with the dense part
compiled; one image after the other and from two threads, and what share of the arithmetic that the GPU can do in
float16 products the network's own makes. Weights are random, with 100 instances in every image, which is more than a
street has. Whether the answers are the same, with real weights: `benchmarks/answers.py`.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

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
NUM_STUFF, NUM_THINGS = 28, 37
IN_FLIGHT = 2
WAYS: tuple[tuple[str, torch.dtype, Acceleration], ...] = (
    ("eager fp32", torch.float32, "eager"),
    ("eager fp16", torch.float16, "eager"),
    ("graph fp16", torch.float16, "graph"),
    ("graph bf16", torch.bfloat16, "graph"),
    ("compiled graph fp16", torch.float16, "compiled"),
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
    taxonomy = taxonomy_of(NUM_STUFF, NUM_THINGS)
    network = build_network(config, taxonomy)
    torch.nn.init.zeros_(network.roi_head.roi_cls.weight)  # all categories equally likely, so that none is ruled out
    prepared = prepare_network(config, taxonomy, network.state_dict(), torch.device("cuda"), dtype)
    predictor = Predictor(prepared, taxonomy)
    predictor.acceleration = acceleration
    return predictor


def warm_up(predictor: Predictor, image: NDArray[np.uint8], options: PredictOptions) -> float:
    """Predicts until nothing is compiled or captured any more; returns the seconds that took."""
    began = time.perf_counter()
    for _ in range(10):
        predictor.predict(image, options)
    if predictor.acceleration == "compiled":
        predictor.wait_for_compiler()
    for _ in range(3):
        predictor.predict(image, options)
    return time.perf_counter() - began


def count_flops(config: Config, size: tuple[int, int]) -> float:
    """Returns the floating-point operations of one image: the dense part, all boxes, `NUM_INSTANCES` masks."""
    side, channels = config.roi.roi_size[0], config.fpn.out_channels
    with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
        network = build_network(config, (NUM_STUFF, NUM_THINGS)).eval()
        network(torch.zeros(1, 3, *size))
        network.roi_head.box(torch.zeros(config.rpn.num_post_nms_val, channels, side, side))
        network.roi_head.mask(torch.zeros(NUM_INSTANCES, channels, side, side))
    return float(counter.get_total_flops())


def product_flops(side: int = 8192, repeat: int = 20) -> float:
    """Returns the floating-point operations a second of large float16 products."""
    a = torch.randn(side, side, device="cuda", dtype=torch.float16)
    b = torch.randn(side, side, device="cuda", dtype=torch.float16)
    times = []
    for _ in range(repeat):
        torch.cuda.synchronize()
        start = time.perf_counter()
        torch.mm(a, b)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return 2 * side**3 / statistics.median(times)


def throughput(predictor: Predictor, images: Sequence[NDArray[np.uint8]], options: PredictOptions, count: int) -> float:
    """Returns the images a second that `IN_FLIGHT` threads get from one predictor."""
    work = [images[turn % len(images)] for turn in range(count)]
    with ThreadPoolExecutor(IN_FLIGHT) as pool:

        def predict(image: NDArray[np.uint8]) -> None:
            predictor.predict(image, options)  # the result is let go of, as where it has been written

        list(pool.map(predict, work[: 2 * IN_FLIGHT]))
        start = time.perf_counter()
        list(pool.map(predict, work))
        return count / (time.perf_counter() - start)


def time_way(
    config: Config, size: tuple[int, int], dtype: torch.dtype, acceleration: Acceleration, repeat: int, ceiling: float
) -> str:
    """Returns a line of figures."""
    options = PredictOptions(score_threshold=0.0)
    predictor = make_predictor(config, dtype, acceleration)
    images = [np.random.default_rng(i).integers(0, 256, (*size, 3), dtype=np.uint8) for i in range(2 * IN_FLIGHT)]
    ready_s = warm_up(predictor, images[0], options)
    gc.collect()
    gc.freeze()  # as `service.runner` does when a model is loaded
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    for _ in range(3):
        predictor.predict(images[0], options)
    times = []
    for turn in range(repeat):
        start = time.perf_counter()
        predictor.predict(images[turn % len(images)], options)
        times.append((time.perf_counter() - start) * 1000)
    used, held = torch.cuda.max_memory_allocated() / 2**20, torch.cuda.max_memory_reserved() / 2**20
    times.sort()
    median, p99 = statistics.median(times), times[min(int(0.99 * repeat), repeat - 1)]
    one_by_one = 1000 / statistics.mean(times)
    rate = throughput(predictor, images, options, 2 * repeat)
    share = 100 * rate * count_flops(config, size) / ceiling
    del predictor
    gc.unfreeze()
    gc.collect()
    torch.cuda.empty_cache()
    return f"{median:8.2f} {p99:8.2f} {one_by_one:9.1f} {rate:9.1f} {share:7.0f} {used:9.0f} {held:9.0f} {ready_s:8.1f}"


def time_stages(config: Config, size: tuple[int, int], dtype: torch.dtype, repeat: int = 10) -> str:
    """Returns the median milliseconds of each stage, waiting for the GPU after each of them."""
    predictor = make_predictor(config, dtype, "eager")
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    runs = []
    for _ in range(repeat + 3):
        result = predictor.predict(
            image, PredictOptions(score_threshold=0.0), on_stage=lambda _: torch.cuda.synchronize()
        )
        runs.append(result.timings_ms)
    medians = {stage: statistics.median(run[stage] for run in runs[3:]) for stage in runs[0]}
    return "  ".join(f"{stage} {value:.1f}" for stage, value in medians.items())


def time_yardstick(size: tuple[int, int], dtype: torch.dtype, repeat: int) -> float:
    """Returns the median milliseconds of torchvision's Mask R-CNN, from pixels on the GPU to masks there."""
    from torchvision.models.detection import maskrcnn_resnet50_fpn

    network = maskrcnn_resnet50_fpn(
        weights=None,
        weights_backbone=None,
        num_classes=1 + NUM_THINGS,
        min_size=min(size),
        max_size=max(size),
        box_score_thresh=0.0,
        box_detections_per_img=NUM_INSTANCES,
    )
    network.eval().cuda()
    image = torch.rand(3, *size, device="cuda")
    times = []
    with torch.inference_mode(), torch.autocast("cuda", dtype, enabled=dtype != torch.float32):
        for _ in range(repeat + 5):
            torch.cuda.synchronize()
            start = time.perf_counter()
            network([image])
            torch.cuda.synchronize()
            times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times[5:])


def read_case(text: str) -> tuple[str, tuple[int, int]]:
    """Reads "resnet50:1024x2048"."""
    network, _, size = text.partition(":")
    height, _, width = size.partition("x")
    return network, (int(height), int(width))


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=200)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--way", action="append", choices=[name for name, *_ in WAYS])
    parser.add_argument("--stages", action="store_true", help="where the time of the eager ways goes")
    parser.add_argument("--yardstick", action="store_true", help="torchvision's Mask R-CNN as well")
    parser.add_argument("--only", type=read_case, action="append", metavar="NETWORK:HxW")
    arguments = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    ways = [way for way in WAYS if not (arguments.no_compile and way[2] == "compiled")]
    ways = [way for way in ways if arguments.way is None or way[0] in arguments.way]
    ceiling = product_flops()
    print(native.status())
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {NUM_INSTANCES} instances")
    print(f"products of float16: {ceiling / 1e12:.0f} TFLOP/s\n")
    heads = (
        f"{'median':>8}",
        f"{'p99 ms':>8}",
        f"{'images/s':>9}",
        f"{'in flight':>9}",
        f"{'of it %':>7}",
        f"{'MiB used':>9}",
        f"{'MiB held':>9}",
    )
    print(f"{'':<44}{' '.join(heads)} {'ready s':>8}")
    for network, size in arguments.only or CASES:
        config = load_config(RESOURCES / "configs" / ("vistas_r50.ini" if network == "resnet50" else "starter.ini"))
        config = config.replace(dataloader={"shortest_size": size[0]})
        print(f"{network:<10}{size[0]:>5} x {size[1]:<5} {count_flops(config, size) / 1e12:.3f} TFLOP an image")
        for name, dtype, acceleration in ways:
            line = time_way(config, size, dtype, acceleration, arguments.repeat, ceiling)
            print(f"{network:<10}{size[0]:>5} x {size[1]:<5} {name:<20}{line}", flush=True)
            if arguments.stages and acceleration == "eager":
                print(f"{'':<23}{time_stages(config, size, dtype)}", flush=True)
        if arguments.yardstick:
            for name, dtype in (("fp32", torch.float32), ("autocast fp16", torch.float16)):
                print(
                    f"torchvision Mask R-CNN {name}: {time_yardstick(size, dtype, arguments.repeat):.1f} ms", flush=True
                )


if __name__ == "__main__":
    main()
