"""Times each native op beside its PyTorch fallback and, where it is installed, torchvision: same inputs, one run.

`python benchmarks/ops.py [--device cpu|cuda] [--repeat N] [--threads N] [--quick]` prints a table: medians in
milliseconds, and how many times faster the native op is. On a GPU a time is between two events on its stream, the
caches flushed before each; the peak memory is what a call adds.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from seamseg_studio.engine.model.norm import ABN
from seamseg_studio.engine.ops import boxes as box_ops
from seamseg_studio.engine.ops import (
    native,
    native_abn,
    native_boxes,
    native_fusion,
    native_nms,
    native_sampling,
    reference,
)

Call = Callable[[], Any]


@dataclass(frozen=True)
class Row:
    """One op on one input: calls that do the same."""

    name: str
    native: Call
    fallback: Call
    torchvision: Call | None = None


@dataclass(frozen=True)
class Figure:
    """What a call costs."""

    ms: float
    peak_mb: float


def measure(call: Call, device: torch.device, repeat: int) -> Figure:
    """Returns the median time after warming up, and the most memory a call adds on a GPU."""
    for _ in range(3):
        call()
    times: list[float] = []
    if device.type == "cpu":
        for _ in range(repeat):
            start = time.perf_counter()
            call()
            times.append((time.perf_counter() - start) * 1000)
        return Figure(statistics.median(times), 0.0)
    flush = torch.empty(64 << 20, dtype=torch.uint8, device=device)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    for _ in range(repeat):
        flush.zero_()
        start_event, end_event = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start_event.record()
        call()
        end_event.record()
        end_event.synchronize()
        times.append(start_event.elapsed_time(end_event))
    return Figure(statistics.median(times), (torch.cuda.max_memory_allocated() - before) / 2**20)


def random_boxes(num: int, height: float, width: float, device: torch.device, largest: float = 0.3) -> Tensor:
    """Returns boxes whose sides spread evenly over the powers of two, as those of a street do."""
    generator = torch.Generator().manual_seed(num)
    limits = torch.tensor([height, width])
    sides = 8 * (largest * limits / 8) ** torch.rand(num, 2, generator=generator)
    corners = torch.rand(num, 2, generator=generator) * (limits - sides)
    return torch.cat([corners, corners + sides], dim=1).to(device)


def nms_rows(device: torch.device, tv: ModuleType | None) -> Iterator[Row]:
    """Suppression: many boxes at once, and eight categories of a thousand."""
    for num in (1000, 6000, 12000):
        boxes = random_boxes(num, 1024, 2048, device)
        scores = torch.rand(num, device=device)
        swapped = boxes[:, [1, 0, 3, 2]].contiguous()

        def theirs(swapped: Tensor = swapped, scores: Tensor = scores) -> Tensor:
            kept: Tensor = tv.ops.nms(swapped, scores, 0.7)[:2000]  # type: ignore[union-attr]
            return kept

        yield Row(
            f"nms {num} boxes, keep 2000",
            lambda boxes=boxes, scores=scores: native_nms.nms_groups(boxes[None], scores[None], 0.7, 2000),
            lambda boxes=boxes, scores=scores: reference.nms(boxes, scores, 0.7, 2000),
            theirs if tv else None,
        )
    boxes = torch.stack([random_boxes(1000 + i, 1024, 2048, device)[:1000] for i in range(8)])
    scores = torch.rand(8, 1000, device=device)
    flat, groups = (
        boxes.reshape(-1, 4)[:, [1, 0, 3, 2]].contiguous(),
        torch.arange(8, device=device).repeat_interleave(1000),
    )
    yield Row(
        "nms 8 categories x 1000, one launch",
        lambda: native_nms.nms_groups(boxes, scores, 0.5),
        lambda: [reference.nms(b, s, 0.5, -1) for b, s in zip(boxes, scores, strict=True)],
        (lambda: tv.ops.batched_nms(flat, scores.flatten(), groups, 0.5)) if tv else None,
    )
    yield Row(
        "nms 8 categories x 1000, against a loop of native",
        lambda: native_nms.nms_groups(boxes, scores, 0.5),
        lambda: [native_nms.nms(b, s, 0.5, -1) for b, s in zip(boxes, scores, strict=True)],
    )


def sampling_rows(device: torch.device, tv: ModuleType | None, num: int) -> Iterator[Row]:
    """Sampling 14 x 14 from five levels of 256 channels, forward and backward, in both layouts."""
    image_size = (1024, 2048)
    boxes = random_boxes(num, *image_size, device, largest=0.9)
    index = torch.zeros(num, dtype=torch.long, device=device)
    level = box_ops.assign_levels(boxes, 5)
    rois = torch.cat([index[:, None].float(), boxes[:, [1, 0, 3, 2]]], dim=1)
    dtypes = [torch.float32, torch.float16] if device.type == "cuda" else [torch.float32]
    for dtype in dtypes:
        for layout, name in ((torch.channels_last, "channels_last"), (torch.contiguous_format, "contiguous")):
            maps = [
                torch.randn(1, 256, 1024 // s, 2048 // s, device=device).to(dtype, memory_format=layout)
                for s in (4, 8, 16, 32, 64)
            ]
            dy = torch.randn(num, 256, 14, 14, device=device).to(dtype, memory_format=layout)
            mapped = torch.stack([box_ops.feature_boxes(boxes, (x.shape[2], x.shape[3]), image_size) for x in maps])
            own = mapped.gather(0, level.view(1, -1, 1).expand(1, -1, 4))[0]

            def ours(x: list[Tensor]) -> Tensor:
                return native_sampling.pyramid_sampling(x, boxes, index, level, (14, 14), image_size=image_size)

            def plain(x: list[Tensor], own: Tensor = own) -> Tensor:
                return reference.pyramid_sampling(x, own, level, index, (14, 14))

            def theirs(x: list[Tensor]) -> list[Tensor]:
                return [
                    tv.ops.roi_align(x[i], rois[level == i].to(x[i].dtype), (14, 14), 0.25 / 2**i, 1, True)  # type: ignore[union-attr]
                    for i in range(5)
                ]

            text = f"{str(dtype).removeprefix('torch.')} {name}"
            yield Row(
                f"roi sampling {num}, {text}",
                lambda m=maps, f=ours: f(m),
                lambda m=maps, f=plain: f(m),
                (lambda m=maps, f=theirs: f(m)) if tv else None,
            )
            leaves = [x.clone().requires_grad_() for x in maps]
            order = torch.cat([(level == i).nonzero()[:, 0] for i in range(5)])

            def back(
                f: Callable[[list[Tensor]], Any], leaves: list[Tensor] = leaves, dy: Tensor = dy, order: Tensor = order
            ) -> Call:
                y = f(leaves)
                if isinstance(y, list):
                    parts = torch.split(dy[order], [len(part) for part in y])
                    return lambda: torch.autograd.grad(y, leaves, parts, retain_graph=True)
                return lambda: torch.autograd.grad(y, leaves, dy, retain_graph=True)

            yield Row(f"  backward, {text}", back(ours), back(plain), back(theirs) if tv else None)


def abn_rows(device: torch.device) -> Iterator[Row]:
    """One forward and backward pass of a normalised, activated map of a body."""
    shapes = [(2, 256, 256, 512), (2, 512, 64, 128)] if device.type == "cuda" else [(2, 64, 120, 160)]
    options: dict[str, Any] = {
        "training": True, "momentum": 0.1, "eps": 1e-5, "weight_eps": 1e-5, "activation": "leaky_relu", "slope": 0.01,
    }  # fmt: skip
    dtypes = [torch.float32, torch.float16] if device.type == "cuda" else [torch.float32]
    for shape in shapes:
        for dtype in dtypes:
            x = torch.randn(shape, device=device).to(dtype, memory_format=torch.channels_last).requires_grad_()
            parameters = [torch.ones(shape[1], device=device, requires_grad=True) for _ in range(2)]
            running = [torch.zeros(shape[1], device=device), torch.ones(shape[1], device=device)]
            dy = torch.randn_like(x)

            def run(f: Callable[..., Tensor], x=x, p=parameters, r=running, dy=dy, **more: Any) -> Call:  # type: ignore[no-untyped-def]
                return lambda: torch.autograd.grad(f(x, *p, *r, **options, **more), [x, *p], dy)

            yield Row(
                f"abn + leaky relu, both ways, {'x'.join(map(str, shape))} {str(dtype).removeprefix('torch.')}",
                run(native_abn.abn, group=None),
                run(reference.abn),
            )


def map_rows(device: torch.device, size: tuple[int, int], num: int) -> Iterator[Row]:
    """Everything between logits and the panoptic map, and what training asks of boxes."""
    height, width = size
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(19, height // 4, width // 4, generator=generator)
    logits = nn.functional.avg_pool2d(logits, 15, 1, 7).to(device)
    yield Row(
        f"best category of 19 at {height}x{width}",
        lambda: native_fusion.best_categories(logits, size, with_second=False),
        lambda: reference.best_categories(logits, size, False),
    )
    yield Row(
        "  the best two and their margin",
        lambda: native_fusion.best_categories(logits, size, with_second=True),
        lambda: reference.best_categories(logits, size, True),
    )
    semantic = reference.best_categories(logits, size, False)[0]
    boxes = random_boxes(num, height, width, device)
    categories = torch.randint(0, 8, (num,), generator=generator).to(device)
    scores = (torch.rand(num, generator=generator) * 0.5 + 0.5).to(device)
    masks = (torch.randn(num, 28, 28, generator=generator) + 2).to(device)
    arguments = (semantic, boxes, categories, scores, masks, 11, 0.5, 0.5, 4096.0)
    yield Row(
        f"fusion of {num} instances at {height}x{width}",
        lambda: native_fusion.padded_fusion(*arguments),
        lambda: reference.fusion(*arguments),
    )
    ids = native_fusion.padded_fusion(*arguments)[0]
    yield Row(
        f"boxes of the ids of {height}x{width}",
        lambda: native_boxes.extract_boxes(ids, num + 20),
        lambda: reference.extract_boxes(ids, num + 20),
    )
    anchors = random_boxes(150_000, height, width, device)
    shifts = torch.randn(150_000, 4, device=device) * 0.2

    def plain() -> Tensor:
        with native.reference_only():
            return box_ops.clip_boxes(box_ops.shift_boxes(anchors, shifts), size)

    yield Row("decode and clip 150,000 boxes", lambda: native_boxes.shift_boxes(anchors, shifts, size), plain)
    yield Row(
        "void pixels in 150,000 boxes",
        lambda: native_boxes.mask_counts(anchors, semantic == 3),
        lambda: reference.mask_counts(anchors, semantic == 3),
    )


def blocks(device: torch.device, is_native: bool) -> nn.Module:
    """Six convolutions of 64 channels, each normalised and activated."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for _ in range(6):
        norm = [ABN(64)] if is_native else [nn.BatchNorm2d(64), nn.LeakyReLU(0.01, inplace=False)]
        layers += [nn.Conv2d(64, 64, 3, padding=1, bias=False), *norm]
    return nn.Sequential(*layers).to(device, memory_format=torch.channels_last).train()


def blocks_table(device: torch.device, repeat: int) -> None:
    """Prints memory kept and time of a training step of six blocks beside batch normalisation, eager and compiled."""
    x = torch.randn(4, 64, 256, 512, device=device).to(memory_format=torch.channels_last)
    print(
        f"\nsix blocks of conv 3x3, norm, leaky relu on {tuple(x.shape)}, fp16 autocast: step ms, MB kept for backward"
    )
    for name, is_native, compiled in (
        ("ABN", True, False), ("ABN, compiled", True, True),
        ("BatchNorm + LeakyReLU", False, False), ("BatchNorm + LeakyReLU, compiled", False, True),
    ):  # fmt: skip
        network = blocks(device, is_native)
        run = torch.compile(network) if compiled else network

        def step(run: Any = run, network: nn.Module = network) -> None:
            network.zero_grad(set_to_none=True)
            with torch.autocast("cuda", torch.float16):
                y = run(x)
            y.sum().backward()

        figure = measure(step, device, repeat)
        network.zero_grad(set_to_none=True)
        before = torch.cuda.memory_allocated()
        with torch.autocast("cuda", torch.float16):
            y = run(x)
        kept = (torch.cuda.memory_allocated() - before) / 2**20
        del y
        print(f"{name:<34} {figure.ms:8.2f} {kept:8.0f}")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--repeat", type=int, default=0, help="runs of each (default: 9 on a CPU, 50 on a GPU)")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    is_gpu = device.type == "cuda"
    repeat = arguments.repeat or (50 if is_gpu else 9)
    torch.set_num_threads(arguments.threads)
    try:
        tv: ModuleType | None = importlib.import_module("torchvision")
    except (ImportError, RuntimeError):
        tv = None
    name = torch.cuda.get_device_name(device) if is_gpu else f"CPU, {arguments.threads} threads"
    print(native.status())
    print(f"{name}, torch {torch.__version__}, torchvision {tv.__version__ if tv else '-'}, medians of {repeat}, ms\n")
    size, num = ((1024, 2048), 100) if is_gpu else ((512, 1024), 50)
    print(f"{'':<56} {'native':>8} {'fallback':>9} {'ratio':>7} {'torchvision':>12} {'ratio':>7} {'peak MB':>8}")
    for rows in (
        nms_rows(device, tv),
        sampling_rows(device, tv, 1000 if is_gpu else 100),
        abn_rows(device) if is_gpu else [],  # on a CPU PyTorch's own is in use
        map_rows(device, size, num),
    ):
        for row in rows:
            ours, plain = (measure(call, device, repeat) for call in (row.native, row.fallback))
            line = f"{row.name:<56} {ours.ms:8.3f} {plain.ms:9.3f} {plain.ms / ours.ms:6.1f}x"
            if row.torchvision is not None:
                theirs = measure(row.torchvision, device, repeat)
                line += f" {theirs.ms:12.3f} {theirs.ms / ours.ms:6.1f}x"
            else:
                line += f" {'-':>12} {'-':>7}"
            print(line + (f" {ours.peak_mb:8.1f}" if is_gpu else ""), flush=True)
    if is_gpu:
        blocks_table(device, repeat)


if __name__ == "__main__":
    main()
