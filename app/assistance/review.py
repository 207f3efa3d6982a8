"""Where to look next: the places of the open image, and the images, that the model is least sure of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.project.session import Session
from seamseg_studio.app.words.messages import Message

if TYPE_CHECKING:
    from seamseg_studio.app.editing.document import Document
    from seamseg_studio.engine.scene.panoptic_result import PanopticResult
    from seamseg_studio.engine.scene.review import Place

_VIEW = 0.16  # of the image's longer side around a place


class Review(QObject):
    """Leads through the open image, the most uncertain place first, and orders the images in the same way.

    Signals:
        place_reached: The `Place`, its number from 1, how many there are, and the `Box` to show.
    """

    place_reached = Signal(object, int, int, object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._prediction: PanopticResult | None = None
        self._places: tuple[Place, ...] = ()
        self._current: int | None = None
        session.project_changed.connect(self._on_session_project_changed)

    def step(self, step: int) -> bool:
        """Goes to the next place (1) or the one before (-1); whether there is one."""
        # Not at the top: the window comes up without numpy.
        from seamseg_studio.engine.scene.geometry import Box
        from seamseg_studio.engine.scene.review import neighbour

        document = self._session.document
        if document is None:
            return False
        if document.prediction is not self._prediction or not self._places:
            self._prediction, self._current = document.prediction, None
            self._places = _places_of(document)
        index = neighbour(self._places, self._current, step)
        while index is not None and _is_vouched(document, self._places[index]):
            index = neighbour(self._places, index, step)
        if index is None:
            return False
        self._current = index
        place = self._places[index]
        reach = max(round(_VIEW * max(document.map.shape) / 2), 16)
        box = Box(place.y, place.x, place.y + 1, place.x + 1).grown(reach, document.map.shape)
        self.place_reached.emit(place, index + 1, len(self._places), box)
        return True

    @property
    def image_order(self) -> tuple[int, ...]:
        """All images that the model has labelled, by how unsure it was of them."""
        from seamseg_studio.engine.scene.review import review_order

        records = self._session.records
        return review_order({record.id: record.uncertainty for record in records if record.uncertainty is not None})

    def open_next_image(self) -> None:
        """Opens the most uncertain image that nobody has accepted, other than the open one."""
        document = self._session.document
        for image_id in self.image_order:
            record = self._session.record(image_id)
            is_open = document is not None and document.record.id == image_id
            if record is not None and record.status != "accepted" and not is_open:
                self._session.open_image(image_id)
                return
        text = self.tr("Every other image that the model has labelled is accepted.")
        self._session.post(Message(self.tr("No image is left to review"), text, key="review"))

    def _on_session_project_changed(self) -> None:
        self._prediction, self._places, self._current = None, (), None


def _places_of(document: Document) -> tuple[Place, ...]:
    """The uncertain places of an image, as far as no person has said what they are."""
    import numpy as np

    from seamseg_studio.engine.scene.panoptic_map import Origin
    from seamseg_studio.engine.scene.review import places

    prediction = document.prediction
    if prediction is None or prediction.uncertainty is None:
        return ()
    vouched = document.map.provenance == Origin.HUMAN.code
    return places(document.map.ids, np.where(vouched, 0, prediction.uncertainty).astype(np.uint8))


def _is_vouched(document: Document, place: Place) -> bool:
    from seamseg_studio.engine.scene.panoptic_map import Origin

    return int(document.map.provenance[place.y, place.x]) == Origin.HUMAN.code
