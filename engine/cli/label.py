"""`seamseg-label`: labels images and folders without a window."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from seamseg_studio.engine.cli.console import (
    ExitCode,
    Failure,
    Parser,
    Ticker,
    UsageError,
    describe_os_error,
    progress_bar,
    report_failures,
    run_command,
    warn,
)
from seamseg_studio.engine.cli.crew import Crew, engaged
from seamseg_studio.engine.cli.targets import Workplace, check_folder
from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.formats.conversion import recall_losses
from seamseg_studio.engine.formats.image_file import find_images
from seamseg_studio.engine.formats.losses import Losses, merged
from seamseg_studio.engine.formats.registry import FORMATS, Format, find_format
from seamseg_studio.engine.service.batch import BatchSummary, ImageReport
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.protocol import PredictOptions
from seamseg_studio.engine.service.roster import LOG_NAME, BatchImage, assign_names
from seamseg_studio.engine.service.runner import DEFAULT_FACTORY

_EPILOG = """\
examples:
  seamseg-label photo.jpg --out labels --format overlay
  seamseg-label photos/ --out labels --format coco-panoptic,overlay --resume
  seamseg-label photos/ --out labels --model mine --device cuda:0,cuda:1 --json > report.jsonl
  seamseg-label /shared/photos --out labels --cluster head:6379

Folders are searched with all folders below them. An image that cannot be read or labelled is listed at the end and
costs nothing else. Ctrl-C finishes what is in work; --resume goes on from there. With --json every line of the output
is one JSON object: one of "event": "image" for each image as it is finished, then one of "event": "summary".

With --cluster the work is a job of Ray Data. Photos (and a model named by its path) must lie at the same paths on all
machines; the labels come back to this one, the same as without a cluster. A machine that fails costs no image.
"""


def build_parser() -> Parser:
    """The command line of `seamseg-label`."""
    parser = Parser(prog="seamseg-label", description="Label every pixel of images with a model.", epilog=_EPILOG)
    parser.add_argument("inputs", metavar="INPUT", nargs="+", help="an image (jpg, png, bmp, tif, webp) or a folder")
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to write to; made if missing")
    parser.add_argument("--model", metavar="M", help="bundle: a path or a name (default: the bundled starter)")
    parser.add_argument(
        "--device", metavar="D", default="auto", help="auto, cpu, cuda, cuda:I, or several: cuda:0,cuda:1 (auto)"
    )
    parser.add_argument(
        "--format", metavar="F[,F]", default="coco-panoptic", help=f"{', '.join(FORMATS)} (default: coco-panoptic)"
    )
    parser.add_argument(
        "--score-threshold", metavar="S", type=float, default=0.5, help="leave out instances scored below (0.5)"
    )
    parser.add_argument(
        "--overlap-threshold", metavar="O", type=float, default=0.5, help="leave out instances covered by more (0.5)"
    )
    parser.add_argument(
        "--min-stuff-area",
        metavar="A",
        type=float,
        help="smaller stuff regions stay void, in pixels of the network's input (default: the model's own; 4096 "
        "unless its configuration says otherwise)",
    )
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "tf32", "fp16"), help="(auto)")
    parser.add_argument(
        "--batch-size", metavar="auto|N", default="auto", help="images at a device at a time (auto: 1 on CPU, 2 on GPU)"
    )
    parser.add_argument(
        "--workers",
        metavar="N",
        type=int,
        help="threads that read, and as many that write (by CPU); of a cluster: workers (one a GPU, or one a machine)",
    )
    parser.add_argument(
        "--encoders",
        metavar="N",
        type=int,
        help="processes that encode labels (with a GPU as many as --workers; on a CPU 0: its threads do it)",
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        nargs="?",
        const="auto",
        help="let a Ray cluster do the work: HOST:PORT, ray://HOST:PORT, or nothing for the one that runs here (needs "
        "seamseg-studio[cluster])",
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="skip images that an earlier run has labelled")
    again.add_argument("--overwrite", action="store_true", help="replace the labels of an earlier run")
    parser.add_argument(
        "--reference", action="store_true", help="the original project's map: its resolution and thresholds"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line on stdout, for programs")
    parser.add_version()
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return run_command(build_parser(), _run, argv)


@dataclass(slots=True)
class _Screen:
    """What the person, or the program, sees of the run."""

    bar: Ticker
    as_json: bool
    start_s: float = field(default_factory=time.monotonic)
    num_done: int = 0

    def show(self, report: ImageReport) -> None:
        self.num_done += not report.error
        self.bar.advance()
        self.bar.note(f"labelling {self.num_done / max(time.monotonic() - self.start_s, 1e-9):.2f} img/s")
        if self.as_json:
            _print_line(_report_to_json(report))


def _run(args: argparse.Namespace) -> int:
    # What can be refused is refused before anything slow happens or anything is written.
    formats = _parse_formats(args.format)
    options = _parse_options(args, formats)
    batch_size = _parse_batch_size(args.batch_size)
    if not args.out:  # else it would be the current folder
        raise UsageError("--out names no folder")
    out = Path(args.out)
    _check_target(out, formats, may_exist=args.resume or args.overwrite)
    closed: list[Failure] = []  # folders that may not be looked into

    def on_closed(error: OSError) -> None:
        reason = f"cannot be looked into ({error.strerror}); change its permissions, then --resume"
        closed.append(Failure(str(error.filename), reason))

    paths = find_images(args.inputs, out, on_closed)
    with engaged(args, options, batch_size, DEFAULT_FACTORY) as crew:
        return _label(args, formats, options, paths, closed, crew)


def _label(
    args: argparse.Namespace,
    formats: Sequence[Format],
    options: PredictOptions,
    paths: Sequence[Path],
    closed: Sequence[Failure],
    crew: Crew,
) -> int:
    out, model = Path(args.out), crew.model
    is_begun = any((out / f".{entry.name}.log").exists() for entry in formats)
    try:
        workplace = Workplace(out, (LOG_NAME,))
    except OSError as error:
        raise InputError(f"{describe_os_error(error)}; choose another --out") from error
    settings = {
        "model": model.name,
        "fingerprint": model.fingerprint,
        "score_threshold": options.score_threshold,
        "overlap_threshold": options.overlap_threshold,
        "min_stuff_area": options.min_stuff_area,
        "reference": options.reference,
    }
    cancel = threading.Event()
    resume = not args.overwrite
    with ExitStack() as stack:
        images = assign_names(out, paths, settings, resume=resume)
        writers = {
            entry.name: stack.enter_context(entry.writer(out, model.taxonomy, resume=resume, overwrite=args.overwrite))
            for entry in formats
        }
        done = frozenset.intersection(*(writer.done_names() for writer in writers.values()))
        left = [image for image in images if image.name not in done]
        stack.enter_context(_cancel_on_signals(cancel))
        screen = _Screen(stack.enter_context(progress_bar("labelling", len(left))), args.json)
        try:
            summary = crew.label(left, writers, cancel, screen.show, warn)
        except OSError as error:
            raise EngineError(
                f"{describe_os_error(error)}; {screen.num_done} images are done: make room and run again with --resume"
            ) from error
        if not summary.num_done and not summary.is_cancelled and (args.overwrite or not is_begun):
            for writer in reversed(writers.values()):  # only bad images must not stand in the way of the next run
                writer.discard()
            workplace.take_back()
    before = Losses()  # of images that an earlier run has labelled
    for writer in writers.values():
        for image in images:
            if image.name in done:
                recall_losses(writer, image.name, before)
    losses = merged([before, *(writer.losses for writer in writers.values())])
    return _conclude(args, summary, images, closed, len(images) - len(left), losses, crew)


def _parse_formats(text: str) -> list[Format]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise UsageError(f"--format needs one of {', '.join(FORMATS)}")
    return [find_format(name) for name in names]


def _parse_options(args: argparse.Namespace, formats: Sequence[Format]) -> PredictOptions:
    try:
        return PredictOptions(
            score_threshold=args.score_threshold,
            overlap_threshold=args.overlap_threshold,
            min_stuff_area=args.min_stuff_area,
            reference=args.reference,
            with_raw=any(entry.name == "npz" for entry in formats),
            with_second_choice=False,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error


def _parse_batch_size(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--batch-size is auto or a number from 1, not {text!r}")
    return int(text)


def _check_target(out: Path, formats: Sequence[Format], *, may_exist: bool) -> None:
    check_folder(out, "--out")
    taken = [entry.name for entry in formats if (out / f".{entry.name}.log").exists()]
    if taken and not may_exist:
        raise InputError(
            f"{out}: already holds {', '.join(taken)} labels; use --resume to go on, --overwrite to replace them"
        )


@contextmanager
def _cancel_on_signals(cancel: threading.Event) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) sets `cancel`, the next one raises KeyboardInterrupt."""

    def handle(number: int, frame: FrameType | None) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()
        warn("stopping; what is labelled is still written (Ctrl-C again: stop at once)")

    former = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _conclude(
    args: argparse.Namespace,
    summary: BatchSummary,
    images: Sequence[BatchImage],
    closed: Sequence[Failure],
    num_skipped: int,
    losses: Losses,
    crew: Crew,
) -> int:
    """Tells what became of the run; returns the exit code."""
    failures = [*closed, *(Failure(str(report.image.path), report.error) for report in summary.failures)]
    rate = summary.num_done / max(summary.seconds, 1e-9)
    if args.json:
        _print_line(
            {
                "event": "summary",
                "num_images": len(images),
                "num_done": summary.num_done,
                "num_skipped": num_skipped,
                "num_failed": len(failures),
                "failures": [{"image": failure.input, "reason": failure.reason} for failure in failures],
                "losses": losses.to_json(),
                "interrupted": summary.is_cancelled,
                "seconds": round(summary.seconds, 3),
                "images_per_second": round(rate, 3),
                "out": args.out,
                "formats": [name.strip() for name in args.format.split(",")],
                "model": crew.model.name,
                "devices": crew.devices,
            }
        )
    else:
        kept = f", {num_skipped} were there already" if num_skipped else ""
        print(f"{summary.num_done} images labelled into {args.out} ({rate:.2f} img/s){kept}")
    for line in losses.summary():
        warn(f"lost: {line}")
    code = report_failures(failures, len(images) + len(closed))
    if summary.is_cancelled:
        num_left = len(images) - num_skipped - summary.num_done - len(summary.failures)
        warn(f"stopped on request: {num_left} images are left; run again with --resume")
        return ExitCode.INTERRUPTED
    if code == ExitCode.USAGE and any(report.is_unexpected for report in summary.failures):
        return ExitCode.FAILED
    return code


def _report_to_json(report: ImageReport) -> dict[str, object]:
    document: dict[str, object] = {
        "event": "image",
        "image": str(report.image.path),
        "name": report.image.name,
        "status": "failed" if report.error else "done",
    }
    if report.error:
        return document | {"reason": report.error}
    return (
        document
        | {
            "height": report.height,
            "width": report.width,
            "num_segments": report.num_segments,
            "predict_ms": round(report.predict_ms, 1),
        }
        | ({"place": report.place} if report.place else {})
    )


def _print_line(document: dict[str, object]) -> None:
    print(json.dumps(document), flush=True)


if __name__ == "__main__":
    sys.exit(main())
