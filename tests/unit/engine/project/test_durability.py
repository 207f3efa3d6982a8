"""Nothing that a call finished is lost: not to kill -9, not to a full or read-only disk, not to damaged files."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from seamseg_studio.engine import files
from seamseg_studio.engine.project import (
    DamagedError,
    ImageRecord,
    NewerProjectError,
    Project,
    ProjectError,
    SaveError,
    Status,
    recover_project,
    schema,
)
from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy

from .conftest import TAXONOMY, forget_copies, make_result
from .painter import digest
from .test_store import assert_same, edit

PAINTER = Path(__file__).with_name("painter.py")
NUM_KILLS = 12


def paint_until_killed(folder: Path, log: Path, seed: int, seconds: float) -> None:
    """Lets a painter work for a while after its first line, then kills it without warning."""
    log.unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, PAINTER, folder, log, str(seed)])
    try:
        deadline = time.monotonic() + 60
        while not (log.exists() and log.stat().st_size):
            assert process.poll() is None, "the painter failed"
            assert time.monotonic() < deadline
            time.sleep(0.005)
        with Project.open(folder) as second:
            assert second.read_only, "the painter has the project"
            assert len(second.images()) == 3
        time.sleep(seconds)
        assert process.poll() is None, "the painter failed"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def possible_states(log: Path) -> dict[int, set[str]]:
    """The states that each image may be in: the last one done, or the one tried after it ("*": any)."""
    possible: dict[int, set[str]] = {}
    for line in log.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            image_id, what, state = line.split()
            if what == "done":
                possible[int(image_id)] = {state}
            else:
                possible[int(image_id)].add(state)
    return possible


def test_kill_at_random_moments_loses_at_most_the_step_under_way(project: Project, tmp_path: Path) -> None:
    for record in project.images()[:2]:
        project.store_prediction(record.id, make_result(), "starter")
    project.close()
    rng = random.Random(20)
    log = tmp_path / "log"
    num_lines = 0
    for round_ in range(NUM_KILLS):
        paint_until_killed(project.folder, log, round_, rng.uniform(0.02, 0.25))
        num_lines += len(log.read_text().splitlines())
        with Project.open(project.folder) as survivor:
            assert not survivor.read_only
            for image_id, states in possible_states(log).items():
                panoptic_map = survivor.load_map(image_id)
                panoptic_map.check(TAXONOMY)
                assert digest(panoptic_map) in states or "*" in states
    assert num_lines > 20 * NUM_KILLS, "the painter was too slow for this to mean anything"


@pytest.fixture
def worked(project: Project, record: ImageRecord) -> Project:
    """Three edits on a prediction, a checkpoint after the second."""
    project.store_prediction(record.id, make_result(), "starter")
    panoptic_map = project.load_map(record.id)
    edit(project, record, panoptic_map, 0)
    edit(project, record, panoptic_map, 10)
    project.checkpoint(record.id, panoptic_map)
    edit(project, record, panoptic_map, 20)
    return project


class FailingDisk:
    """Makes the n-th call of a file operation of the system fail, and all after it until it is mended."""

    def __init__(self, patch: pytest.MonkeyPatch, operation: str, code: int, after: int) -> None:
        self._left = after
        self.is_broken = True
        self.num_failures = 0
        if operation == "write":
            self._wrap(patch, Path, "write_bytes", code)
        elif operation == "fsync":
            self._wrap(patch, os, "fsync", code)
        elif operation == "rename":
            self._wrap(patch, Path, "replace", code)
        else:
            self._wrap(patch, files.tempfile, "mkstemp", code)

    def _wrap(self, patch: pytest.MonkeyPatch, owner: object, name: str, code: int) -> None:
        real = getattr(owner, name)

        def failing(*values: object, **named: object) -> object:
            if self.is_broken:
                self._left -= 1
                if self._left < 0:
                    self.num_failures += 1
                    raise OSError(code, os.strerror(code), "somewhere")
            return real(*values, **named)

        patch.setattr(owner, name, failing)


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("operation", ["write", "fsync", "rename", "create"])
def test_a_failing_disk_gives_one_error_and_loses_nothing(
    worked: Project, record: ImageRecord, monkeypatch: pytest.MonkeyPatch, operation: str, code: int, after: int
) -> None:
    expected = worked.load_map(record.id)
    other = worked.images()[1]
    disk = FailingDisk(monkeypatch, operation, code, after)
    with pytest.raises(SaveError, match=os.strerror(code)) as caught:
        worked.checkpoint(record.id, expected)
    assert "\n" not in str(caught.value)
    if after == 0:
        with pytest.raises(SaveError):
            worked.store_prediction(other.id, make_result(), "starter")
        assert worked.image(other.id).status is Status.NEW
    assert disk.num_failures
    assert not list((worked.folder / "labels").glob(".*")), "no temporary files are left"
    assert_same(expected, worked.load_map(record.id))
    disk.is_broken = False
    worked.checkpoint(record.id, expected)
    assert worked.store_prediction(other.id, make_result(), "starter")
    assert_same(expected, worked.load_map(record.id))


def test_a_full_database_keeps_the_journal_and_recovers(worked: Project, record: ImageRecord) -> None:
    panoptic_map = worked.load_map(record.id)
    database: Database = worked._database
    database.rows(f"PRAGMA max_page_count = {database.rows('PRAGMA page_count')[0][0]}")
    unsaved = edit_until_full(worked, record, panoptic_map)
    num_saved = len(worked.history(record.id))
    saved = panoptic_map.copy()
    unsaved.revert(saved)
    assert_same(saved, worked.load_map(record.id))
    with pytest.raises(SaveError, match="make space"):
        worked.append(record.id, unsaved)
    database.rows("PRAGMA max_page_count = 1000000")
    worked.append(record.id, unsaved)
    assert_same(panoptic_map, worked.load_map(record.id))
    assert len(worked.history(record.id)) == num_saved + 1


def edit_until_full(project: Project, record: ImageRecord, panoptic_map: PanopticMap) -> Patch:
    """Edits until the database is full and returns the patch that did not fit any more, applied in memory."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        mask = rng.integers(0, 2, panoptic_map.shape).astype(bool)
        patch = edits.paint(panoptic_map, mask, panoptic_map.box, Segment(3), EditingPolicy(TAXONOMY))
        patch.apply(panoptic_map)
        try:
            project.append(record.id, patch)
        except SaveError:
            return patch
    raise AssertionError("the database never was full")


def test_left_overs_of_a_crash_are_swept_away_and_nothing_else(worked: Project, record: ImageRecord) -> None:
    folder = worked.folder / "labels"
    expected = worked.load_map(record.id)
    needed = set(folder.iterdir())
    for name in (".000001.9.png.abc.part", "000001.9.png", "000001.9.provenance.png", "000001.9.json"):
        (folder / name).write_bytes(b"half")
    (folder / "000001.prediction-7.zip").write_bytes(b"half")
    strange = {folder / "notes.txt", folder / "000999.1.json"}  # not ours, and of an image that nobody knows
    for path in strange:
        path.write_text("keep")
    worked._database.close()  # as a crash would
    worked._lock.release()
    with Project.open(worked.folder) as again:
        assert set(folder.iterdir()) == needed | strange
        assert_same(expected, again.load_map(record.id))


@pytest.mark.parametrize(
    "endings", [(".runs",), (".png",), (".runs", ".png"), (".runs", ".provenance.png"), (".json",)]
)
@pytest.mark.parametrize("damage", ["truncate", "flip", "remove"])
def test_a_damaged_checkpoint_is_rebuilt_from_the_journal(
    worked: Project, record: ImageRecord, endings: tuple[str, ...], damage: str
) -> None:
    expected = worked.load_map(record.id)
    for ending in endings:
        spoil(worked.folder / "labels" / f"000001.2{ending}", damage)
    assert_same(expected, worked.load_map(record.id))
    edit(worked, record, expected, 5)
    worked.checkpoint(record.id, expected)
    assert_same(expected, worked.load_map(record.id))


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove"])
def test_a_damaged_prediction_concerns_its_image_only(worked: Project, record: ImageRecord, damage: str) -> None:
    other = worked.images()[1]
    worked.store_prediction(other.id, make_result(), "starter")
    expected = worked.load_map(record.id)
    spoil(worked.folder / "labels" / "000002.prediction-1.zip", damage)
    with pytest.raises(DamagedError, match=r"000002\.prediction-1\.zip"):
        worked.load_map(other.id)
    with pytest.raises(DamagedError, match="label this image again"):
        worked.load_prediction(other.id)
    assert_same(expected, worked.load_map(record.id))
    assert worked.store_prediction(other.id, make_result(), "starter")
    np.testing.assert_array_equal(worked.load_map(other.id).ids, make_result().ids)


def test_a_damaged_step_is_named_and_the_rest_opens(worked: Project, record: ImageRecord) -> None:
    forget_copies(worked.folder)
    other = worked.images()[1]
    with worked._database.write() as connection:
        connection.execute("UPDATE journal SET patch = substr(patch, 1, 40) WHERE id = 3")
    with pytest.raises(DamagedError, match=r"step 3 \(paint at 20\)"):
        worked.load_map(record.id)
    worked.load_map(other.id)
    assert worked.salvage(other.id) == []
    assert worked.salvage(record.id) == ["paint at 20"]
    assert [entry.label for entry in worked.history(record.id)] == ["paint at 0", "paint at 10"]
    panoptic_map = worked.load_map(record.id)
    edit(worked, record, panoptic_map, 27)
    for _ in range(3):
        undone = worked.undo(record.id)
        assert undone is not None
        undone.revert(panoptic_map)
    np.testing.assert_array_equal(panoptic_map.ids, make_result().ids)
    copy, files = sorted((worked.folder / "backups").iterdir(), key=lambda path: path.is_dir())
    assert copy.stem == files.name
    assert {path.name for path in files.iterdir()} <= {path.name for path in (worked.folder / "labels").iterdir()}


def test_a_checkpoint_after_a_damaged_step_saves_the_rest(worked: Project, record: ImageRecord) -> None:
    expected = worked.load_map(record.id)
    forget_copies(worked.folder)
    with worked._database.write() as connection:
        connection.execute("UPDATE journal SET patch = substr(patch, 1, 40) WHERE id = 1")
    assert_same(expected, worked.load_map(record.id))
    with worked._database.write() as connection:
        connection.execute("UPDATE journal SET patch = substr(patch, 1, 40) WHERE id = 3")
    assert worked.salvage(record.id) == ["paint at 0", "paint at 10", "paint at 20"]
    panoptic_map = worked.load_map(record.id)
    assert panoptic_map.ids[3, 11] == 5
    edit(worked, record, panoptic_map, 27)
    assert_same(panoptic_map, worked.load_map(record.id))
    assert worked.undo(record.id) is not None
    assert worked.undo(record.id) is None


def test_a_damaged_database_is_rebuilt_from_what_is_left(worked: Project, record: ImageRecord) -> None:
    """A page of the journal is overwritten: everything else comes back, and the damaged file is kept."""
    other = worked.images()[1]
    rng = np.random.default_rng(0)
    panoptic_map = worked.load_map(other.id)
    for _ in range(40):
        mask = rng.integers(0, 2, panoptic_map.shape).astype(bool)
        patch = edits.paint(panoptic_map, mask, panoptic_map.box, Segment(3), EditingPolicy(TAXONOMY), "noise")
        patch.apply(panoptic_map)
        worked.append(other.id, patch)
    expected = worked.load_map(record.id)
    worked._database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    worked.close()
    path = worked.folder / "project.db"
    data = bytearray(path.read_bytes())
    page = data.index(b'"label":"noise"') // 4096 * 4096
    data[page : page + 4096] = b"\x55" * 4096
    path.write_bytes(data)
    forget_copies(worked.folder)
    report = recover_project(worked.folder)
    assert report.num_images == 3
    assert report.damaged_copy is not None
    assert report.damaged_copy.read_bytes() == bytes(data)
    with Project.open(worked.folder) as project:
        assert project.taxonomy == TAXONOMY
        found = project.load_map(record.id)
        assert found.ids[3, 11] == 5, "what the checkpoint holds cannot be lost"
        if record.name not in report.shortened:
            assert_same(expected, found)
        assert "noise" in report.shortened[other.name]
        assert project.image(other.id).num_edits < 40
        project.load_map(other.id).check(TAXONOMY)
        edit(project, other, project.load_map(other.id), 3)


def test_a_lost_database_is_rebuilt_from_the_label_files(worked: Project, record: ImageRecord) -> None:
    worked.checkpoint(record.id)
    expected = worked.load_map(record.id)
    with pytest.raises(ProjectError, match="open in a studio"):
        recover_project(worked.folder)
    worked.close()
    forget_copies(worked.folder)
    (worked.folder / "project.db").write_bytes(b"gone")
    report = recover_project(worked.folder)
    assert report.from_label_files == [record.name]
    with Project.open(worked.folder) as project:
        assert_same(expected, project.load_map(record.id))
        assert project.image(record.id).path == record.path
        assert project.image(record.id).status is Status.IN_PROGRESS
        assert not project.store_prediction(record.id, make_result(), "starter")


def test_a_project_of_which_nothing_is_left_says_so(worked: Project) -> None:
    worked.close()
    forget_copies(worked.folder)
    (worked.folder / "project.db").write_bytes(b"gone")
    for path in (worked.folder / "labels").iterdir():
        path.unlink()
    with pytest.raises(ProjectError, match="left as it is"):
        recover_project(worked.folder)
    assert (worked.folder / "project.db").read_bytes() == b"gone"
    assert not list(worked.folder.glob("damaged-*"))


def spoil(path: Path, damage: str) -> None:
    data = bytearray(path.read_bytes())
    if damage == "remove":
        path.unlink()
        return
    if damage == "flip":
        data[len(data) // 2] ^= 0x55
    path.write_bytes(data[: len(data) // 2] if damage == "truncate" else data)


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"SQLite format 3\0" + b"\x55" * 4000])
def test_a_damaged_database_is_named_with_the_remedy(worked: Project, content: bytes) -> None:
    worked.close()
    path = worked.folder / "project.db"
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"project\.db: is damaged .*'Recover what can be read'.* python -m "):
        Project.open(worked.folder)
    assert path.read_bytes() == content, "a damaged database is not touched"


def test_a_newer_project_is_refused_politely(worked: Project) -> None:
    worked.close()
    connection = sqlite3.connect(worked.folder / "project.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NewerProjectError, match="newer version of this program"):
        Project.open(worked.folder)


def _add_column(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE images ADD COLUMN rating INTEGER NOT NULL DEFAULT 3")


def _fail(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE images ADD COLUMN other INTEGER")
    raise sqlite3.OperationalError("disk is full")


def test_an_older_project_is_brought_forward_after_a_backup(
    worked: Project, record: ImageRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = worked.load_map(record.id)
    worked.close()
    use(monkeypatch, (_add_column,))
    with Project.open(worked.folder) as newer:
        assert_same(expected, newer.load_map(record.id))
        row = newer._database.row("SELECT rating FROM images")
        assert row is not None
        assert row["rating"] == 3
    (backup,) = (worked.folder / "backups").iterdir()
    assert "format-3" in backup.name
    with sqlite3.connect(backup) as copy:
        assert copy.execute("SELECT count(*) FROM journal").fetchone() == (3,)
        assert schema.version_of(copy) == 3
    copy.close()
    with Project.open(worked.folder):
        assert len(list((worked.folder / "backups").iterdir())) == 1


def test_a_failed_migration_leaves_the_project_as_it_was(
    worked: Project, record: ImageRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = worked.load_map(record.id)
    worked.close()
    with monkeypatch.context() as patch:
        use(patch, (_fail,))
        with pytest.raises(SaveError, match="disk is full"):
            Project.open(worked.folder)
    with Project.open(worked.folder) as unchanged:
        assert_same(expected, unchanged.load_map(record.id))


def use(monkeypatch: pytest.MonkeyPatch, migrations: tuple[schema.Migration, ...]) -> None:
    """Makes the present schema one that these further migrations lead to."""
    migrations = (*schema.MIGRATIONS, *migrations)
    for name in ("create", "check_known", "migrate"):
        function: Callable[..., object] = getattr(schema, name)
        monkeypatch.setattr(function, "__defaults__", (migrations,))


LOOK = """
import sys
from seamseg_studio.engine.project import Project, ReadOnlyError
with Project.open(sys.argv[1]) as project:
    assert project.read_only
    print(sorted(project.load_map(1).areas().items()))
    try:
        project.undo(1)
    except ReadOnlyError as error:
        print(error)
"""


def test_a_project_on_a_read_only_disk_can_be_looked_at(worked: Project, record: ImageRecord) -> None:
    areas = sorted(worked.load_map(record.id).areas().items())
    worked.close()
    command = [sys.executable, "-c", LOOK, str(worked.folder)]
    if os.geteuid() == 0:
        # Nothing is read-only for root unless it gives that power up.
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv to do without root's powers")
        command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all", *command]
    worked.folder.chmod(0o555)
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        worked.folder.chmod(0o755)
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[0] == str(areas)
    assert "read-only" in found.stdout.splitlines()[1]
