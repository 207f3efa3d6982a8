"""`seamseg-train`: trains a network on a dataset, or fine-tunes a bundle on the corrections of a project."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from seamseg_studio.engine.cli.console import ExitCode, Parser, UsageError, describe_os_error, run_command, warn
from seamseg_studio.engine.cli.targets import check_file, check_folder
from seamseg_studio.engine.errors import SeamsegError

STOPPED = "stopped on request; `--resume` goes on from the snapshot in"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    return run_command(make_parser(), train, argv)


def make_parser() -> Parser:
    """Returns the parser of the command line."""
    parser = Parser(
        prog="seamseg-train",
        description="Trains a network on a seamseg dataset, or a model on a project's corrections. Writes OUT/model.",
    )
    parser.add_argument(
        "config", nargs="?", type=Path, metavar="CONFIG", help="the .ini file of the network and its training"
    )
    parser.add_argument(
        "dataset",
        nargs="?",
        type=Path,
        metavar="DATASET",
        help="folder of a seamseg dataset, or a .json list of several",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the model, snapshot and log go")
    parser.add_argument(
        "--from-corrections", type=Path, metavar="PROJECT", help="learn from a project's corrections instead"
    )
    parser.add_argument("--base", metavar="MODEL", help="the bundle to start from (default: the starter)")
    parser.add_argument("--resume", action="store_true", help="go on from the snapshot in DIR")
    parser.add_argument("--events", metavar="FILE|-", help="write one JSON event a line (default: DIR/events.jsonl)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument(
        "--max-steps", type=int, default=0, metavar="N", help="with --from-corrections: stop after N steps"
    )
    parser.add_argument(
        "--max-minutes", type=float, default=0.0, metavar="M", help="with --from-corrections: stop after M minutes"
    )
    parser.add_argument(
        "--learning-rate", type=float, default=0.0, metavar="R", help="with --from-corrections: rate of the heads"
    )
    parser.add_argument(
        "--train-parts",
        choices=("auto", "heads", "all"),
        default="auto",
        help="with --from-corrections: the heads only, many times faster, or the whole network (auto: heads on a CPU)",
    )
    parser.add_argument(
        "--replay", type=Path, metavar="DATASET", help="with --from-corrections: what the base was trained on"
    )
    parser.add_argument(
        "--replay-weight",
        type=float,
        default=1.0,
        metavar="W",
        help="with --from-corrections: weight of what was known before; 0 to learn from corrections alone (default: 1)",
    )
    parser.add_argument(
        "--low-priority", action="store_true", help="leave the processor to other programs that want it"
    )
    parser.add_version()
    return parser


def train(arguments: argparse.Namespace) -> int:
    """Does what the command line says; returns the exit code."""
    _check(arguments)
    # The rest needs torch, which `--help` should not wait for.
    from seamseg_studio.training import ranks

    if arguments.low_priority and hasattr(os, "nice"):
        os.nice(10)
    device, has_joined = ranks.join(arguments.device)
    try:
        bundle = _train(arguments, device, is_first=ranks.rank() == 0)
        is_first = ranks.rank() == 0
    finally:
        if has_joined:
            ranks.leave()
    if not is_first:
        return ExitCode.DONE
    if bundle is None:
        warn(f"seamseg-train: {STOPPED} {arguments.out}")
        return ExitCode.INTERRUPTED
    if arguments.events != "-":
        print(bundle)
    return ExitCode.DONE


def _train(arguments: argparse.Namespace, device: str, *, is_first: bool) -> Path | None:
    from seamseg_studio.training.budget import Budget
    from seamseg_studio.training.events import EventLog
    from seamseg_studio.training.fine_tune import train_from_corrections
    from seamseg_studio.training.runs import RunOptions, train_dataset

    run = RunOptions(arguments.out, device, arguments.resume, is_first and arguments.events != "-")
    with EventLog((arguments.events or arguments.out / "events.jsonl") if is_first else None) as events:
        try:
            if arguments.from_corrections:
                budget = Budget(
                    arguments.max_steps,
                    arguments.max_minutes,
                    arguments.learning_rate,
                    {"auto": None, "heads": True, "all": False}[arguments.train_parts],
                    arguments.replay_weight,
                    arguments.replay,
                )
                return train_from_corrections(arguments.from_corrections, arguments.base, run, budget, events)
            return train_dataset(arguments.config, arguments.dataset, run, events)
        except (SeamsegError, OSError) as error:
            if events.has_begun:
                message = describe_os_error(error) if isinstance(error, OSError) else str(error)
                events.emit("error", message=message)
            raise


def _check(arguments: argparse.Namespace) -> None:
    check_folder(arguments.out, "--out")
    if arguments.events and arguments.events != "-":
        check_file(Path(arguments.events), "--events")
    if arguments.from_corrections:
        if arguments.config or arguments.dataset:
            raise UsageError("give either CONFIG and DATASET or --from-corrections PROJECT, not both")
    elif not (arguments.config and arguments.dataset):
        raise UsageError("give CONFIG and DATASET, or --from-corrections PROJECT; see seamseg-train --help")
    else:
        _refuse_others(arguments)
    for name in ("max_steps", "max_minutes", "learning_rate", "replay_weight"):
        if not getattr(arguments, name) >= 0:
            raise UsageError(f"--{name.replace('_', '-')} must not be negative")


def _refuse_others(arguments: argparse.Namespace) -> None:
    defaults = {"base": None, "max_steps": 0, "max_minutes": 0.0, "learning_rate": 0.0, "train_parts": "auto"}
    for name, default in {**defaults, "replay": None, "replay_weight": 1.0}.items():
        if getattr(arguments, name) != default:
            raise UsageError(f"--{name.replace('_', '-')} goes with --from-corrections")


if __name__ == "__main__":
    raise SystemExit(main())
