"""How much of the network's own speed is left when images are read, labelled and written: `python benchmarks/label.py`.

Prints images per second of a bare loop of predictions on images in memory, and of batch labelling from files to
COCO panoptic (and overlays), as medians of interleaved rounds; and the same as CPU seconds, which other programs on
the machine disturb less.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from seamseg_studio.engine.formats.image_file import find_images, read_image
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.service.batch import label_images
from seamseg_studio.engine.service.protocol import PredictOptions
from seamseg_studio.engine.service.roster import BatchImage
from seamseg_studio.engine.service.runner import Runner, load_predictor

OPTIONS = PredictOptions(with_second_choice=False)
SAMPLES = Path(__file__).parents[1] / "resources" / "samples" / "images"


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", type=Path, default=[SAMPLES], help="files or folders")
    parser.add_argument("--model", help="bundle (default: the starter)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--batch-size", type=int, help="images at the device at a time (default: 1 on CPU, 2 on GPU)")
    parser.add_argument("--workers", type=int, default=min(8, os.cpu_count() or 1))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=1, help="how often each image is labelled in a round")
    args = parser.parse_args()
    runner = Runner(load_predictor, args.device, "auto")
    runner.load(args.model, print)
    size = args.batch_size or (1 if runner.model.device == "cpu" else 2)
    runners = [runner, *(runner.share() for _ in range(size - 1))]
    paths = find_images(args.images) * args.repeats
    arrays = [read_image(path) for path in paths]

    def bare() -> None:
        for array in arrays:
            runner.predict(array, OPTIONS, print, lambda stage: None)

    def batch(formats: Sequence[str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            writers = [FORMATS[name].writer(folder, runner.model.taxonomy) for name in formats]
            images = [BatchImage(f"{number}", path) for number, path in enumerate(paths)]
            assert not label_images(images, runners, writers, OPTIONS, num_workers=args.workers).failures
            for writer in writers:
                writer.close()

    contests: dict[str, Callable[[], None]] = {
        "bare loop": bare,
        "files to coco-panoptic": lambda: batch(["coco-panoptic"]),
        "files to coco-panoptic, overlay": lambda: batch(["coco-panoptic", "overlay"]),
    }
    for run in contests.values():
        run()
    wall: dict[str, list[float]] = {name: [] for name in contests}
    cpu: dict[str, list[float]] = {name: [] for name in contests}
    for _ in range(args.rounds):
        for name, run in contests.items():
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            run()
            wall[name].append((time.perf_counter() - wall_s) / len(paths))
            cpu[name].append((time.process_time() - cpu_s) / len(paths))
    print(f"{runner.model.name} on {runner.model.device}, {len(paths)} images, {args.rounds} rounds, medians")
    print(f"{'':32} img/s   of bare   CPU s/img")
    base_s = statistics.median(wall["bare loop"])
    for name in contests:
        each_s = statistics.median(wall[name])
        print(f"{name:32} {1 / each_s:6.2f} {base_s / each_s:8.0%} {statistics.median(cpu[name]):10.3f}")


if __name__ == "__main__":
    main()
