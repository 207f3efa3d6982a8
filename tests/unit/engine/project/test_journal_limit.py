"""The journal grows without end unless somebody asks for less, and then only undo is lost."""

from __future__ import annotations

import pytest

from seamseg_studio.engine.project import ImageRecord, Project

from .test_store import assert_same, edit


@pytest.fixture
def busy(project: Project) -> Project:
    """Thirty steps on the first image, then thirty on the second."""
    for record in project.images()[:2]:
        panoptic_map = project.load_map(record.id)
        for step in range(30):
            edit(project, record, panoptic_map, step * 5 % 28)
    return project


def test_nothing_is_dropped_by_itself(busy: Project, record: ImageRecord) -> None:
    size = busy.journal_size()
    assert (size.num_steps, size.limit_bytes, size.is_over) == (60, None, False)
    assert size.num_bytes == busy.journal_bytes()
    assert busy.trim_journal().num_steps == {}
    busy.set_journal_limit(1000)
    assert busy.journal_size().is_over
    edit(busy, record, busy.load_map(record.id), 3)
    assert busy.journal_size().num_steps == 61
    with pytest.raises(ValueError, match="-1 bytes"):
        busy.set_journal_limit(-1)


def test_trimming_keeps_labels_and_the_last_steps(busy: Project) -> None:
    first, second = busy.images()[:2]
    before = {record.id: busy.load_map(record.id) for record in (first, second)}
    size = busy.journal_size().num_bytes
    busy.set_journal_limit(3 * size // 4)
    trimmed = busy.trim_journal(keep_steps=10)
    assert trimmed.num_steps == {first.id: 20}, "the image that was left alone for longest"
    assert busy.journal_size().num_bytes == size - trimmed.num_bytes
    assert not busy.journal_size().is_over
    for record in (first, second):
        assert_same(before[record.id], busy.load_map(record.id))
    assert len(busy.history(first.id)) == 10
    assert len(busy.history(second.id)) == 30
    busy.set_journal_limit(0)
    assert busy.trim_journal(keep_steps=0).num_steps == {first.id: 10, second.id: 30}
    assert busy.journal_size().num_bytes == 0
    assert_same(before[second.id], busy.load_map(second.id))
    busy.set_journal_limit(None)
    assert busy.journal_size().limit_bytes is None


def test_trimming_can_be_stopped(busy: Project) -> None:
    busy.set_journal_limit(0)
    assert busy.trim_journal(0, lambda done, total: done < 1).num_steps == {1: 30}
