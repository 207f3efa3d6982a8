"""Pipes and devices in place of files, which have no end, and databases whose tables have none."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from seamseg_studio.engine.checkpoints.bundle import load_bundle
from seamseg_studio.engine.checkpoints.official import import_official
from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.formats.detection import detect_format
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.project import DamagedDatabaseError, Project, ProjectError, recover_project
from seamseg_studio.engine.scene import edits
from tests.torture import message_targets, seeds

PATIENCE_S = 30.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pipes have names there")


def in_time(call: Callable[[], object]) -> None:
    """Makes a call that must come back, with a result or an error for people."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except SeamsegError:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive(), "waits for ever"
    if errors:
        raise errors[0]


def each_as_a_pipe(files: dict[str, bytes], root: Path, use: Callable[[Path], object]) -> None:
    """Uses a folder over and over, each time with another of its files as a pipe that nobody writes to."""
    for number, pipe in enumerate(sorted(files)):
        folder = root / str(number)
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name == pipe:
                os.mkfifo(path)
            else:
                path.write_bytes(data)
        in_time(lambda folder=folder: use(folder))  # type: ignore[misc]


@pytest.mark.parametrize("form", seeds.READ_FORMATS)
def test_datasets(tmp_path: Path, form: str) -> None:
    def use(folder: Path) -> None:
        with suppress(SeamsegError):
            detect_format(folder)
        for image in FORMATS[form].reader(folder):
            with suppress(SeamsegError):
                image.map.check(None)

    each_as_a_pipe(dict(seeds.datasets()[form]), tmp_path, use)


def test_models(tmp_path: Path) -> None:
    each_as_a_pipe(dict(seeds.tiny_bundle()), tmp_path / "bundle", lambda folder: load_bundle(folder).state_dict())
    each_as_a_pipe(dict(seeds.official_files()), tmp_path / "official", lambda folder: import_official(folder))


@pytest.fixture(scope="module")
def whole() -> dict[str, bytes]:
    """The files of a project with two images, labels, predictions and steps."""
    template = message_targets._project_template() / "p.seamseg"
    return {str(path.relative_to(template)): path.read_bytes() for path in template.rglob("*") if path.is_file()}


def test_projects(tmp_path: Path, whole: dict[str, bytes]) -> None:
    each_as_a_pipe(whole, tmp_path, message_targets._use)


def laid(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.mark.parametrize("name", ["labels", "journal", "models", "project.db"])
def test_a_project_of_which_a_part_lies_elsewhere(
    tmp_path: Path, outside: Path, whole: dict[str, bytes], name: str
) -> None:
    """Left-overs of images are removed from `labels`: through a link that is any file with a number for a name."""
    folder = laid(tmp_path / "p.seamseg", whole)
    precious = outside.with_name("1.jpg")
    precious.write_text("mine")
    if name == "project.db":
        shutil.move(folder / name, outside.with_name("project.db"))
        (folder / name).symlink_to(outside.with_name("project.db"))
    else:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).symlink_to(outside.parent)
    with closing(sqlite3.connect((folder / "project.db").resolve())) as connection, connection:
        connection.execute("UPDATE settings SET value = 'false' WHERE key = 'closed well'")
    before = {path.name: path.read_bytes() for path in outside.parent.iterdir()}
    for attempt in (Project.open, recover_project):
        with pytest.raises(ProjectError, match=f"{name} in it is a link"):
            attempt(folder)
    assert {path.name: path.read_bytes() for path in outside.parent.iterdir()} == before


STRANGE = {
    "a trigger that swallows work": "CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM journal; END",
    "a table that never ends": """
        ALTER TABLE images RENAME TO kept;
        CREATE VIEW images AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n)
            SELECT n.id AS id, kept.path, kept.name, kept.height, kept.width FROM n, kept""",
    "a value of a gigabyte that is made when it is read": (
        "ALTER TABLE images ADD COLUMN more TEXT GENERATED ALWAYS AS (printf('%.*c', 999999999, 'x')) VIRTUAL"
    ),
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_database_that_acts(tmp_path: Path, whole: dict[str, bytes], name: str) -> None:
    folder = laid(tmp_path / "p.seamseg", whole)
    with closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        connection.executescript("PRAGMA legacy_alter_table = ON;" + STRANGE[name])
    for read_only in (False, True):
        with pytest.raises(DamagedDatabaseError, match="which this program did not make"):
            Project.open(folder, read_only=read_only)
    in_time(lambda: recover_project(folder))
    with Project.open(folder) as project:
        (image, *_) = project.images()
        panoptic_map = project.load_map(image.id)
        before = len(project.history(image.id))
        patch = edits.set_locked(panoptic_map, list(panoptic_map.segments)[:1], True)
        project.append(image.id, patch)
        assert len(project.history(image.id)) == before + 1
