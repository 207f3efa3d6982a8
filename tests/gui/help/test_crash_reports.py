"""A failure leaves a text on this machine that a person can read, and no more than a few of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from seamseg_studio.app.help.crash_reports import KEPT, CrashReports


def _failed() -> ValueError:
    try:
        raise ValueError("the half \ud800 of a character")
    except ValueError as error:
        return error


def test_a_report_says_what_where_and_which_versions(tmp_path: Path) -> None:
    path = CrashReports(tmp_path / "crashes").write(_failed())
    assert path is not None
    text = path.read_text()
    assert "ValueError: the half \\ud800 of a character" in text
    assert "test_crash_reports.py" in text
    assert "PySide6-Essentials:" in text
    assert "Nothing" not in text.splitlines()[0]
    assert "only on this machine" in text.splitlines()[0]


def test_only_a_few_are_kept_and_none_overwrites_another(tmp_path: Path) -> None:
    reports = CrashReports(tmp_path)
    paths = {reports.write(_failed()) for _ in range(KEPT + 5)}
    assert len(paths) == KEPT + 5
    assert len(list(tmp_path.glob("*.txt"))) == KEPT


def test_a_disk_that_refuses_is_no_further_failure(tmp_path: Path) -> None:
    (tmp_path / "crashes").write_text("a file in the way")
    reports = CrashReports(tmp_path / "crashes")
    assert reports.watch() is None
    assert reports.write(_failed()) is None
    reports.close()


def test_a_process_that_a_library_ends_leaves_its_stack_for_the_next_start(tmp_path: Path) -> None:
    code = (
        "import ctypes, sys; from pathlib import Path; from seamseg_studio.app.help.crash_reports import CrashReports;"
        "CrashReports(Path(sys.argv[1])).watch(); ctypes.string_at(0)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, check=False)
    assert done.returncode < 0 or sys.platform == "win32"
    reports = CrashReports(tmp_path)
    report = reports.watch()
    reports.close()
    assert report is not None
    assert "string_at" in report.read_text()
    again = CrashReports(tmp_path)
    assert again.watch() is None, "a run that ended well leaves nothing"
    again.close()
