"""`python -m seamseg_studio.engine.cli.recover`: a damaged project from what can still be read of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from seamseg_studio.engine.cli.console import Parser, progress_bar, run_command
from seamseg_studio.engine.project.errors import RECOVER_MODULE

_EPILOG = """\
What is damaged is kept in the folder damaged-DATE of the project. Nobody may have the project open meanwhile.
"""


def build_parser() -> Parser:
    """The command line."""
    parser = Parser(
        prog=f"python -m {RECOVER_MODULE}",
        description="Make the database of a damaged project anew, and bring its images to their last good step.",
        epilog=_EPILOG,
    )
    parser.add_argument("project", metavar="FOLDER", type=Path, help="a project, NAME.seamseg")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return run_command(build_parser(), _recover, argv)


def _recover(args: argparse.Namespace) -> int:
    from seamseg_studio.engine.errors import InputError
    from seamseg_studio.engine.project import DATABASE_NAME, recover_project
    from seamseg_studio.engine.project.journal_copy import copies_in

    folder: Path = args.project
    if not (folder / DATABASE_NAME).is_file() and not copies_in(folder):
        raise InputError(f"{folder}: there is no project here; name a folder that holds {DATABASE_NAME}")
    with progress_bar("Looking through the images") as bar:

        def progress(_: int, total: int) -> None:
            bar.set_total(total)
            bar.advance(1)

        recovery = recover_project(folder, progress)
    print(f"images: {recovery.num_images}, steps that can be undone: {recovery.num_steps}")
    for name in recovery.from_label_files:
        print(f"{name}: its labels came back without their history")
    for name, lost in recovery.shortened.items():
        print(f"{name}: lost {lost}")
    if recovery.has_lost_categories:
        print("the categories could not be read; those of the bundled model took their place")
    print(f"what was damaged is kept in {recovery.damaged_copy.parent if recovery.damaged_copy else folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
