"""Damaged projects and images: a card says which file, and its button goes on with what can be read."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.panels.message_cards import Card
from seamseg_studio.app.studio import Studio
from seamseg_studio.engine.project import Project, open_or_create_beside
from seamseg_studio.engine.project.lock import FolderLock
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.policy import EditingPolicy

CITY = 0
NUM_STEPS = 3


@pytest.fixture
def folder(photos: Path) -> Path:
    """A closed project: the first photo has three steps and a checkpoint after the second."""
    with open_or_create_beside(photos) as project:
        project.add_images(sorted(photos.iterdir()))
        panoptic_map = project.load_map(1)
        for step in range(NUM_STEPS):
            paint(project, panoptic_map, step)
            if step == 1:
                project.checkpoint(1, panoptic_map)
        project._database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    return project.folder


def paint(project: Project, panoptic_map: PanopticMap, step: int) -> None:
    box = Box(4 * step, 0, 4 * step + 4, 4)
    policy = EditingPolicy(project.taxonomy)
    patch = edits.paint(panoptic_map, np.ones(box.shape, bool), box, Segment(CITY), policy, f"paint {step}")
    patch.apply(panoptic_map)
    project.append(1, patch)


def card_of(window: MainWindow, key: str) -> Card | None:
    return next((card for card in window.cards.cards if card.message.key == key and card.buttons), None)


def click(window: MainWindow, qtbot: QtBot, key: str) -> str:
    """Waits for the card, clicks its button and returns what the card said."""
    qtbot.waitUntil(lambda: card_of(window, key) is not None, timeout=20_000)
    card = card_of(window, key)
    assert card is not None
    text = card.message.text
    qtbot.mouseClick(card.buttons[0], Qt.MouseButton.LeftButton)
    return text


def told(window: MainWindow, key: str) -> str:
    """What the card without a button says."""
    return next((card.message.text for card in window.cards.cards if card.message.key == key and not card.buttons), "")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zero_a_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:8192] = bytes(4096)
    path.write_bytes(data)


def fill_with_nonsense(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 : len(data) // 2] = random.Random(1).randbytes(len(data) // 2 - 4096)
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [cut, zero_a_page, fill_with_nonsense])
def test_a_damaged_project_is_recovered_by_a_click(
    window: MainWindow, studio: Studio, folder: Path, qtbot: QtBot, damage: Callable[[Path], None]
) -> None:
    damage(folder / "project.db")
    before = (folder / "project.db").read_bytes()
    studio.session.open_paths([folder])
    said = click(window, qtbot, "recovery")
    assert "project.db" in said
    assert "recover_project" not in said
    assert "Recover what can be read" in said
    qtbot.waitUntil(lambda: studio.session.document is not None, timeout=30_000)
    assert told(window, "recovery")
    (kept,) = folder.glob("damaged-*/project.db")
    assert kept.read_bytes() == before
    assert str(kept.parent) in told(window, "recovery")
    document = studio.session.document
    assert document is not None
    assert document.record.name == "a.jpg"
    assert document.record.num_edits == NUM_STEPS, "the journal has a second home, whatever the database lost"


def test_a_project_of_which_nothing_can_be_read_stays_as_it_is(
    window: MainWindow, studio: Studio, folder: Path, qtbot: QtBot
) -> None:
    (folder / "project.db").write_bytes(b"gone")
    for name in ("labels", "journal"):
        shutil.rmtree(folder / name)
    studio.session.open_paths([folder])
    click(window, qtbot, "recovery")
    qtbot.waitUntil(lambda: any("left as it is" in card.message.text for card in window.cards.cards), timeout=20_000)
    assert not studio.session.is_opening
    assert (folder / "project.db").read_bytes() == b"gone"
    assert not list(folder.glob("damaged-*"))


def test_damaged_labels_and_step_open_as_far_as_they_can_be_read(
    window: MainWindow, studio: Studio, folder: Path, qtbot: QtBot
) -> None:
    spoil_step(folder, 2)
    for path in (folder / "labels").iterdir():
        path.write_bytes(path.read_bytes()[:50])
    studio.session.open_paths([folder])
    said = click(window, qtbot, "image")
    assert "rebuilt" not in said
    assert ".json" in said or "project.db" in said
    qtbot.waitUntil(lambda: studio.session.document is not None, timeout=20_000)
    assert studio.session.document is not None
    assert studio.session.document.record.num_edits == 1
    assert "paint 1, paint 2" in told(window, "image")
    assert list((folder / "backups").glob("*/*.json")), "the damaged files are kept"


def test_a_damaged_step_of_the_journal_costs_what_comes_after_it(
    window: MainWindow, studio: Studio, folder: Path, qtbot: QtBot
) -> None:
    spoil_step(folder, 3)
    studio.session.open_paths([folder])
    said = click(window, qtbot, "image")
    assert "step 3 (paint 2)" in said
    qtbot.waitUntil(lambda: studio.session.document is not None, timeout=20_000)
    assert studio.session.document is not None
    assert studio.session.document.record.num_edits == 2
    assert "paint 2" in told(window, "image")
    assert "paint 1" not in told(window, "image")


@pytest.mark.parametrize("suffix", [".json", ".runs", ".png"])
def test_a_damaged_checkpoint_is_made_anew_without_a_word(
    window: MainWindow, studio: Studio, folder: Path, qtbot: QtBot, suffix: str
) -> None:
    for path in (folder / "labels").glob(f"*{suffix}"):
        cut(path)
    if suffix == ".png":  # only with these do the pictures matter
        for path in (folder / "labels").glob("*.runs"):
            cut(path)
    studio.session.open_paths([folder])
    qtbot.waitUntil(lambda: studio.session.document is not None, timeout=20_000)
    assert studio.session.document is not None
    assert len(studio.session.document.map.segments) == 1
    assert studio.session.document.map.area(next(iter(studio.session.document.map.segments))) == 16 * NUM_STEPS
    assert card_of(window, "image") is None


def test_a_damaged_database_found_at_an_image_leads_to_the_recovery(
    window: MainWindow, studio: Studio, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only reading the steps finds: the project opens, the image does not."""
    path = folder / "project.db"
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'journal'").fetchone()
    data = bytearray(path.read_bytes())
    data[4096 * (page - 1) : 4096 * page] = b"\x55" * 4096
    path.write_bytes(data)
    studio.session.open_paths([folder])
    click(window, qtbot, "recovery")
    qtbot.waitUntil(lambda: studio.session.document is not None, timeout=30_000)
    assert studio.session.document is not None
    assert len(studio.session.document.map.segments) == 1
    assert list(folder.glob("damaged-*/project.db"))


def spoil_step(folder: Path, number: int) -> None:
    """In both its homes: one alone would be mended without a word."""
    shutil.rmtree(folder / "journal", ignore_errors=True)
    with closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        connection.execute("UPDATE journal SET patch = substr(patch, 1, 40) WHERE id = ?", (number,))


def test_wherever_the_database_is_damaged_the_image_opens(
    window: MainWindow, studio: Studio, folder: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    """One page after the other: either nobody needs it, or a click recovers the project."""
    data = (folder / "project.db").read_bytes()
    num_recovered = 0
    for start in range(0, len(data), 4096):
        copy = Path(shutil.copytree(folder, tmp_path / f"page {start}.seamseg"))
        nonsense = random.Random(start).randbytes(4096)
        (copy / "project.db").write_bytes(data[:start] + nonsense + data[start + 4096 :])
        studio.session.open_paths([copy])

        def is_open(copy: Path = copy) -> bool:
            project = studio.session.project
            return project is not None and project.folder == copy and studio.session.document is not None

        qtbot.waitUntil(lambda is_open=is_open: is_open() or card_of(window, "recovery") is not None, timeout=20_000)
        if card_of(window, "recovery") is not None:
            click(window, qtbot, "recovery")
            num_recovered += 1
        qtbot.waitUntil(is_open, timeout=20_000)
        assert studio.session.document is not None
        assert len(studio.session.document.map.segments) == 1, f"byte {start}"
        for card in list(window.cards.cards):
            window.cards.close_card(card)
    assert num_recovered > 5


def test_a_damaged_prediction_is_forgotten_and_the_image_labelled_again(
    labelled: Document, window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot
) -> None:
    folder = labelled.project.folder
    studio.session.close_project()
    qtbot.waitUntil(lambda: not studio.session.is_closing)
    cut(next((folder / "labels").glob("000001.prediction-*.zip")))
    studio.session.open_paths([photos])
    said = click(window, qtbot, "image")
    assert "prediction" in said
    qtbot.waitUntil(
        lambda: studio.session.document is not None and len(studio.session.document.map.segments) > 0, timeout=30_000
    )
    assert "the model's prediction" in told(window, "image")


def test_two_studios_do_not_recover_one_project(window: MainWindow, studio: Studio, folder: Path, qtbot: QtBot) -> None:
    lock = FolderLock(folder / "project.lock")
    assert lock.acquire()
    try:
        zero_a_page(folder / "project.db")
        before = (folder / "project.db").read_bytes()
        studio.session.open_paths([folder])
        click(window, qtbot, "recovery")
        qtbot.waitUntil(lambda: any("close it there" in card.message.text for card in window.cards.cards))
        assert (folder / "project.db").read_bytes() == before
    finally:
        lock.release()


def test_a_history_without_sense_is_told_and_recovered(
    window: MainWindow, studio: Studio, folder: Path, qtbot: QtBot
) -> None:
    with closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        connection.execute("UPDATE journal SET time = 'yesterday' WHERE id = 2")
    studio.session.open_project(folder)
    assert "project.db" in click(window, qtbot, "recovery")
    qtbot.waitUntil(lambda: studio.session.document is not None, timeout=20_000)
    assert studio.session.document is not None
    assert studio.session.document.map.segments
