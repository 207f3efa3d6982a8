"""Exit codes and what a person reads on stderr."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys

import pytest

from seamseg_studio.engine.cli.console import (
    ExitCode,
    Failure,
    Parser,
    progress_bar,
    report_failures,
    run_command,
)
from seamseg_studio.engine.errors import InputError, SeamsegError
from seamseg_studio.engine.formats.errors import ImageError


def _parser() -> Parser:
    parser = Parser(prog="seamseg-test", description="Tests.")
    parser.add_argument("--number", type=int)
    parser.add_json()
    parser.add_version()
    return parser


def _raise(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (InputError("a.jpg: no such file; check the name"), 2, "seamseg-test: a.jpg: no such file; check the name\n"),
        (ImageError("a.jpg: damaged"), 2, "seamseg-test: a.jpg: damaged\n"),
        (SeamsegError("the engine stopped"), 1, "seamseg-test: the engine stopped\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), 1, "seamseg-test: /x/y: No space left on device\n"),
        (MemoryError(), 1, "not enough memory"),
        (KeyboardInterrupt(), 130, "seamseg-test: stopped on request\n"),
        (ZeroDivisionError("division"), 1, "unexpected ZeroDivisionError: division (set SEAMSEG_DEBUG=1"),
    ],
)
def test_errors_become_one_sentence_and_a_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, text: str
) -> None:
    assert run_command(_parser(), lambda args: _raise(error), []) == code
    captured = capsys.readouterr()
    assert text in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_with_json_the_error_is_a_document_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(_parser(), lambda args: _raise(InputError("bad")), ["--json"]) == 2
    assert json.loads(capsys.readouterr().out) == {"error": "bad", "exit_code": 2}


def test_debugging_shows_the_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAMSEG_DEBUG", "1")
    run_command(_parser(), lambda args: _raise(InputError("bad")), [])
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--number", "x"], ["--unknown"], ["--num", "3"]])
def test_wrong_usage_is_code_2_and_one_line(capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    assert run_command(_parser(), lambda args: 0, argv) == ExitCode.USAGE
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert "see seamseg-test --help" in text


def test_help_names_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(_parser(), lambda args: 0, ["--help"]) == 0
    assert "exit codes: 0 done;" in capsys.readouterr().out
    assert run_command(_parser(), lambda args: 0, ["--version"]) == 0
    assert capsys.readouterr().out.startswith("seamseg-test ")


def test_failures_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_failures([], 3) == ExitCode.DONE
    failures = [Failure("a.jpg", "a.jpg: damaged"), Failure("b.jpg", "too large")]
    assert report_failures(failures, 3) == ExitCode.PARTIAL
    assert capsys.readouterr().err == "2 of 3 inputs failed:\n  a.jpg: damaged\n  b.jpg: too large\n"
    assert report_failures(failures, 2) == ExitCode.USAGE


def test_progress_is_drawn_on_terminals_only() -> None:
    quiet = io.StringIO()
    with progress_bar("working", 3, stream=quiet) as bar:
        bar.advance()
        bar.set_total(4)
        bar.note("more")
    assert quiet.getvalue() == ""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    with progress_bar("working [b]", 3, stream=terminal) as bar:
        bar.advance(2)
        bar.set_total(5)
        bar.note("still working [b]")
    assert "working [b]" in terminal.getvalue()


def test_a_closed_pipe_is_no_error() -> None:
    program = (
        "from seamseg_studio.engine.cli.console import Parser, run_command\n"
        "import sys\n"
        "sys.exit(run_command(Parser(prog='p'), lambda args: [print('x' * 99) for _ in range(99999)] and 0, []))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    os.read(process.stdout.fileno(), 10)
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0
