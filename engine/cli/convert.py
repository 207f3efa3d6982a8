"""`seamseg-convert`: datasets from one format to another."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import Any

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
from seamseg_studio.engine.cli.project_source import PROJECT, add_options, is_project, open_project, refuse_options
from seamseg_studio.engine.cli.targets import check_file, check_folder
from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.files import atomic_write
from seamseg_studio.engine.formats.conversion import Conversion, convert
from seamseg_studio.engine.formats.detection import detect_format
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.mapping import read_mapping
from seamseg_studio.engine.formats.registry import FORMATS, Format, Reader, Writer, find_format
from seamseg_studio.engine.scene.taxonomy import Taxonomy

_EPILOG = """\
examples:
  seamseg-convert dataset/ coco/ --from seamseg --to coco-panoptic --copy-images
  seamseg-convert vistas/ out/ --from vistas --to cityscapes --taxonomy vistas-to-cityscapes
  seamseg-convert more/ coco/ --to coco-panoptic --prefix more- --resume      merges a second dataset into the first
  seamseg-convert photos.seamseg/ set/ --to seamseg --val-share 0.2           a project's corrections as training data

What the target format cannot carry (holes, overlaps, crowds, ...) is counted, summed up at the end and, with --losses,
listed in a file. An interrupted conversion goes on with --resume.
"""


def build_parser() -> Parser:
    """The command line of `seamseg-convert`."""
    parser = Parser(prog="seamseg-convert", description="Convert a labelled dataset to another format.", epilog=_EPILOG)
    parser.add_argument("source", metavar="SRC", help="folder or index file of the dataset, or a project")
    parser.add_argument("target", metavar="DST", help="folder to write to")
    readable = ", ".join([*(entry.name for entry in FORMATS.values() if entry.reads), PROJECT, "datumaro:NAME"])
    parser.add_argument("--from", dest="source_format", metavar="F", help=f"found out if left away; {readable}")
    parser.add_argument("--to", dest="target_format", metavar="F", required=True, help=", ".join(FORMATS))
    parser.add_argument(
        "--taxonomy",
        metavar="T",
        help="JSON file: a taxonomy with the same category names, or one with a 'map' of names; or the name of one "
        "that comes along: cityscapes, vistas-to-cityscapes",
    )
    parser.add_argument("--split", metavar="S", help="only this part of the source (train, val, ...)")
    parser.add_argument("--into-split", default="", metavar="S", help="the part of images that belong to none")
    parser.add_argument("--images", metavar="DIR", help="where the photographs are, if not beside the labels")
    parser.add_argument(
        "--copy-images", action="store_true", help="copy the photographs where the format may do without"
    )
    parser.add_argument(
        "--prefix", default="", metavar="P", help="put before every image's name: merges into a target, with --resume"
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with an interrupted conversion")
    again.add_argument("--overwrite", action="store_true", help="replace a dataset that is there already")
    parser.add_argument("--losses", metavar="FILE", help="list everything lost or repaired in this JSON file")
    parser.add_argument("--max-pixels", type=int, metavar="N", help="refuse larger label images (default: 268 million)")
    parser.add_argument("--workers", type=int, metavar="N", help="images in work at once (default: by CPU)")
    add_options(parser)
    parser.add_json()
    parser.add_version()
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return run_command(build_parser(), _run, argv)


def _run(args: argparse.Namespace) -> int:
    if args.workers is not None and args.workers < 1:
        raise UsageError("--workers needs at least 1")
    if args.max_pixels is not None and args.max_pixels < 1:
        raise UsageError("--max-pixels needs at least 1")
    source, target = Path(args.source), Path(args.target)
    if source.exists() and target.exists() and source.resolve() == target.resolve():
        raise UsageError(f"{target}: source and target are the same folder; choose another target")
    find_format(args.target_format)
    check_folder(target, "DST")
    if args.losses:
        check_file(Path(args.losses), "--losses")
    with ExitStack() as stack:
        if is_project(args, source):
            return _convert(args, source, stack.enter_context(open_project(args, source)))
        refuse_options(args)
        return _convert(args, source, _open(args, source))


def _convert(args: argparse.Namespace, source: Path, reader: Reader) -> int:
    target = Path(args.target)
    target_format = find_format(args.target_format)
    mapping = read_mapping(_find_taxonomy(args.taxonomy), reader.taxonomy) if args.taxonomy else None
    taxonomy = mapping.target if mapping else reader.taxonomy
    workers = args.workers or min(8, os.cpu_count() or 1)
    with (
        _create(args, target_format, target, taxonomy) as writer,
        progress_bar(f"{source.name} to {target_format.name}", len(reader)) as bar,
    ):
        try:
            conversion = convert(
                reader,
                writer,
                mapping,
                prefix=args.prefix,
                source=_identity(source),
                default_split=args.into_split,
                num_threads=workers,
                on_image=lambda name: bar.advance(),
            )
        finally:
            writer.discard()  # if nothing has come of it
    return _show(args, conversion, len(reader))


def _identity(source: Path) -> str:
    """Tells a dataset apart from others; a digest, as a target that is passed on shall not tell where things lay."""
    return hashlib.sha256(os.fsencode(source.resolve())).hexdigest()[:16]


def _open(args: argparse.Namespace, source: Path) -> Reader:
    entry = find_format(args.source_format) if args.source_format else detect_format(source)
    options: dict[str, Any] = {}
    if args.split is not None:
        if not entry.has_splits:
            raise UsageError(f"the format {entry.name} has no splits; leave --split out or name the part itself")
        options["split"] = args.split
    if args.images is not None:
        if not entry.finds_images:
            raise UsageError(f"the format {entry.name} keeps its photographs with the labels; leave --images out")
        if not Path(args.images).is_dir():
            raise InputError(f"{args.images}: no such folder; check --images")
        options["images"] = Path(args.images)
    if args.max_pixels is not None:
        options["max_pixels"] = args.max_pixels
    reader = entry.reader(source, **options)
    if len(reader) == 0:
        raise InputError(f"{source}: holds no labelled images")
    return reader


def _find_taxonomy(given: str) -> Path:
    """The file of a path, or of a name among those that come with the program."""
    folder = Path(str(files("seamseg_studio.resources") / "taxonomies"))
    shipped = {path.stem: path for path in sorted(folder.glob("*.json"))}
    path = Path(given)
    if not path.exists() and given in shipped:
        return shipped[given]
    if not path.exists():
        raise InputError(
            f"{given}: no such file, nor a taxonomy that comes along ({', '.join(shipped)}); check --taxonomy"
        )
    return path


def _create(args: argparse.Namespace, entry: Format, target: Path, taxonomy: Taxonomy) -> Writer:
    options: dict[str, Any] = {"resume": args.resume, "overwrite": args.overwrite}
    if args.copy_images and entry.copies_images:
        options["copy_images"] = True
    return entry.writer(target, taxonomy, **options)


def _as_json(losses: Losses) -> bytes:
    # A detail may name a file whose name is no UTF-8; JSON can spell it.
    return json.dumps(losses.to_json(), indent=1, ensure_ascii=False).encode(errors="backslashreplace")


def _show(args: argparse.Namespace, conversion: Conversion, total: int) -> int:
    losses = conversion.losses
    if args.losses:
        atomic_write(Path(args.losses), _as_json(losses))
    if args.json:
        print_json(
            {
                "num_images": conversion.num_images,
                "num_kept": conversion.num_kept,
                "failures": [{"image": name, "reason": reason} for name, reason in conversion.failures],
                "losses": losses.to_json(),
            }
        )
    else:
        kept = f" ({conversion.num_kept} were there already)" if conversion.num_kept else ""
        print(f"{conversion.num_images} images converted{kept}")
        for line in losses.summary():
            warn(f"lost or repaired: {line}")
    return report_failures([Failure(name, reason) for name, reason in conversion.failures], total)


if __name__ == "__main__":
    sys.exit(main())
