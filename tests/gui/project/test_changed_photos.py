"""A photo that is not the one that was labelled any more is told of, once, and until somebody says that it is fine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gui_fake_engine import HEIGHT, WIDTH
from PIL import Image
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.messages import Level, Message

TITLE = "The photo was changed since it was labelled"


@pytest.fixture
def warnings(studio: Studio) -> list[Message]:
    heard: list[Message] = []
    studio.session.message_posted.connect(lambda message: heard.append(message) if message.title == TITLE else None)
    return heard


def open_image(studio: Studio, qtbot: QtBot, place: int) -> None:
    """Opens an image and waits until everything asked for with it is done."""
    session = studio.session
    image_id = session.records[place].id
    session.open_image(image_id)
    qtbot.waitUntil(
        lambda: session.document is not None and session.document.record.id == image_id and has_labels(studio),
        timeout=20_000,
    )
    done: list[bool] = []
    assert session.work is not None
    session.work.after(image_id, lambda: done.append(True))
    qtbot.waitUntil(lambda: bool(done), timeout=20_000)


def has_labels(studio: Studio) -> bool:
    document = studio.session.document
    return document is not None and bool(document.map.segments) and not studio.labelling.is_labelling_open_image


def replace_photo(path: Path) -> None:
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), 90, np.uint8)).save(path)


def test_a_photo_of_the_same_size_in_its_place_is_told(
    labelled: Document, studio: Studio, photos: Path, qtbot: QtBot, warnings: list[Message]
) -> None:
    open_image(studio, qtbot, 1)
    open_image(studio, qtbot, 0)
    assert warnings == []
    open_image(studio, qtbot, 1)
    replace_photo(photos / "a.jpg")
    open_image(studio, qtbot, 0)
    (warning,) = warnings
    assert warning.level is Level.WARNING
    assert "a.jpg" in warning.text
    assert "former file back" in warning.text
    open_image(studio, qtbot, 1)
    open_image(studio, qtbot, 0)
    assert len(warnings) == 1  # the same file is read and told of once


def test_who_keeps_the_labels_is_not_told_again(
    labelled: Document, studio: Studio, photos: Path, qtbot: QtBot, warnings: list[Message]
) -> None:
    project = studio.session.project
    assert project is not None
    image_id = studio.session.records[0].id
    open_image(studio, qtbot, 1)
    replace_photo(photos / "a.jpg")
    assert project.is_file_changed(image_id)
    open_image(studio, qtbot, 0)
    warnings[0].choices[0].run()
    qtbot.waitUntil(lambda: not project.is_file_changed(image_id), timeout=20_000)
    (photos / "a.jpg").unlink()
    assert not project.is_file_changed(image_id)
