"""The journal has a second home: no damage of the database, whatever it takes, takes finished steps."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.project import (
    DamagedDatabaseError,
    ImageRecord,
    Project,
    ProjectError,
    Status,
    recover_project,
)
from seamseg_studio.engine.project import journal_copy as copy_module
from seamseg_studio.engine.project.journal_copy import copies_in, line_of, read_frames
from seamseg_studio.engine.project.recovery_sources import made_readable

from .conftest import TAXONOMY, forget_copies, make_image, make_result
from .test_recovery import STEPS, act, labels_of, replace_steps
from .test_store import assert_same, edit

PAGE = 4096


@pytest.fixture
def worked(project: Project) -> Project:
    """Sixteen steps on three images; no checkpoint, no backup, no prediction."""
    maps = {record.id: project.load_map(record.id) for record in project.images()}
    for step in range(16):
        record = project.images()[step % 3]
        edit(project, record, maps[record.id], step * 5 % 28)
    return project


def state(project: Project) -> list[object]:
    """What people see of each image, with what can be redone."""
    return [
        (
            record.id,
            record.path,
            record.status,
            record.note,
            record.num_edits,
            [(entry.seq, entry.label, entry.undone) for entry in project.history(record.id)],
            project.load_map(record.id).ids.tobytes(),
            project.load_map(record.id).provenance.tobytes(),
            sorted(project.load_map(record.id).segments.items()),
        )
        for record in project.images()
    ]


def closed(project: Project) -> tuple[Path, list[object]]:
    """Closes a project; returns its database and what was seen of it."""
    seen = state(project)
    project.close()
    return project.folder / "project.db", seen


def test_no_step_is_lost_with_the_database(worked: Project) -> None:
    worked.undo(1)
    worked.set_status(2, Status.ACCEPTED, "done")
    path, seen = closed(worked)
    path.write_bytes(b"gone")
    report = recover_project(worked.folder)
    assert (report.shortened, report.from_label_files, report.has_lost_categories) == ({}, [], False)
    with Project.open(worked.folder) as project:
        assert state(project) == seen
        assert project.taxonomy == TAXONOMY
        newest = max(entry.seq for image_id in (1, 2, 3) for entry in project.history(image_id))
        edit(project, project.image(3), project.load_map(3), 1)
        assert project.history(3)[-1].seq == newest + 1, "a number is not given twice"


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_database_that_was_cut_anywhere_loses_no_step(worked: Project, share: float) -> None:
    path, seen = closed(worked)
    data = path.read_bytes()[: int(share * path.stat().st_size)]
    path.write_bytes(data)
    try:
        with Project.open(worked.folder) as project:
            assert state(project) == seen
            assert share > 0.9, "a step in its last page was read from the second home"
            return
    except DamagedDatabaseError:
        pass
    report = recover_project(worked.folder)
    assert report.shortened == {}
    assert report.damaged_copy is not None
    assert report.damaged_copy.read_bytes() == data, "what was damaged is kept as it was"
    assert {part.name for part in report.damaged_copy.parent.iterdir()} == {"project.db"}
    with Project.open(worked.folder) as project:
        assert state(project) == seen


def test_of_a_cut_database_alone_the_whole_steps_come_back(worked: Project) -> None:
    path, _ = closed(worked)
    forget_copies(worked.folder)
    data = path.read_bytes()
    found = []
    for pages in range(len(data) // PAGE - 1, 4, -3):
        folder = Path(shutil.copytree(worked.folder, worked.folder.parent / f"cut {pages}.seamseg"))
        (folder / "project.db").write_bytes(data[: pages * PAGE + 100])
        with suppress(ProjectError):  # not even the categories are there any more
            found.append(recover_project(folder).num_steps)
    assert found[0] >= 10, "only the last page is gone"
    assert found == sorted(found, reverse=True)


def test_a_page_of_zeros_takes_no_step(worked: Project) -> None:
    path, seen = closed(worked)
    data = path.read_bytes()
    told = 0
    for page in range(len(data) // PAGE):
        folder = Path(shutil.copytree(worked.folder, worked.folder.parent / f"page {page}.seamseg"))
        (folder / "project.db").write_bytes(data[: page * PAGE] + bytes(PAGE) + data[(page + 1) * PAGE :])
        try:
            with Project.open(folder) as project:
                assert [image[6:] for image in state(project)] == [image[6:] for image in seen]  # type: ignore[index]
        except DamagedDatabaseError:
            told += 1
            assert recover_project(folder).shortened == {}
            with Project.open(folder) as project:
                assert state(project) == seen
        shutil.rmtree(folder)
    assert told > 5, "nothing was damaged, so this shows nothing"


def test_steps_between_two_damaged_pages_are_read(worked: Project) -> None:
    """Rows are read around each damaged page, not only before the first and after the last."""
    panoptic_map = worked.load_map(1)
    for step in range(60):
        edit(worked, worked.image(1), panoptic_map, step * 3 % 28)
    path, _ = closed(worked)
    forget_copies(worked.folder)
    data = bytearray(path.read_bytes())
    whole = [page for page in range(len(data) // PAGE) if b"paint at" in data[page * PAGE : (page + 1) * PAGE]]
    for page in (whole[1], whole[-2]):
        data[page * PAGE : (page + 1) * PAGE] = b"\x55" * PAGE
    path.write_bytes(bytes(data))
    source = made_readable(path, worked.folder)
    with closing(sqlite3.connect(source)) as connection, pytest.raises(sqlite3.DatabaseError):
        connection.execute("SELECT count(patch) FROM journal").fetchone()
    assert recover_project(worked.folder).num_images == 3


def test_what_was_replaced_does_not_come_back_from_the_second_home(project: Project, record: ImageRecord) -> None:
    replace_steps(project, record)
    path, seen = closed(project)
    shutil.rmtree(project.folder / "backups")
    path.write_bytes(b"gone")
    recover_project(project.folder)
    with Project.open(project.folder) as recovered:
        assert state(recovered) == seen


def test_a_missing_database_can_be_recovered(worked: Project) -> None:
    path, seen = closed(worked)
    path.unlink()
    with pytest.raises(DamagedDatabaseError, match="it is missing"):
        Project.open(worked.folder)
    recover_project(worked.folder)
    with Project.open(worked.folder) as project:
        assert state(project) == seen


@pytest.mark.parametrize("is_folded", [False, True, "wholly"])
@pytest.mark.parametrize("has_step", [False, True])
def test_a_lost_log_is_noticed(worked: Project, tmp_path: Path, is_folded: bool | str, has_step: bool) -> None:
    """A folder copied after a crash without `project.db-wal`: an older state, which no checksum would tell."""
    worked.close()
    folder = tmp_path / "copy.seamseg"
    with Project.open(worked.folder) as project:
        edit(project, project.image(1), project.load_map(1), 2) if has_step else None
        if is_folded:
            assert project.compact(1, 0 if is_folded == "wholly" else 2)
        edit(project, project.image(1), project.load_map(1), 9) if has_step else None
        seen = state(project)
        shutil.copytree(project.folder, folder, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    if not (is_folded or has_step):
        Project.open(folder).close()
        return
    with pytest.raises(DamagedDatabaseError, match=r"project\.db-wal"):
        Project.open(folder)
    assert recover_project(folder).shortened == {}
    with Project.open(folder) as recovered:
        assert [image[5:] for image in state(recovered)] == [image[5:] for image in seen]  # type: ignore[index]


def test_a_damaged_step_is_mended_and_nobody_notices(worked: Project) -> None:
    seen = state(worked)
    with worked._database.write() as connection:
        connection.execute("UPDATE journal SET patch = substr(patch, 1, 40) WHERE id = 4")
    assert state(worked) == seen
    forget_copies(worked.folder)
    assert state(worked) == seen, "it was put back"


def test_the_second_home_mends_itself(worked: Project) -> None:
    worked.close()
    (path, *_) = copies_in(worked.folder)
    data = bytearray(path.read_bytes())
    for place in range(200, len(data), 700):
        data[place] ^= 0xFF
    path.write_bytes(bytes(data) + b"SSJ1 half a frame")
    whole = {frame.row["id"] for frame in read_frames(path) if frame.table == "journal"}
    with Project.open(worked.folder) as project:
        edit(project, project.image(1), project.load_map(1), 2)
        project.checkpoint(1)  # what leaving an image does, in the background
        steps = {entry.seq for entry in project.history(1)}
        assert whole < steps
        assert {frame.row["id"] for frame in read_frames(path) if frame.table == "journal"} == steps


def test_a_second_home_that_cannot_be_written_makes_up_for_it(worked: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (path, *_) = copies_in(worked.folder)
    before = path.read_bytes()
    with monkeypatch.context() as patched:

        def fail(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        patched.setattr(copy_module, "open_own", fail)
        edit(worked, worked.image(1), worked.load_map(1), 2)
    assert path.read_bytes() == before
    edit(worked, worked.image(1), worked.load_map(1), 3)
    kept = {frame.row["id"] for frame in read_frames(path) if frame.table == "journal"}
    assert kept == {entry.seq for entry in worked.history(1)}


def test_a_step_costs_what_it_holds(worked: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the history is: the file grows by the step, nothing is read, nothing is written anew."""
    (path, *_) = copies_in(worked.folder)
    worked.close()
    worked = Project.open(worked.folder)
    reads = []
    read = copy_module.read_frames
    monkeypatch.setattr(copy_module, "read_frames", lambda path: reads.append(path.name) or read(path))
    panoptic_map = worked.load_map(1)
    for x in (1, 2, 3):
        before = path.stat()
        patch = edit(worked, worked.image(1), panoptic_map, x)
        after = path.stat()
        assert after.st_ino == before.st_ino
        assert after.st_size - before.st_size < len(patch.to_bytes()) + 1500
    worked.close()
    assert reads == ["categories.steps"], "which is small"


def test_folded_steps_leave_the_second_home(worked: Project) -> None:
    (path, *_) = copies_in(worked.folder)
    before = path.stat().st_size
    worked.compact(1, 1)
    assert path.stat().st_size < before / 2
    database, seen = closed(worked)
    database.write_bytes(b"gone")
    recover_project(worked.folder)
    with Project.open(worked.folder) as project:
        assert state(project) == seen


def test_a_line_goes_on_below_a_gap() -> None:
    assert line_of({1: 0, 2: 1, 3: 1, 5: 4, 6: 5}, 6) == {1, 3, 5, 6}
    assert line_of({1: 0, 2: 2}, 2) == {2}, "a circle ends"
    assert line_of({}, 0) == set()


def test_images_that_nobody_worked_on_are_listed_without_a_file_each(project: Project) -> None:
    project.hash_images()
    assert copies_in(project.folder) == []
    names = [record.name for record in project.images()]
    project.close()
    (project.folder / "project.db").write_bytes(b"gone")
    recover_project(project.folder)
    with Project.open(project.folder) as recovered:
        assert [record.name for record in recovered.images()] == names


@settings(max_examples=8, deadline=None)
@given(st.lists(STEPS, max_size=12), st.booleans())
def test_whatever_was_done_comes_back_without_the_database(steps: list[tuple[str, int, int]], is_cut: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Project.create(folder / "street.seamseg", TAXONOMY) as project:
            project.add_images([make_image(folder / f"{seed}.png", seed) for seed in range(2)])
            project.store_prediction(1, make_result(), "starter")
            for kind, image, x in [*steps, ("paint", 0, 3), ("paint", 1, 4)]:
                with suppress(ProjectError):
                    act(project, kind, image + 1, x)
            database, seen = closed(project)
        shutil.rmtree(project.folder / "backups", ignore_errors=True)
        data = database.read_bytes()
        database.write_bytes(data[: len(data) * 2 // 3] if is_cut else b"gone")
        recover_project(project.folder)
        with Project.open(project.folder) as recovered:
            assert state(recovered) == seen


def test_labels_and_undo_are_those_of_the_database(project: Project, record: ImageRecord) -> None:
    project.store_prediction(record.id, make_result(), "starter")
    panoptic_map = project.load_map(record.id)
    for x in (0, 10, 20):
        edit(project, record, panoptic_map, x)
    path, _ = closed(project)
    path.write_bytes(b"gone")
    recover_project(project.folder)
    with Project.open(project.folder) as recovered:
        assert labels_of(recovered.history(record.id)) == ["paint at 0", "paint at 10", "paint at 20"]
        while (patch := recovered.undo(record.id)) is not None:
            patch.revert(panoptic_map)
        assert_same(make_result().to_map(), panoptic_map)
