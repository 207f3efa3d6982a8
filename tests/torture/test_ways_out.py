"""Names in files from strangers that lead to a person's own files: nothing there is written, removed or shown."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import zipfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from seamseg_studio.app.words.plain_text import plain_tip
from seamseg_studio.engine.checkpoints.archive import Archive
from seamseg_studio.engine.checkpoints.bundle import load_bundle
from seamseg_studio.engine.checkpoints.errors import BundleError
from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.formats.conversion import convert
from seamseg_studio.engine.formats.errors import FormatError, ImageError
from seamseg_studio.engine.formats.image_file import read_image
from seamseg_studio.engine.formats.record_log import RecordLog
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.project import DamagedDatabaseError, Project, recover_project
from seamseg_studio.engine.project.images import hash_file
from seamseg_studio.engine.project.label_file import path_of
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import Segment
from seamseg_studio.engine.scene.policy import EditingPolicy
from tests.torture import seeds

WAYS = (
    "../home/precious.json",
    "/etc/passwd",
    "..\\home\\precious.json",
    "C:\\x.json",
    "\\\\host\\share\\x",
    "a/../../x",
)


@pytest.mark.parametrize("name", WAYS)
def test_members_of_an_archive(tmp_path: Path, name: str) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", "{}")
        archive.writestr(name, "text")
    with pytest.raises(BundleError, match="outside of itself"):
        load_bundle(path)


def test_links_in_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "evil.zip"
    link = zipfile.ZipInfo("model.safetensors")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BundleError, match="outside of itself"):
        Archive(path)


def _dataset(folder: Path, form: str) -> Path:
    photo = folder / "photo.png"
    folder.mkdir()
    seeds.make_photo().save(photo)
    options = {"copy_images": True} if FORMATS[form].copies_images else {}
    with FORMATS[form].writer(folder / "data", seeds.TAXONOMY, **options) as writer:
        writer.write("a", photo, seeds.make_map())
    return folder / "data"


def _renamed(document: Any, name: str) -> Any:
    """The document with every name of a file in it led elsewhere."""
    if isinstance(document, list):
        return [_renamed(item, name) for item in document]
    if isinstance(document, dict):
        files = ("file_name", "imagePath")
        return {key: name if key in files else _renamed(value, name) for key, value in document.items()}
    return document


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("form", ["coco-panoptic", "coco-instances", "labelme"])
def test_names_of_files_in_datasets(tmp_path: Path, outside: Path, form: str, name: str) -> None:
    source = _dataset(tmp_path / "from a stranger", form)
    for path in source.rglob("*.json"):
        path.write_text(json.dumps(_renamed(json.loads(path.read_text()), name)))
    target = tmp_path / "mine" / "out"
    target.parent.mkdir()
    before = sorted(path for path in tmp_path.rglob("*") if target not in path.parents and path != target)
    with suppress(SeamsegError):  # a refusal is as good as an image without a photograph
        reader = FORMATS[form].reader(source)
        with FORMATS["coco-panoptic"].writer(target, reader.taxonomy, copy_images=True) as writer:
            convert(reader, writer)
    assert outside.read_text() == "mine"
    after = sorted(path for path in tmp_path.rglob("*") if target not in path.parents and path != target)
    assert after == before, "something was written beside the dataset"
    assert not any(path.read_bytes().startswith(b"root:") for path in target.rglob("*") if path.is_file())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A closed project with labels, a prediction and steps."""
    photos = tmp_path / "photos"
    photos.mkdir()
    seeds.make_photo().save(photos / "a.png")
    with Project.create(tmp_path / "p.seamseg", seeds.TAXONOMY) as opened:
        opened.add_images([photos / "a.png"])
        opened.store_prediction(1, seeds.make_result(), "tiny")
        _edit(opened)
        opened.checkpoint(1)
    return tmp_path / "p.seamseg"


def _edit(opened: Project, x: int = 2) -> None:
    import numpy as np

    panoptic_map = opened.load_map(1)
    mask = np.ones((3, 3), bool)
    policy = EditingPolicy(opened.taxonomy)
    opened.append(1, edits.paint(panoptic_map, mask, Box(1, x, 4, x + 3), Segment(2), policy))


def _set(project: Path, column: str, value: object) -> None:
    with closing(sqlite3.connect(project / "project.db")) as connection, connection:
        connection.execute(f"UPDATE images SET {column} = ?", (value,))


@pytest.mark.parametrize("name", ["..", "a/b"])
def test_the_names_of_label_files_are_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(SeamsegError, match="no file of labels"):
        path_of(tmp_path, name)


@pytest.mark.parametrize("column", ["root", "checkpoint", "prediction"])
@pytest.mark.parametrize("name", ["../../home/precious.json", "/{0}", "..", "../../home/precious.zip"])
def test_a_database_that_names_a_persons_files_as_labels(project: Path, outside: Path, column: str, name: str) -> None:
    """What a project names as its labels is removed when newer ones come: it must not be a file elsewhere."""
    other = outside.with_suffix(".zip")
    other.write_text("mine")
    _set(project, column, name.replace("/{0}", str(outside)))
    with pytest.raises(DamagedDatabaseError):
        Project.open(project)
    recover_project(project)
    with Project.open(project) as opened:
        opened.salvage(1)
        opened.store_prediction(1, seeds.make_result(), "tiny")
        opened.checkpoint(1)
    assert outside.read_text() == other.read_text() == "mine"


def test_nothing_is_appended_through_a_link(project: Path, outside: Path, tmp_path: Path) -> None:
    """The files of a project that grow may be links in one that comes from a stranger."""
    for path in (project / "journal").iterdir():
        path.unlink()
        path.symlink_to(outside)
    with Project.open(project) as opened:
        _edit(opened, 7)
    assert outside.read_text() == "mine"
    log = tmp_path / "log"
    log.symlink_to(outside)
    with pytest.raises(FormatError, match="is a link"):
        RecordLog(log, {}, resume=True)
    assert outside.read_text() == "mine"


def test_a_lock_that_is_a_link_makes_a_project_read_only(project: Path, outside: Path) -> None:
    (project / "project.lock").unlink()
    (project / "project.lock").symlink_to(outside.with_name("made"))
    with Project.open(project) as opened:
        assert opened.read_only
    assert not outside.with_name("made").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among its files")
def test_what_has_no_end_is_not_read(tmp_path: Path) -> None:
    """A project may name a pipe or a device as its photograph; reading one would never end."""
    pipe = tmp_path / "photo.png"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(ImageError, match="is a device or a pipe"):
            read_image(path)
        with pytest.raises(OSError, match="no such file"):
            hash_file(path)


def test_a_schema_from_a_stranger_calls_no_dangerous_function(project: Path) -> None:
    with closing(sqlite3.connect(project / "project.db")) as connection, connection:
        connection.execute("CREATE TRIGGER evil AFTER UPDATE ON images BEGIN SELECT load_extension('evil.so'); END")
    with pytest.raises(SeamsegError) as caught, Project.open(project) as opened:
        opened.set_status(1, opened.image(1).status, "note")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["<img src='file:///etc/passwd'>", "<a href='x'>y</a>", "<b>car</b>"])
def test_names_are_shown_as_they_are(name: str) -> None:
    assert "<img" not in plain_tip(name)
    assert "<a " not in plain_tip(name)
    assert plain_tip("car & van") == "car & van"


def write_again(folder: Path) -> None:
    """What an export into a folder that holds a dataset already does."""
    with FORMATS["coco-panoptic"].writer(folder, seeds.TAXONOMY, overwrite=True) as writer:
        writer.write("a", None, seeds.make_map())


def test_a_log_is_not_put_aside_through_a_link(tmp_path: Path, outside: Path) -> None:
    """What a stranger's log says would end up in any file of the person's: their `.bashrc`, say."""
    folder = tmp_path / "dataset"
    write_again(folder)
    log = folder / ".coco-panoptic.log"
    log.write_text("touch /tmp/was-here\n")
    (folder / ".coco-panoptic.log.old").symlink_to(outside)
    with pytest.raises(FormatError, match="cannot be written"):
        write_again(folder)
    assert outside.read_text() == "mine"


def test_a_dataset_is_not_written_through_links_in_it(tmp_path: Path, outside: Path) -> None:
    folder = tmp_path / "dataset"
    folder.mkdir()
    (folder / "panoptic").symlink_to(outside.parent)
    with suppress(FormatError):
        write_again(folder)
    assert [path.name for path in outside.parent.iterdir()] == [outside.name]


def test_files_that_a_log_names_behind_links_stay(tmp_path: Path, outside: Path) -> None:
    folder = tmp_path / "dataset"
    write_again(folder)
    (folder / "more").symlink_to(outside.parent)
    log = folder / ".coco-panoptic.log"
    record = {"name": "b", "files": [], "more": ["more/precious.json"]}
    log.write_text(log.read_text() + json.dumps(record) + "\n")
    write_again(folder)
    assert outside.read_text() == "mine"
