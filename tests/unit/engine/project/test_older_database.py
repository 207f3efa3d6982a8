"""The second home of the journal beside a database that somebody put back, and what else makes the two differ."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from seamseg_studio.engine.project import DamagedError, Project, recover_project
from seamseg_studio.engine.project.journal_copy import JournalCopies, copies_in, read_frames

from .conftest import TAXONOMY, forget_copies
from .test_journal_copy import closed, state
from .test_recovery import FEWER, MORE
from .test_store import edit


@pytest.fixture
def worked(project: Project) -> Project:
    """Sixteen steps on three images."""
    for step in range(16):
        record = project.images()[step % 3]
        edit(project, record, project.load_map(record.id), step * 5 % 28)
    return project


def test_a_database_of_an_earlier_day_gets_a_second_home_of_its_own(worked: Project) -> None:
    """Somebody put a copy of the database back and worked on: its next steps have numbers that it gave already."""
    backup = worked._database.back_up("weekly")
    panoptic_map = worked.load_map(1)
    for x in (1, 2, 3):
        edit(worked, worked.image(1), panoptic_map, x)
    worked.change_taxonomy(MORE, {place: place for place in range(4)})
    worked.close()
    (path, *_) = copies_in(worked.folder)
    future = path.read_bytes()
    shutil.copy2(backup, worked.folder / "project.db")
    with Project.open(worked.folder) as project:
        edit(project, project.image(1), project.load_map(1), 20)
        project.change_taxonomy(FEWER, {0: 0, 1: 1, 2: 2, 3: None})
        categories = project.taxonomy
        database, seen = closed(project)
    assert path.with_suffix(".steps.former").read_bytes() == future
    shutil.rmtree(worked.folder / "backups")
    database.write_bytes(b"gone")
    recover_project(worked.folder)
    with Project.open(worked.folder) as project:
        assert project.taxonomy == categories
        assert state(project) == seen


@pytest.mark.parametrize(("num_later", "num_new"), [(1, 1), (1, 3), (3, 1), (3, 3)])
@pytest.mark.parametrize("case", ["", "undone", "another image first"])
def test_steps_of_an_older_database_are_never_taken_for_others(
    worked: Project, num_later: int, num_new: int, case: str
) -> None:
    """Put back and worked on, it gives the numbers again that the files in `journal` have already."""
    database = worked.folder / "project.db"
    worked.close()
    older = database.read_bytes()
    with Project.open(worked.folder) as project:
        panoptic_map = project.load_map(1)
        for x in range(num_later):
            edit(project, project.image(1), panoptic_map, x)
        for _ in range(num_later if case == "undone" else 0):
            project.undo(1)
    database.write_bytes(older)
    with Project.open(worked.folder) as project:
        if case == "another image first":
            edit(project, project.image(2), project.load_map(2), 20)
        panoptic_map = project.load_map(1)
        for number in range(num_new):
            edit(project, project.image(1), panoptic_map, 15 + number)
        numbers = [entry.seq for entry in project.history(1)][-num_new:]
        _, seen = closed(project)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE journal SET patch = substr(patch, 1, 40) WHERE id IN (?, ?)", (4, numbers[0]))
    with Project.open(worked.folder) as project:
        assert state(project) == seen, "mended from its own second home"
    database.write_bytes(b"gone")
    assert recover_project(worked.folder).shortened == {}
    with Project.open(worked.folder) as project:
        assert state(project) == seen


def test_a_damaged_step_is_not_mended_with_another_of_its_number(worked: Project) -> None:
    number = worked.history(1)[2].seq
    with worked._database.write() as connection:
        connection.execute("UPDATE journal SET patch = '', time = time + 1 WHERE id = ?", (number,))
    with pytest.raises(DamagedError, match=f"step {number} "):
        worked.load_map(1)


def test_to_undo_and_go_on_in_another_session_sets_nothing_aside(worked: Project) -> None:
    worked.undo(1)
    worked.close()
    with Project.open(worked.folder) as project:
        edit(project, project.image(1), project.load_map(1), 17)
        path, seen = closed(project)
    assert not list((worked.folder / "journal").glob("*.former*"))
    path.write_bytes(b"gone")
    recover_project(worked.folder)
    with Project.open(worked.folder) as project:
        assert state(project) == seen


def test_files_that_do_not_say_which_step_they_end_with_are_gone_on_with(
    worked: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an earlier version of the program wrote them."""
    worked.close()
    paths = copies_in(worked.folder)
    for path in paths:
        path.write_bytes(b"".join(replace(frame, anchors=None).to_bytes() for frame in read_frames(path)))
    before = [path.stat().st_ino for path in paths]
    with Project.open(worked.folder) as project:
        for image_id in (1, 2, 3):
            edit(project, project.image(image_id), project.load_map(image_id), 17)
        database, seen = closed(project)
    assert [path.stat().st_ino for path in paths] == before, "nothing was set aside"
    for path in paths:
        numbers = [frame.row["id"] for frame in read_frames(path) if frame.table == "journal"]
        assert len(numbers) == len(set(numbers)), "no step was written again"
    database.write_bytes(b"gone")
    recover_project(worked.folder)
    with Project.open(worked.folder) as project:
        assert state(project) == seen


def test_categories_are_kept_at_once(worked: Project) -> None:
    renamed = replace(TAXONOMY.categories[2], name="automobile")
    categories = replace(TAXONOMY, categories=(*TAXONOMY.categories[:2], renamed, TAXONOMY.categories[3]))
    worked.change_taxonomy(categories, {place: place for place in range(4)})
    path, _ = closed(worked)
    shutil.rmtree(worked.folder / "backups")
    path.write_bytes(b"gone")
    recover_project(worked.folder)
    with Project.open(worked.folder) as project:
        assert project.taxonomy == categories


def test_a_backup_can_be_put_back(worked: Project) -> None:
    backup = worked._database.back_up("weekly")
    before = state(worked)
    for x in (1, 2, 3):
        edit(worked, worked.image(1), worked.load_map(1), x)
    worked.close()
    shutil.copy2(backup, worked.folder / "project.db")
    with Project.open(worked.folder) as project:
        assert state(project) == before


def test_a_gap_is_not_filled_with_another_step_of_its_number(worked: Project) -> None:
    """A backup of the later work has the number too."""
    database = worked.folder / "project.db"
    worked.close()
    older = database.read_bytes()
    with Project.open(worked.folder) as project:
        edit(project, project.image(1), project.load_map(1), 1)
        project._database.back_up("weekly")
    database.write_bytes(older)
    with Project.open(worked.folder) as project:
        before = [entry.seq for entry in project.history(1)]
        edit(project, project.image(1), project.load_map(1), 25)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE journal SET patch = '' WHERE id = (SELECT max(id) FROM journal)")
    forget_copies(worked.folder)
    recover_project(worked.folder)
    with Project.open(worked.folder) as project:
        project.salvage(1)
        assert [entry.seq for entry in project.history(1)] == before


def test_a_step_that_a_killed_program_did_not_keep_is_kept_when_it_is_opened(
    worked: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "killed.seamseg"
    with monkeypatch.context() as patched:
        patched.setattr(JournalCopies, "_keep_image", lambda *_: None)
        edit(worked, worked.image(2), worked.load_map(2), 1)
        seen = state(worked)
        shutil.copytree(worked.folder, folder)
    Project.open(folder, read_only=True).close()
    before = (folder / "journal" / "000002.steps").stat().st_size
    Project.open(folder).close()
    assert (folder / "journal" / "000002.steps").stat().st_size > before
    (folder / "project.db").write_bytes(b"gone")
    recover_project(folder)
    with Project.open(folder) as project:
        assert [image[5:] for image in state(project)] == [image[5:] for image in seen]  # type: ignore[index]


def test_new_steps_share_no_number_with_later_work_on_other_images(worked: Project) -> None:
    database = worked.folder / "project.db"
    worked.close()
    older = database.read_bytes()
    with Project.open(worked.folder) as project:
        for image_id in (1, 2):
            edit(project, project.image(image_id), project.load_map(image_id), 1)
    database.write_bytes(older)
    with Project.open(worked.folder) as project:
        edit(project, project.image(3), project.load_map(3), 1)
        assert project.history(3)[-1].seq == 19
        seen = state(project)
    database.write_bytes(b"gone")
    assert recover_project(worked.folder).shortened == {}
    with Project.open(worked.folder) as project:
        assert state(project)[2] == seen[2], "the image that was worked on"
        assert [len(project.history(image_id)) for image_id in (1, 2)] == [7, 6], "the others as they were later"


@pytest.mark.parametrize("content", ["", "no number", str(1 << 50), "-3"])
def test_a_damaged_note_of_the_newest_number_is_passed_over(worked: Project, content: str) -> None:
    worked.close()
    (worked.folder / "journal" / "newest-number").write_text(content)
    with Project.open(worked.folder) as project:
        edit(project, project.image(3), project.load_map(3), 1)
        assert project.history(3)[-1].seq == 17
