"""Where events of a run go beside its log: a progress bar on the terminal, and TensorBoard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Listener = Callable[[Mapping[str, Any]], None]


@contextmanager
def listeners(out: Path, *, bar: bool, tensorboard: bool, console: Console | None = None) -> Iterator[list[Listener]]:
    """Yields what wants to hear the events of a run, and closes it after the block.

    Args:
        out: Folder of the run; the curves go to OUT/tensorboard.
        bar: Whether to show progress on stderr, if that is a terminal.
        tensorboard: Whether to write curves.
        console: Where to draw instead of stderr.
    """
    console = console or Console(stderr=True)
    with ExitStack() as stack:
        found: list[Listener] = []
        if bar and console.is_terminal:
            progress = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
            found.append(Bar(stack.enter_context(progress)))
        if tensorboard:
            curves = Curves(out / "tensorboard")
            stack.callback(curves.close)
            found.append(curves)
        yield found


class Bar:
    """Shows the loss, the last validation and the time left."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._score = ""

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Takes an event."""
        if self._task is None:
            self._task = self._progress.add_task("starting", total=1.0)
        if event["event"] == "step":
            total = event["total"]
            loss = "-" if total is None else f"{total:.3f}"
            text = f"step {event['step']}  loss {loss}{self._score}"
            self._progress.update(self._task, completed=event["progress"], description=text)
        elif event["event"] == "validation" and event.get("pq") is not None:
            self._score = f"  PQ {100 * event['pq']:.1f}"
        elif event["event"] == "warning":
            self._progress.console.print(event["message"], markup=False)


class Curves:
    """Writes losses, learning rate and scores for TensorBoard; without room on the disk it falls silent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Takes an event."""
        values: dict[str, Any] = {}
        if event["event"] == "step":
            values = {f"loss/{name}": value for name, value in event["losses"].items()}
            values |= {"loss/total": event["total"], "learning_rate": event["lr"]}
        elif event["event"] == "validation":
            values = {"validation/pq": event.get("pq"), "validation/miou": event.get("miou")}
        if not values:
            return
        with suppress(OSError):
            if self._writer is None:
                # Slow to import, and not needed before the first step.
                from torch.utils.tensorboard import SummaryWriter

                self._writer = SummaryWriter(str(self._folder))
            for name, value in values.items():
                if value is not None:
                    self._writer.add_scalar(name, value, event["step"])

    def close(self) -> None:
        """Writes what is left."""
        if self._writer is not None:
            with suppress(OSError):
                self._writer.close()
        self._writer = None
