"""A project as the source of `seamseg-convert`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seamseg_studio.engine.cli.console import Parser, UsageError
from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.project.dataset import ProjectReader
from seamseg_studio.engine.project.errors import ProjectError
from seamseg_studio.engine.project.split import GroupBy, SplitRule
from seamseg_studio.engine.project.store import DATABASE_NAME, Project

PROJECT = "project"
_FOR_DATASETS = ("images", "max_pixels")


def add_options(parser: Parser) -> None:
    """Adds what only concerns projects."""
    group = parser.add_argument_group("when SRC is a project (.seamseg)")
    group.add_argument(
        "--all-labels",
        action="store_true",
        help="write all labels, the model's too; by default only what people vouch for: accepted images, and of others "
        "what was corrected, with void elsewhere",
    )
    group.add_argument(
        "--val-share",
        type=float,
        metavar="X",
        help="divide into train and val, this part of the images for val; near-duplicates stay together",
    )
    group.add_argument(
        "--group-by",
        choices=[choice.value for choice in GroupBy],
        default=GroupBy.SEQUENCE.value,
        help="what else stays together: frames of a sequence (names that differ in their last number; default), the "
        "images of a folder, or nothing (look)",
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help="another one divides in another way")


def is_project(args: argparse.Namespace, source: Path) -> bool:
    """Tells whether the source is a project."""
    if args.source_format is not None:
        return bool(args.source_format == PROJECT)
    return (source / DATABASE_NAME).is_file()


def refuse_options(args: argparse.Namespace) -> None:
    """Raises UsageError if an option is given that only projects have."""
    for name, given in (("--all-labels", args.all_labels), ("--val-share", args.val_share is not None)):
        if given:
            raise UsageError(f"{name} is for projects (.seamseg), and the source is a dataset: leave it out")


@contextmanager
def open_project(args: argparse.Namespace, source: Path) -> Iterator[ProjectReader]:
    """Opens a project for reading, as long as the context lasts.

    Raises:
        UsageError: An option is for datasets, or out of range.
        InputError: There is no project, it cannot be opened or divided, or it has nothing to write.
    """
    for name in _FOR_DATASETS:
        if getattr(args, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} is for datasets; a project knows its images: leave it out")
    if args.split is not None and args.val_share is None:
        raise UsageError("a project has parts only with --val-share; add it or leave --split out")
    try:
        rule = None if args.val_share is None else SplitRule(args.val_share, GroupBy(args.group_by), args.seed)
    except ValueError as error:
        raise UsageError(f"--val-share: {error}") from error
    try:
        project = Project.open(source, read_only=True)
    except ProjectError as error:
        raise InputError(str(error)) from error
    with project:
        try:
            reader = ProjectReader(project, only_vouched=not args.all_labels, rule=rule, part=args.split)
        except ProjectError as error:
            raise InputError(str(error)) from error
        if not len(reader):
            what = (
                "labels" if args.all_labels else "corrected or accepted images; add --all-labels for the model's labels"
            )
            raise InputError(f"{source}: has no {what}")
        yield reader
