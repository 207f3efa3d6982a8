"""`seamseg-eval`: scores of a model, or of any tool's predictions, against ground truth."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from seamseg_studio.engine.cli.console import (
    Failure,
    Parser,
    UsageError,
    print_json,
    progress_bar,
    report_failures,
    run_command,
    warn,
)
from seamseg_studio.engine.cli.targets import check_file
from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.evaluation.page import render_page
from seamseg_studio.engine.evaluation.pairing import Evaluation, evaluate, lookup
from seamseg_studio.engine.evaluation.panoptic_quality import Rules
from seamseg_studio.engine.evaluation.report import as_json, category_table, precision_table, summary_table
from seamseg_studio.engine.files import atomic_write
from seamseg_studio.engine.formats.detection import detect_format
from seamseg_studio.engine.formats.image_file import MAX_PIXELS, read_image
from seamseg_studio.engine.formats.registry import FORMATS, LabelledImage, Reader, find_format
from seamseg_studio.engine.scene.panoptic_map import PanopticMap

_PIPED_WIDTH = 160

_EPILOG = """\
examples:
  seamseg-eval DATASET --split val --model my-model       label the images and compare
  seamseg-eval --predictions OUT --ground-truth DATASET   compare what any tool has written

Images are matched by name, categories by name. Scores are 0 to 100.
"""


def build_parser() -> Parser:
    """The command line of `seamseg-eval`."""
    readable = ", ".join(entry.name for entry in FORMATS.values() if entry.reads)
    parser = Parser(
        prog="seamseg-eval",
        description="Panoptic quality (PQ, SQ, RQ, PQ-dagger), mean IoU and AP, by category.",
        epilog=_EPILOG,
    )
    parser.add_argument("dataset", nargs="?", metavar="DATASET", help="ground truth to label with a model and compare")
    parser.add_argument("--predictions", metavar="DIR", help="labels to judge: a dataset in any readable format")
    parser.add_argument("--ground-truth", metavar="DIR", help="what to judge them against")
    parser.add_argument("--split", metavar="S", help="only this part of the ground truth (val, train, ...)")
    parser.add_argument("--model", metavar="M", help="bundle: a path or a name; the bundled starter by default")
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument(
        "--precision", default="auto", choices=("auto", "fp32", "tf32", "fp16"), help="of the network (default: auto)"
    )
    parser.add_argument("--from", dest="format", metavar="F", help=f"format of the ground truth: {readable}")
    parser.add_argument("--predictions-from", dest="predictions_format", metavar="F", help="format of the predictions")
    parser.add_argument("--max-pixels", type=int, metavar="N", help="refuse larger images (default: 268 million)")
    parser.add_argument(
        "--rules",
        default=Rules.PANOPTICAPI.value,
        choices=[rule.value for rule in Rules],
        help="treatment of void and crowd, and of categories that do not occur (default: panopticapi)",
    )
    parser.add_argument("--ap", action="store_true", help="also average precision of boxes and masks of things (slow)")
    parser.add_argument("--categories", action="store_true", help="also print a row for each category")
    parser.add_argument("--out", metavar="FILE", help="also write the result as JSON to this file")
    parser.add_argument("--html", metavar="FILE", help="also write a page with tables and plots to this file")
    parser.add_argument("--workers", type=int, metavar="N", help="threads that read and compare (default: by CPU)")
    parser.add_json()
    parser.add_version()
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return run_command(build_parser(), _run, argv)


def _run(args: argparse.Namespace) -> int:
    _check(args)
    if args.predictions is None and args.ground_truth is None:
        if args.dataset is None:
            raise UsageError("name a DATASET, or --predictions and --ground-truth; see seamseg-eval --help")
        truth = _open(args.dataset, args.format, args.split, args.max_pixels)
        evaluation = _judge_model(args, truth)
    else:
        if args.dataset is not None or args.model is not None:
            raise UsageError("--predictions and --ground-truth go without DATASET and --model; see seamseg-eval --help")
        if args.predictions is None or args.ground_truth is None:
            raise UsageError("--predictions and --ground-truth belong together; see seamseg-eval --help")
        truth = _open(args.ground_truth, args.format, args.split, args.max_pixels)
        evaluation = _judge_files(args, truth, _open(args.predictions, args.predictions_format, None, args.max_pixels))
    return _show(args, evaluation, len(truth))


def _check(args: argparse.Namespace) -> None:
    """Refuses before anything slow what could not be written at the end, and numbers that make no sense."""
    if args.workers is not None and args.workers < 1:
        raise UsageError("--workers needs at least 1")
    if args.max_pixels is not None and args.max_pixels < 1:
        raise UsageError("--max-pixels needs at least 1")
    for option, path in (("--out", args.out), ("--html", args.html)):
        if path:
            check_file(Path(path), option)
    if args.out and args.html and Path(args.out).resolve() == Path(args.html).resolve():
        raise UsageError(f"{args.out}: is named by both --out and --html; name two files")


def _open(path: str, format_name: str | None, split: str | None, max_pixels: int | None) -> Reader:
    entry = find_format(format_name) if format_name else detect_format(Path(path))
    options: dict[str, str | int] = {} if max_pixels is None else {"max_pixels": max_pixels}
    if split is not None:
        if not entry.has_splits:
            raise UsageError(
                f"{path}: the format {entry.name} has no splits; leave --split out or name the part itself"
            )
        options["split"] = split
    reader = entry.reader(path, **options)
    if len(reader) == 0:
        raise InputError(f"{path}: holds no labelled images")
    return reader


def _judge_files(args: argparse.Namespace, truth: Reader, predictions: Reader) -> Evaluation:
    workers = args.workers or min(8, os.cpu_count() or 1)
    with progress_bar("comparing", len(truth)) as bar:
        return evaluate(
            truth,
            truth.taxonomy,
            lookup(predictions),
            predictions.taxonomy,
            rules=Rules(args.rules),
            with_precision=args.ap,
            num_threads=workers,
            on_image=lambda name: bar.advance(),
        )


def _judge_model(args: argparse.Namespace, truth: Reader) -> Evaluation:
    from seamseg_studio.engine.inference.predictor import load_model

    predictor = load_model(args.model, device=args.device, precision=args.precision)

    def predict(image: LabelledImage) -> PanopticMap:
        if image.image_path is None:
            raise InputError(f"{image.name}: its photograph is not there; complete the dataset")
        photo = read_image(image.image_path, args.max_pixels or MAX_PIXELS)
        return predictor.predict(photo).to_map()

    # No threads: the network has the machine, and images come one after the other.
    with progress_bar("labelling and comparing", len(truth)) as bar:
        return evaluate(
            truth,
            truth.taxonomy,
            predict,
            predictor.taxonomy,
            rules=Rules(args.rules),
            with_precision=args.ap,
            num_threads=0,
            on_image=lambda name: bar.advance(),
        )


def _show(args: argparse.Namespace, evaluation: Evaluation, total: int) -> int:
    rules = Rules(args.rules)
    document = as_json(evaluation, rules)
    if args.out:
        atomic_write(Path(args.out), json.dumps(document, indent=1).encode())
    if args.html:
        title = f"{args.predictions or args.model or 'starter'} on {args.ground_truth or args.dataset}"
        atomic_write(Path(args.html), render_page(evaluation, title, rules).encode())
    if args.json:
        print_json(document)
    else:
        # Piped tables must not depend on the terminal that nobody looks at.
        console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
        console.print(summary_table(evaluation, rules))
        if evaluation.precision is not None:
            console.print(precision_table(evaluation.precision))
        if args.categories:
            console.print(category_table(evaluation, rules))
    if evaluation.ignored_categories:
        warn(f"not in the ground truth, counted as void: {', '.join(evaluation.ignored_categories)}")
    return report_failures([Failure(name, reason) for name, reason in evaluation.failures], total)


if __name__ == "__main__":
    sys.exit(main())
