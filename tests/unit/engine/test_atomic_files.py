"""A written file is on the disk in the order that a power loss demands."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from seamseg_studio.engine.files import atomic_path, atomic_write


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the disk, in its order."""
    heard: list[str] = []
    sync, rename = os.fsync, Path.replace

    def heard_sync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        is_folder = stat.S_ISDIR(status.st_mode)
        heard.append("folder" if is_folder else f"file of {status.st_size} bytes")
        sync(descriptor)

    def heard_rename(path: Path, target: Path) -> Path:
        heard.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", heard_sync)
    monkeypatch.setattr(Path, "replace", heard_rename)
    return heard


def write_half(path: Path) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"half")
        raise OSError("the disk is full")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot open folders")
def test_the_content_is_on_disk_before_the_name_and_the_name_before_the_return(
    steps: list[str], tmp_path: Path
) -> None:
    atomic_write(tmp_path / "labels", b"12345")
    assert steps == ["file of 5 bytes", "rename", "folder"]


def test_what_can_be_made_again_does_not_wait_for_the_disk(steps: list[str], tmp_path: Path) -> None:
    atomic_write(tmp_path / "cache", b"12345", durable=False)
    assert steps == ["rename"]


def test_a_failure_leaves_the_former_file_and_nothing_beside_it(steps: list[str], tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_bytes(b"former")
    with pytest.raises(OSError, match="full"):
        write_half(path)
    assert steps == []
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("labels", b"former")]
