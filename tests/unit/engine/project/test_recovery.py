"""Recovery keeps finished work, and brings nothing back that was undone and replaced."""

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
    ImageRecord,
    JournalEntry,
    Project,
    ProjectError,
    SaveError,
    recover_project,
)
from seamseg_studio.engine.project import recovery as recovery_module
from seamseg_studio.engine.project.recovered_steps import Source
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

from .conftest import TAXONOMY, forget_copies, make_image, make_result
from .painter import digest
from .test_store import assert_same, edit, paint

MORE = Taxonomy("more", (*TAXONOMY.categories, Category("bus", Kind.THING, (1, 2, 3))))
FEWER = Taxonomy("fewer", TAXONOMY.categories)


def labels_of(entries: list[JournalEntry]) -> list[str]:
    return [entry.label for entry in entries]


def replace_steps(project: Project, record: ImageRecord) -> PanopticMap:
    """Five steps, a backup, three of them undone, two others in their place."""
    panoptic_map = project.load_map(record.id)
    for step in range(5):
        edit(project, record, panoptic_map, step * 2)
    project._database.back_up("weekly")
    for _ in range(3):
        patch = project.undo(record.id)
        assert patch is not None
        patch.revert(panoptic_map)
    for x in (20, 26):
        edit(project, record, panoptic_map, x)
    return panoptic_map


def everything(project: Project) -> list[object]:
    """What people see of a project and of each image, and what the next steps build on."""
    with closing(sqlite3.connect(project.folder / "project.db")) as connection:
        tables = ("images", "journal", "category_counts", "taxonomy_steps", "views", "sqlite_sequence", "bundles")
        rows = [connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables]
    maps = [digest(project._labels.load_by_key(record.id)[0]) for record in project.images()]
    return [*rows, maps, [project.history(record.id) for record in project.images()], project.taxonomy_history()]


def test_steps_that_were_replaced_do_not_come_back(project: Project, record: ImageRecord) -> None:
    expected = replace_steps(project, record)
    history = project.history(record.id)
    project.close()
    report = recover_project(project.folder)
    assert report.shortened == {}
    with Project.open(project.folder) as recovered:
        assert_same(expected, recovered.load_map(record.id))
        assert recovered.history(record.id) == history


def test_folded_steps_do_not_come_back(project: Project, record: ImageRecord) -> None:
    panoptic_map = project.load_map(record.id)
    for step in range(5):
        edit(project, record, panoptic_map, step * 2)
    project.change_taxonomy(MORE, {place: place for place in range(4)})
    project.compact(record.id, 2)
    edit(project, record, panoptic_map, 20)
    project.close()
    report = recover_project(project.folder)
    assert (report.shortened, report.from_label_files, report.num_steps) == ({}, [], 3)
    with Project.open(project.folder) as recovered:
        assert (recovered.load_map(record.id).ids == panoptic_map.ids).all()
        assert labels_of(recovered.history(record.id)) == ["paint at 6", "paint at 8", "paint at 20"]


@pytest.mark.parametrize("damage", ["gone", "cut"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_backup_fills_the_gap_and_nothing_else(
    project: Project, record: ImageRecord, place: int, damage: str
) -> None:
    expected = replace_steps(project, record)
    kept = project.history(record.id)
    project.close()
    with closing(sqlite3.connect(project.folder / "project.db")) as connection, connection:
        connection.execute(
            "DELETE FROM journal WHERE id = ?" if damage == "gone" else "UPDATE journal SET patch = x'00' WHERE id = ?",
            (kept[place].seq,),
        )
    report = recover_project(project.folder)
    assert report.shortened == {}
    with Project.open(project.folder) as recovered:
        assert_same(expected, recovered.load_map(record.id))
        assert recovered.history(record.id) == kept


def test_a_step_that_nobody_has_ends_the_history_before_it(project: Project, record: ImageRecord) -> None:
    replace_steps(project, record)
    kept = project.history(record.id)
    project.close()
    forget_copies(project.folder)
    with closing(sqlite3.connect(project.folder / "project.db")) as connection, connection:
        connection.execute("UPDATE journal SET patch = x'00' WHERE id = ?", (kept[2].seq,))
    report = recover_project(project.folder)
    assert report.shortened == {record.name: "paint at 20, paint at 26"}
    with Project.open(project.folder) as recovered:
        assert labels_of(recovered.history(record.id)) == ["paint at 0", "paint at 2"], "not what was replaced"


def test_steps_of_an_image_whose_row_is_lost_count_more_than_those_of_a_backup(
    project: Project, record: ImageRecord
) -> None:
    expected = replace_steps(project, record)
    project.close()
    with closing(sqlite3.connect(project.folder / "project.db")) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM images WHERE id = ?", (record.id,))
    recover_project(project.folder)
    with Project.open(project.folder) as recovered:
        assert_same(expected, recovered.load_map(record.id))
        assert labels_of(recovered.history(record.id))[2:] == ["paint at 20", "paint at 26"]


def test_a_full_disk_leaves_the_project_as_it_was(
    project: Project, record: ImageRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = replace_steps(project, record)
    project.close()
    before = (project.folder / "project.db").read_bytes()
    insert = recovery_module._insert
    with monkeypatch.context() as patched:

        def fail(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
            if table == "journal":
                raise sqlite3.OperationalError("database or disk is full")
            insert(connection, table, row)

        patched.setattr(recovery_module, "_insert", fail)
        with pytest.raises(SaveError, match="full"):
            recover_project(project.folder)
    assert (project.folder / "project.db").read_bytes() == before
    assert not list(project.folder.glob("damaged-*"))
    assert recover_project(project.folder).shortened == {}
    with Project.open(project.folder) as recovered:
        assert_same(expected, recovered.load_map(record.id))


def test_a_recovery_that_is_cut_off_loses_nothing_of_the_log(
    project: Project, record: ImageRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends when the log of the damaged database is removed, but the new one is not in its place yet."""
    expected = replace_steps(project, record)
    assert (project.folder / "project.db-wal").stat().st_size
    names = ("project.db", "project.db-wal")
    data = {name: (project.folder / name).read_bytes() for name in names}
    project.close()
    for name in names:
        (project.folder / name).write_bytes(data[name])
    with monkeypatch.context() as patched:

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        patched.setattr("os.replace", stop)
        with pytest.raises(KeyboardInterrupt):
            recover_project(project.folder)
    assert not (project.folder / "project.db-wal").exists()
    recover_project(project.folder)
    with Project.open(project.folder) as recovered:
        assert_same(expected, recovered.load_map(record.id))


def test_a_former_damaged_copy_is_looked_at(project: Project, record: ImageRecord) -> None:
    expected = replace_steps(project, record)
    project.close()
    shutil.rmtree(project.folder / "backups")
    kept = project.folder / "damaged-20260101-000000"
    kept.mkdir()
    (project.folder / "project.db").rename(kept / "project.db")
    (project.folder / "project.db").write_bytes(b"gone")
    recover_project(project.folder)
    with Project.open(project.folder) as recovered:
        assert_same(expected, recovered.load_map(record.id))


STEPS = st.tuples(
    st.sampled_from(["paint"] * 4 + ["undo"] * 3 + ["redo", "checkpoint", "categories", "back", "compact", "trim"]),
    st.integers(0, 1),
    st.integers(0, 28),
)


def act(project: Project, kind: str, image_id: int, x: int) -> None:
    if kind == "paint":
        panoptic_map = project.load_map(image_id)
        patch = paint(panoptic_map, x)
        patch.apply(panoptic_map)
        project.append(image_id, patch)
    elif kind == "undo":
        project.undo(image_id)
    elif kind == "redo":
        project.redo(image_id)
    elif kind == "checkpoint":
        project.checkpoint(image_id)
    elif kind == "categories":
        number = len(project.taxonomy)
        is_joined = number == len(MORE)  # the last one joins another, so that labels change too
        moves = {place: 3 if is_joined and place == 4 else place for place in range(number)}
        project.change_taxonomy(FEWER if is_joined else MORE, moves)
    elif kind == "back":
        project.take_back_taxonomy()
    elif kind == "compact":
        project.compact(image_id, x % 4)
    else:
        project.set_journal_limit(x * 20)
        project.trim_journal(keep_steps=x % 3)


@settings(max_examples=25, deadline=None)
@given(st.lists(STEPS, max_size=25), st.booleans())
def test_an_intact_project_comes_back_as_it_was(steps: list[tuple[str, int, int]], is_predicted: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Project.create(folder / "street.seamseg", TAXONOMY) as project:
            project.add_images([make_image(folder / f"{seed}.png", seed) for seed in range(2)])
            if is_predicted:
                project.store_prediction(1, make_result(), "starter")
            for kind, image, x in steps:
                with suppress(ProjectError):  # nothing to take back, or a step shows a category that went
                    act(project, kind, image + 1, x)
            expected = everything(project)
        report = recover_project(folder / "street.seamseg")
        assert (report.shortened, report.from_label_files) == ({}, [])
        with Project.open(folder / "street.seamseg") as project:
            assert everything(project) == expected


def test_a_damaged_row_is_not_taken_for_an_image(project: Project, record: ImageRecord) -> None:
    project.close()
    with closing(sqlite3.connect(project.folder / "project.db")) as connection, connection:
        connection.execute("UPDATE images SET cursor = 'x' WHERE id = ?", (record.id,))
    assert record.id not in Source(project.folder / "project.db").images


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal SET time = 'yesterday', label = x'ff', num_pixels = 'many'",
        "UPDATE images SET seconds = 9e999",
        "UPDATE images SET uncertainty = -1e300",
    ],
    ids=["of a step", "endless", "vast"],
)
def test_values_without_sense_are_left_out(project: Project, record: ImageRecord, change: str) -> None:
    before = digest(replace_steps(project, record))
    project.close()
    with closing(sqlite3.connect(project.folder / "project.db")) as connection, connection:
        connection.execute(change)
    recover_project(project.folder)
    with Project.open(project.folder) as found:
        assert len(found.history(record.id)) > 0
        assert digest(found.load_map(record.id)) == before
        assert 0 <= found.statistics().seconds < 1e9
