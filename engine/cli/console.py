"""What all commands share: exit codes, one-sentence errors, progress on a terminal, JSON on request.

Results go to stdout, everything about the run (progress, warnings, errors) to stderr, so that output can be piped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from importlib.metadata import version
from typing import IO, NoReturn, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from seamseg_studio.engine.errors import InputError, SeamsegError

DEBUG_VARIABLE = "SEAMSEG_DEBUG"

_EXIT_CODES = """\
exit codes: 0 done; 1 failure of the program or the machine; 2 wrong usage, or input that makes the run pointless;
3 done, but some inputs failed (they are listed). SEAMSEG_DEBUG=1 in the environment shows tracebacks."""


class ExitCode(IntEnum):
    """What a command tells the shell."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3
    INTERRUPTED = 130  # what shells report for Ctrl-C


class UsageError(InputError):
    """The command line itself is wrong."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that could not be handled, and the sentence saying why."""

    input: str
    reason: str


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence and whose help ends with the exit codes."""

    def __init__(self, *, prog: str, description: str = "", epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=f"{epilog.strip()}\n\n{_EXIT_CODES}".strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def add_version(self) -> None:
        """Adds `--version`."""
        self.add_argument("--version", action="version", version=f"{self.prog} {version('seamseg-studio')}")

    def add_json(self) -> None:
        """Adds `--json`: the result, or the error, as one JSON document on stdout."""
        self.add_argument("--json", action="store_true", help="print the result as one JSON document on stdout")

    def error(self, message: str) -> NoReturn:
        """Raises UsageError instead of printing the whole usage."""
        raise UsageError(f"{message}; see {self.prog} --help")


def run_command(parser: Parser, command: Callable[[argparse.Namespace], int], argv: Sequence[str] | None = None) -> int:
    """Parses `argv`, runs `command` and turns whatever goes wrong into one sentence on stderr and an exit code.

    Args:
        parser: The command's parser.
        command: Does the work; returns the exit code.
        argv: The arguments, those of the process if None.

    Returns:
        The exit code: errors deriving from InputError give 2, every other error 1, Ctrl-C 130.
    """
    as_json = "--json" in (sys.argv[1:] if argv is None else argv)
    try:
        code = int(command(parser.parse_args(argv)))
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # --help and --version
        return stop.code if isinstance(stop.code, int) else ExitCode.DONE
    except KeyboardInterrupt:
        return _fail(parser.prog, "stopped on request", ExitCode.INTERRUPTED, as_json)
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Keeps Python from complaining again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except InputError as error:
        return _fail(parser.prog, str(error), ExitCode.USAGE, as_json)
    except SeamsegError as error:
        return _fail(parser.prog, str(error), ExitCode.FAILED, as_json)
    except MemoryError:
        sentence = "not enough memory: use smaller or fewer images at a time"
        return _fail(parser.prog, sentence, ExitCode.FAILED, as_json)
    except OSError as error:
        return _fail(parser.prog, describe_os_error(error), ExitCode.FAILED, as_json)
    except Exception as error:  # noqa: BLE001 - the last border before the person
        sentence = f"unexpected {type(error).__name__}: {error} (set {DEBUG_VARIABLE}=1 for details and report it)"
        return _fail(parser.prog, sentence, ExitCode.FAILED, as_json)


def describe_os_error(error: OSError) -> str:
    """A sentence for a file or disk error: the file and what the system said."""
    reason = error.strerror or str(error) or type(error).__name__
    name = error.filename2 or error.filename
    return f"{name}: {reason}" if name else reason


def print_json(document: Mapping[str, object] | Sequence[object]) -> None:
    """Prints `document` on stdout as JSON."""
    json.dump(document, sys.stdout, indent=1, allow_nan=False)
    sys.stdout.write("\n")


def warn(sentence: str) -> None:
    """Says something on stderr that does not stop the run."""
    print(sentence, file=sys.stderr)


def report_failures(failures: Sequence[Failure], total: int) -> ExitCode:
    """Lists the inputs that failed on stderr, one line each.

    Returns:
        DONE without failures, PARTIAL if some succeeded, USAGE if none did.
    """
    if not failures:
        return ExitCode.DONE
    warn(f"{len(failures)} of {total} inputs failed:")
    for failure in failures:
        warn(f"  {failure.input}: {failure.reason}" if failure.input not in failure.reason else f"  {failure.reason}")
    return ExitCode.USAGE if len(failures) >= total else ExitCode.PARTIAL


class Ticker(Protocol):
    """Receives the progress of a run."""

    def advance(self, num_items: int = 1) -> None:
        """Adds `num_items` to the items done."""

    def set_total(self, total: int) -> None:
        """Says how many items there are, once that is known."""

    def note(self, text: str) -> None:
        """Replaces the text beside the bar."""


class _Silent:
    def advance(self, num_items: int = 1) -> None:
        pass

    def set_total(self, total: int) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class _Bar:
    def __init__(self, progress: Progress, total: int | None, text: str) -> None:
        self._progress = progress
        self._task = progress.add_task(text, total=total)

    def advance(self, num_items: int = 1) -> None:
        self._progress.advance(self._task, num_items)

    def set_total(self, total: int) -> None:
        self._progress.update(self._task, total=total)

    def note(self, text: str) -> None:
        self._progress.update(self._task, description=text)


@contextmanager
def progress_bar(text: str, total: int | None = None, *, stream: IO[str] | None = None) -> Iterator[Ticker]:
    """Shows a progress bar on stderr while the block runs, if stderr is a terminal; else nothing.

    Args:
        text: What is being done.
        total: Number of items; None if not known yet.
        stream: Where to draw instead of stderr.
    """
    console = Console(file=stream or sys.stderr)
    if not console.is_terminal:
        yield _Silent()
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress, total, text)


def _fail(prog: str, sentence: str, code: ExitCode, as_json: bool) -> ExitCode:
    if os.environ.get(DEBUG_VARIABLE, "") not in ("", "0") and code != ExitCode.INTERRUPTED:
        traceback.print_exc()
    warn(f"{prog}: {sentence}")
    if as_json:
        print(json.dumps({"error": sentence, "exit_code": int(code)}), flush=True)  # one line: it may end a stream
    return code
