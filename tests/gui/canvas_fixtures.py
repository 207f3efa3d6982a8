"""A canvas of its own with a document in memory: two stuff halves, a thing in each."""

from __future__ import annotations

import numpy as np
import pytest
from canvas_street import TAXONOMY, MakeDocument, street
from hand import Hand
from memory_project import MemoryProject, record_of
from pytestqt.qtbot import QtBot

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.editing.document import Document
from seamseg_studio.engine.scene.panoptic_map import PanopticMap


@pytest.fixture
def make_document(qapp: object) -> MakeDocument:
    def make(panoptic_map: PanopticMap | None = None, image: np.ndarray | None = None) -> Document:
        panoptic_map = street() if panoptic_map is None else panoptic_map
        if image is None:
            image = np.full((*panoptic_map.shape, 3), 100, np.uint8)
        project = MemoryProject(TAXONOMY)
        return Document(project, record_of(panoptic_map.shape), image, panoptic_map)  # type: ignore[arg-type]

    return make


@pytest.fixture
def document(make_document: MakeDocument) -> Document:
    return make_document()


@pytest.fixture
def canvas(document: Document, qtbot: QtBot) -> Canvas:
    """The canvas, shown at 100 % with the image in its middle."""
    canvas = Canvas()
    canvas.resize(700, 500)
    qtbot.addWidget(canvas)
    with qtbot.waitExposed(canvas):
        canvas.show()
    canvas.set_document(document)
    canvas.zoom_100()
    return canvas


@pytest.fixture
def hand(canvas: Canvas, qtbot: QtBot) -> Hand:
    return Hand(canvas, qtbot)
