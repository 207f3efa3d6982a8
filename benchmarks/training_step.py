"""What a step of the training asks of the processor: `python benchmarks/training_step.py`.

Prints, for the starter's configuration on made-up photos, the operators that a step dispatches and those whose results
the processor would have to wait for on a GPU, for several batch sizes; and where the time goes: milliseconds of the
convolutions and of everything else, or on a GPU the kernels that take longest.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.training.batch import Batch, Collate
from seamseg_studio.training.chance import seed_everything
from seamseg_studio.training.config import load_training_config
from seamseg_studio.training.dataset import KeyedBatches
from seamseg_studio.training.events import EventLog
from seamseg_studio.training.sample import Sample
from seamseg_studio.training.sampler import AspectSampler
from seamseg_studio.training.trainer import Trainer

STARTER = Path(__file__).parents[1] / "resources" / "configs" / "starter.ini"
NUM_STUFF, NUM_THINGS = 8, 5
# Their results, or the sizes of them, are needed by the host.
WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "_unique2", "unique_consecutive", "equal", "is_nonzero")


class WorkCounter(TorchDispatchMode):
    """Counts the operators dispatched within it, backward passes included.

    Attributes:
        operators: How often each was called.
        waits: The same, of those that a GPU would make the host wait for; constants made of Python's numbers are
            "constant".
    """

    def __init__(self) -> None:
        super().__init__()
        self.operators: Counter[str] = Counter()
        self.waits: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        name = func.overloadpacket.__name__
        self.operators[name] += 1
        if name in WAITING:
            self.waits[name] += 1
        elif name == "lift_fresh":
            self.waits["constant"] += 1
        elif name in ("index", "index_put_", "_index_put_impl_"):
            self.waits["index by a mask"] += sum(
                x is not None and x.dtype in (torch.bool, torch.uint8) for x in args[1]
            )
        return func(*args, **(kwargs or {}))


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--size",
        type=int,
        nargs="+",
        metavar="PX",
        help="height of the crops and width, if it is another (default: 480 on a GPU, 128 without)",
    )
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[2, 16])
    parser.add_argument("--timed-batch", type=int, default=8)
    parser.add_argument("--amp", choices=("no", "fp16", "bf16"), help="precision (default: the configuration's)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--config", type=Path, default=STARTER)
    args = parser.parse_args()
    device = torch.device(args.device)
    sides = args.size or [480 if device.type == "cuda" else 128]
    size = (sides[0], sides[-1])
    changes: dict[str, Any] = {"amp": args.amp, "channels_last": True} if args.amp else {}
    print(f"{args.config.name}, crops of {size[0]} x {size[1]} pixels, {device}")
    with tempfile.TemporaryDirectory() as folder:
        for batch_size in args.batch_sizes:
            step, _ = make_step(args.config, batch_size, size, device, Path(folder), changes)
            step()
            with WorkCounter() as counter:
                step()
            waits = ", ".join(f"{name} {count}" for name, count in counter.waits.items() if count)
            print(
                f"batch {batch_size:3d}: {counter.operators.total()} operators, the host waits "
                f"{sum(counter.waits.values())} times ({waits})"
            )
        step, _ = make_step(args.config, args.timed_batch, size, device, Path(folder), changes)
        print_times(step, args.timed_batch, args.rounds, device)


def make_step(
    config_path: Path,
    batch_size: int,
    size: tuple[int, int],
    device: torch.device,
    out: Path,
    changes: Mapping[str, Any] | None = None,
) -> tuple[Callable[[], None], Trainer]:
    """Returns a function that trains one step on one batch, again and again, and the trainer that does."""
    config, options = load_training_config(config_path)
    options = replace(options, crop_size=size, max_steps=10**6, snapshot_minutes=0.0, **(changes or {}))
    seed_everything(0)
    samples = [make_sample(size, number) for number in range(batch_size)]
    batch: Batch = Collate(NUM_STUFF, NUM_THINGS, options.crop_size)(samples)
    if device.type == "cuda":
        batch = batch.pin_memory()
    network = build_network(config, (NUM_STUFF, NUM_THINGS)).train()
    table = torch.zeros(2, NUM_STUFF + NUM_THINGS, dtype=torch.bool)
    table[:, -2:] = True
    batches = KeyedBatches(AspectSampler([sample.size for sample in samples], batch_size))
    trainer = Trainer(
        network, config, options, [batch], batches, out=out, device=device, events=EventLog(None), category_sets=table
    )

    def step() -> None:
        trainer.train_step([batch])

    return step, trainer


def make_sample(size: tuple[int, int], number: int) -> Sample:
    """Returns a crop of noise with boxes of every category on it, every third one smaller than the batch."""
    rng = np.random.default_rng(number)
    side, width = min(size), size[1]
    height = size[0] - size[0] // 4 if number % 3 == 2 else size[0]
    ids = np.ones((height, width), dtype=np.int32)
    categories, is_crowd = [255, 0], [False, False]
    for _ in range(12):
        h, w = rng.integers(side // 10, side // 3, 2)
        y, x = rng.integers(0, height - h), rng.integers(0, width - w)
        ids[y : y + h, x : x + w] = len(categories)
        categories.append(int(rng.integers(0, NUM_STUFF + NUM_THINGS)))
        is_crowd.append(False)
    categories.append(256)  # one of the two last categories, not known which
    is_crowd.append(True)
    ids[:4] = len(categories) - 1
    ids[-4:] = 0
    image = rng.integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Sample(f"noise {number}", image, ids, np.array(categories, dtype=np.int64), np.array(is_crowd))


def print_times(step: Callable[[], None], batch_size: int, rounds: int, device: torch.device) -> None:
    """Prints the median time of a step and what takes it."""
    on_gpu = device.type == "cuda"
    for _ in range(3 if on_gpu else 1):
        step()
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        step()
        if on_gpu:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    if on_gpu:
        torch.cuda.set_sync_debug_mode("warn")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            step()
        torch.cuda.set_sync_debug_mode("default")
        print(f"the host waited {len(caught)} times in a step: {[f'{w.filename}:{w.lineno}' for w in caught]}")
    median = statistics.median(seconds)
    memory = f", at most {torch.cuda.max_memory_allocated() / 2**30:.2f} GiB" if on_gpu else ""
    print(f"batch {batch_size:3d}: {1000 * median:.0f} ms a step, {batch_size / median:.1f} images/s{memory}")
    with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]) as found:
        step()
    averages = found.key_averages()
    if on_gpu:
        print(averages.table(sort_by="self_cuda_time_total", row_limit=40, max_name_column_width=90))
        return
    times = {entry.key: entry.self_cpu_time_total / 1000 for entry in averages}
    convolving = sum(t for name, t in times.items() if "conv" in name or "addmm" in name)
    print(f"convolutions and products {convolving:.0f} ms, everything else {sum(times.values()) - convolving:.0f} ms:")
    for name, value in sorted(times.items(), key=lambda item: -item[1])[:16]:
        print(f"  {name:50s} {value:8.1f} ms")


if __name__ == "__main__":
    main()
