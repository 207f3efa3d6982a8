"""A process that only reads is not told of damage because another one tidies up."""

from __future__ import annotations

from typing import Any

import pytest

from seamseg_studio.engine.project import ImageRecord, Project
from seamseg_studio.engine.project.errors import DamagedError
from seamseg_studio.engine.project.labels import LabelStore

from .test_store import assert_same, edit


def interrupt(monkeypatch: pytest.MonkeyPatch, reader: Project, work: list[Any]) -> list[int]:
    """Has the writer work, one thing a time, whenever the reader has read the row of the image but not its steps."""
    original = LabelStore._replayed
    reads: list[int] = []

    def replayed(self: LabelStore, *arguments: Any) -> Any:
        if self is reader._labels:
            reads.append(1)
            if work:
                work.pop(0)()
        return original(self, *arguments)

    monkeypatch.setattr(LabelStore, "_replayed", replayed)
    return reads


def test_steps_that_are_folded_meanwhile_are_no_damage(
    project: Project, record: ImageRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    panoptic_map = project.load_map(record.id)
    for step in range(8):
        edit(project, record, panoptic_map, step * 3)
    with Project.open(project.folder, read_only=True) as reader:
        reads = interrupt(
            monkeypatch,
            reader,
            [lambda: project.compact(record.id, keep_steps=4), lambda: project.compact(record.id, keep_steps=1)],
        )
        assert_same(reader.load_map(record.id), panoptic_map)
    assert len(reads) >= 2, "the writer did nothing in between"


def test_what_is_damaged_stays_damaged(project: Project, record: ImageRecord) -> None:
    panoptic_map = project.load_map(record.id)
    edit(project, record, panoptic_map, 3)
    project.checkpoint(record.id, panoptic_map)
    project.compact(record.id, keep_steps=0)
    for file in (project.folder / "labels").iterdir():
        file.write_bytes(b"no labels")
    with Project.open(project.folder, read_only=True) as reader, pytest.raises(DamagedError):
        reader.load_map(record.id)
