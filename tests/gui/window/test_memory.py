"""What was opened is let go of when it is closed: a large image must not stay in memory beside the next."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from hand import Hand
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Without Python's search for circles, which may come minutes later."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_closed_image_is_let_go_of_at_once(
    window: MainWindow, studio: Studio, labelled: Document, qtbot: QtBot, no_collector: None
) -> None:
    assert window.canvas is not None
    window.actions_by_id["tool_brush"].trigger()
    hand = Hand(window.canvas, qtbot)

    def step(offset: int, name: str) -> None:
        studio.session.step(offset)
        qtbot.waitUntil(
            lambda: studio.session.document is not None and studio.session.document.record.name == name, timeout=20_000
        )
        qtbot.waitUntil(lambda: not studio.labelling.is_labelling_open_image, timeout=20_000)

    step(1, "b.jpg")  # the first document is the fixture's too
    for offset, name in ((1, "c.jpg"), (-1, "b.jpg")):
        hand.drag((10, 10), (10, 40))
        document = studio.session.document
        assert document is not None
        arrays = [weakref.ref(document.image), weakref.ref(document.map)]
        del document
        step(offset, name)
        qtbot.waitUntil(lambda arrays=arrays: all(array() is None for array in arrays), timeout=10_000)
