"""How much of the network's own speed is left when images are read, labelled and written: `python benchmarks/label.py`.

Prints images per second of a bare loop of predictions on images in memory, and of batch labelling from files to
COCO panoptic (and overlays), as medians of interleaved rounds; and the same as CPU seconds of this process (not of
those that encode), which other programs on the machine disturb less.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from seamseg_studio.engine.formats.image_file import find_images, read_image
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.service.batch import Sink, label_images
from seamseg_studio.engine.service.encoders import Encoders
from seamseg_studio.engine.service.protocol import PredictOptions
from seamseg_studio.engine.service.roster import BatchImage
from seamseg_studio.engine.service.runner import OnStage, Runner, Say, load_predictor
from seamseg_studio.engine.service.shared_pixels import Array

OPTIONS = PredictOptions(with_second_choice=False)
SAMPLES = Path(__file__).parents[1] / "resources" / "samples" / "images"


@dataclass(frozen=True, slots=True)
class Seconds:
    """Time by the clock, and of all cores in this process."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Seconds:
        """The present moment; only differences mean anything."""
        return cls(time.perf_counter(), time.process_time())

    def __sub__(self, other: Seconds) -> Seconds:
        return Seconds(self.wall - other.wall, self.cpu - other.cpu)


class Pretended(Runner):
    """Labels each image for real once, and then as fast as it is told to, one image at a time."""

    def __init__(self, runner: Runner, milliseconds: float) -> None:
        super().__init__(load_predictor, "cpu", "auto")
        self._runner = runner
        self._seconds = milliseconds / 1000
        self._known: dict[bytes, PanopticResult] = {}
        self._turn = threading.Lock()

    def predict(
        self, image: Array, options: PredictOptions, say: Say, on_stage: OnStage, *, key: str = ""
    ) -> PanopticResult:
        content = image[:: max(len(image) // 8, 1)].tobytes()
        if content not in self._known:
            self._known[content] = self._runner.predict(image, options, say, on_stage)
        with self._turn:
            time.sleep(self._seconds)
        return self._known[content]


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", type=Path, default=[SAMPLES], help="files or folders")
    parser.add_argument("--model", help="bundle (default: the starter)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--batch-size", type=int, help="images at the device at a time (default: 1 on CPU, 2 on GPU)")
    parser.add_argument("--workers", type=int, default=min(8, os.cpu_count() or 1))
    parser.add_argument("--encoders", type=int, help="processes that encode (default: as the program does)")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--pretend-ms", type=float, help="a device that labels an image in so many milliseconds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=1, help="how often each image is labelled in a round")
    args = parser.parse_args()
    runner = Runner(load_predictor, args.device, args.precision)
    runner.load(args.model, print)
    size = args.batch_size or (1 if runner.model.device == "cpu" else 2)
    runners: list[Runner] = [runner, *(runner.share() for _ in range(size - 1))]
    num_encoders = args.encoders
    if num_encoders is None:
        num_encoders = args.workers if runner.model.device.startswith("cuda") else 0
    if args.pretend_ms is not None:
        runners = [Pretended(runner, args.pretend_ms)] * size
    paths = find_images(args.images) * args.repeats
    arrays = [read_image(path) for path in paths]

    def bare() -> Seconds:
        began = Seconds.now()
        for array in arrays:
            runners[0].predict(array, OPTIONS, print, lambda stage: None)
        return Seconds.now() - began

    def batch(formats: Sequence[str]) -> Seconds:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            writers = {
                name: stack.enter_context(FORMATS[name].writer(folder, runner.model.taxonomy)) for name in formats
            }
            sinks: list[Sink] = list(writers.values())
            if num_encoders:
                encoders = stack.enter_context(Encoders(writers, runner.model.taxonomy, num_encoders))
                encoders.start(wait=True)
                sinks = [encoders]
            images = [BatchImage(f"{number}", path) for number, path in enumerate(paths)]
            began = Seconds.now()
            assert not label_images(images, runners, sinks, OPTIONS, num_workers=args.workers).failures
            return Seconds.now() - began

    contests: dict[str, Callable[[], Seconds]] = {
        "bare loop": bare,
        "files to coco-panoptic": lambda: batch(["coco-panoptic"]),
        "files to coco-panoptic, overlay": lambda: batch(["coco-panoptic", "overlay"]),
    }
    for run in contests.values():
        run()
    took: dict[str, list[Seconds]] = {name: [] for name in contests}
    for _ in range(args.rounds):
        for name, run in contests.items():
            took[name].append(run())
    print(f"{runner.model.name} on {runner.model.device}, {len(paths)} images, {args.rounds} rounds, medians")
    print(f"{'':32} img/s   of bare   CPU s/img")
    base_s = statistics.median(seconds.wall for seconds in took["bare loop"])
    for name, seconds in took.items():
        wall_s = statistics.median(each.wall for each in seconds)
        cpu_s = statistics.median(each.cpu for each in seconds) / len(paths)
        print(f"{name:32} {len(paths) / wall_s:6.2f} {base_s / wall_s:8.0%} {cpu_s:10.3f}", flush=True)


if __name__ == "__main__":
    main()
