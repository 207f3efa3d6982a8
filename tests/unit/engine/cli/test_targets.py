"""Targets are refused before anything slow begins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seamseg_studio.engine.cli.targets import check_file, check_folder
from seamseg_studio.engine.errors import InputError


def test_a_folder_that_exists_or_can_be_made_passes(tmp_path: Path) -> None:
    check_folder(tmp_path, "--out")
    check_folder(tmp_path / "a" / "b", "--out")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(InputError, match=r"/a: is a file.*--out"):
        check_folder(tmp_path / "a" / "b", "--out")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="may not be written"):
        check_folder(tmp_path / "a", "--out")


def test_a_permission_the_system_denies_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match=r"may not be written; choose another --html"):
        check_file(tmp_path / "page.html", "--html")


def test_a_file_needs_its_folder(tmp_path: Path) -> None:
    check_file(tmp_path / "page.html", "--html")
    with pytest.raises(InputError, match=r"no such folder.*--html"):
        check_file(tmp_path / "missing" / "page.html", "--html")
    with pytest.raises(InputError, match=r"is a folder.*--html"):
        check_file(tmp_path, "--html")
