"""Whatever happens to the files of a project, it says so in a sentence and gives back what is left."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from seamseg_studio.engine.cli import recover
from seamseg_studio.engine.project import (
    DamagedDatabaseError,
    DamagedError,
    ImageRecord,
    Project,
    ProjectError,
    Status,
    recover_project,
)
from seamseg_studio.engine.project.default_taxonomy import default_taxonomy
from seamseg_studio.engine.project.errors import RECOVER_MODULE

from .conftest import TAXONOMY, forget_copies, make_result
from .test_store import edit

NUM_DAMAGES = 60


@pytest.fixture
def template(project: Project) -> Path:
    """A closed project: image 1 edited with a checkpoint, image 2 predicted, image 3 edited; one file for SQLite."""
    for record in project.images():
        project.store_prediction(record.id, make_result(), "starter")
    for record in project.images()[::2]:
        panoptic_map = project.load_map(record.id)
        for step in range(6):
            edit(project, record, panoptic_map, step * 5 % 28)
            if step == 3 and record.id == 1:
                project.checkpoint(record.id, panoptic_map)
    project._database.back_up("weekly")
    project.close()
    return project.folder


def spoil(path: Path, rng: random.Random) -> None:
    """Overwrites some bytes, or cuts the file, or fills a block with nonsense."""
    data = bytearray(path.read_bytes())
    kind = rng.choice(["bytes", "cut", "block"])
    if kind == "bytes":
        for _ in range(rng.randrange(1, 30)):
            data[rng.randrange(len(data))] = rng.randrange(256)
    elif kind == "cut":
        del data[rng.randrange(len(data)) :]
    else:
        start = rng.randrange(len(data))
        data[start : start + 4096] = rng.randbytes(len(data[start : start + 4096]))
    path.write_bytes(data)


def look_at(folder: Path) -> list[str]:
    """Reads everything; returns what is damaged, an empty list if all is well."""
    problems: list[str] = []
    with Project.open(folder) as project:
        for record in project.images():
            try:
                project.load_map(record.id).check()
                project.load_prediction(record.id)
                project.history(record.id)
            except ProjectError as error:
                problems.append(str(error))
        project.statistics()
        project.taxonomy_history()
    return problems


@pytest.mark.parametrize("part", range(4))
def test_any_damage_is_told_and_what_is_left_comes_back(template: Path, tmp_path: Path, part: int) -> None:
    told = 0
    for seed in range(part, NUM_DAMAGES, 4):
        rng = random.Random(seed)
        folder = Path(shutil.copytree(template, tmp_path / f"copy {seed}" / template.name))
        names = ["project.db"] * 3 + [path.name for path in sorted((folder / "labels").iterdir())]
        name = rng.choice(names)
        spoil(folder / name if name == "project.db" else folder / "labels" / name, rng)
        try:
            problems = look_at(folder)
        except ProjectError as error:
            problems = [str(error)]
        told += bool(problems)
        assert all(str(folder.name) in problem for problem in problems), (seed, problems)
        if problems:
            recover_project(folder)
        with Project.open(folder) as project:
            assert not project.read_only
            for record in project.images():
                project.salvage(record.id)
            usable = 0
            for record in project.images():
                try:
                    panoptic_map = project.load_map(record.id)
                except ProjectError:
                    continue  # its prediction file is gone, and nothing else ever was
                edit(project, record, panoptic_map, 3)
                project.load_map(record.id).check(TAXONOMY, merged_stuff=False)
                usable += 1
            assert usable >= 2, (seed, name, problems)
    assert told, "nothing was damaged, so this shows nothing"


OPENER = """
import sys
from seamseg_studio.engine.project import Project
with Project.open(sys.argv[1]) as project:
    print("reads" if project.read_only else "writes", flush=True)
    sys.stdin.read()
"""


def test_of_many_processes_one_writes(project: Project, record: ImageRecord) -> None:
    project.close()
    command = [sys.executable, "-c", OPENER, str(project.folder)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    try:
        said = [process.stdout.readline().strip() for process in processes if process.stdout is not None]
        assert sorted(said) == ["reads", "reads", "reads", "writes"]
        with Project.open(project.folder) as late:
            assert late.read_only
            assert len(late.images()) == 3
        processes[said.index("writes")].kill()
        processes[said.index("writes")].wait()
        with Project.open(project.folder) as heir:
            assert not heir.read_only, "a killed writer leaves no lock behind"
            edit(heir, record, heir.load_map(record.id), 3)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("suffix", [".json", ".runs", ".png"])
def test_a_damaged_checkpoint_is_written_anew(template: Path, suffix: str) -> None:
    with Project.open(template) as project:
        expected = project.load_map(1)
    damaged = [path for path in (template / "labels").glob("000001.*") if path.suffix in (suffix, ".runs")]
    assert damaged
    for path in damaged:
        path.write_bytes(path.read_bytes()[:50])
    with Project.open(template) as project:
        found = project.load_map(1)
        assert (found.ids == expected.ids).all()
        assert found.segments == expected.segments
        assert project.salvage(1) == []
        # From now on it is not replayed from the root any more.
        with project._database.write() as connection:
            connection.execute("UPDATE journal SET patch = x'00' WHERE image_id = 1")
        if suffix != ".runs":
            assert (project.load_map(1).ids == expected.ids).all()


def test_a_damaged_prediction_is_forgotten(template: Path) -> None:
    (prediction,) = (template / "labels").glob("000002.prediction-*.zip")
    prediction.write_bytes(b"gone")
    with Project.open(template) as project:
        with pytest.raises(DamagedError, match="Open what can be read"):
            project.load_map(2)
        assert project.salvage(2) == ["the model's prediction"]
        assert project.load_map(2).segments == {}
        assert project.load_prediction(2) is None
        assert project.image(2).status is Status.NEW
        assert [path.read_bytes() for path in (template / "backups").glob("*/*.zip")] == [b"gone"]


def test_without_its_history_an_image_has_its_prediction(template: Path) -> None:
    """Root and journal are damaged, but the model labelled it once more since."""
    with Project.open(template) as project:
        project.store_prediction(3, make_result(), "better")
    (template / "labels" / "000003.prediction-1.zip").write_bytes(b"gone")
    with Project.open(template) as project:
        assert len(project.salvage(3)) == 6
        assert (project.load_map(3).ids == make_result().ids).all()


def test_a_project_is_recovered_by_the_command_that_the_message_names(
    template: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (template / "project.db").read_bytes()
    (template / "project.db").write_bytes(data[:4096] + bytes(4096) + data[8192:])
    with pytest.raises(DamagedDatabaseError) as told:
        look_at_or_raise(template)
    assert recover.__spec__.name == RECOVER_MODULE
    assert f"python -m {RECOVER_MODULE} {template}" in str(told.value)
    assert recover.main([str(template)]) == 0
    assert "images: 3" in capsys.readouterr().out
    assert look_at(template) == []
    assert recover.main([str(template / "labels")]) == 2
    assert "there is no project here" in capsys.readouterr().err


def test_lost_categories_give_way_to_those_of_the_bundled_model(template: Path) -> None:
    """No label file, no backup: then only the database knew the categories."""
    shutil.rmtree(template / "backups")
    for path in [*(template / "labels").glob("*.json"), *(template / "labels").glob("*.runs")]:
        path.unlink()
    forget_copies(template)
    with closing(sqlite3.connect(template / "project.db")) as connection, connection:
        connection.execute("DELETE FROM taxonomies")
    with pytest.raises(DamagedDatabaseError, match="no categories"):
        Project.open(template)
    recovery = recover_project(template)
    assert recovery.has_lost_categories
    with Project.open(template) as project:
        assert project.taxonomy == default_taxonomy()
        assert len(project.images()) == 3
        assert project.load_map(2).segments


def look_at_or_raise(folder: Path) -> None:
    with Project.open(folder) as project:
        for record in project.images():
            project.load_map(record.id)


def spoil_step(project: Project, number: int) -> None:
    """In both its homes: one alone would be mended without a word."""
    forget_copies(project.folder)
    with project._database.write() as connection:
        connection.execute("UPDATE journal SET patch = x'00' WHERE id = ?", (number,))


def test_where_root_and_checkpoint_lead_equally_far_the_history_stays(project: Project, record: ImageRecord) -> None:
    panoptic_map = project.load_map(record.id)
    for x in (0, 5, 10, 15, 20):
        edit(project, record, panoptic_map, x)
        if x == 5:
            project.checkpoint(record.id, panoptic_map)
    spoil_step(project, 4)
    assert project.salvage(record.id) == ["paint at 15", "paint at 20"]
    assert [entry.label for entry in project.history(record.id)] == ["paint at 0", "paint at 5", "paint at 10"]


def test_a_checkpoint_that_leads_further_is_worth_its_history(project: Project, record: ImageRecord) -> None:
    panoptic_map = project.load_map(record.id)
    for x in (0, 5, 10, 15):
        edit(project, record, panoptic_map, x)
        if x == 10:
            project.checkpoint(record.id, panoptic_map)
            expected = project.load_map(record.id)
    spoil_step(project, 2)
    spoil_step(project, 4)
    assert project.salvage(record.id) == ["paint at 0", "paint at 5", "paint at 10", "paint at 15"]
    assert (project.load_map(record.id).ids == expected.ids).all()


def test_labels_that_were_undone_and_replaced_are_no_way_out(project: Project, record: ImageRecord) -> None:
    """The checkpoint is of steps that were replaced: whole as it is, it holds what a person took back."""
    panoptic_map = project.load_map(record.id)
    for x in (0, 5, 10, 15):
        edit(project, record, panoptic_map, x)
    project.checkpoint(record.id, panoptic_map)
    for _ in range(2):
        undone = project.undo(record.id)
        assert undone is not None
        undone.revert(panoptic_map)
    expected = project.load_map(record.id)
    for x in (20, 25):
        edit(project, record, panoptic_map, x)
    spoil_step(project, 5)
    assert project.salvage(record.id) == ["paint at 20", "paint at 25"]
    assert (project.load_map(record.id).ids == expected.ids).all()
