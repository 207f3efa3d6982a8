"""Reading an image to be worked on: photo and labels side by side, a quick small picture first where it is large."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seamseg_studio.app.jobs.job import JobBoard, JobCancelled, JobContext
from seamseg_studio.app.jobs.opening import Damage
from seamseg_studio.app.jobs.project_work import ProjectWork

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seamseg_studio.engine.project import ImageRecord, JournalEntry
    from seamseg_studio.engine.scene.panoptic_map import PanopticMap
    from seamseg_studio.engine.scene.panoptic_result import PanopticResult

    _Labels = tuple[PanopticMap, PanopticResult | None, list[JournalEntry]]

PREVIEW_FROM_PIXELS = 6_000_000  # what is smaller is read as fast as one looks
PREVIEW_SIDE_PX = 1500  # a quarter of 24 megapixels, which a decoder makes in a third of the time
_REDUCIBLE = {".jpg", ".jpeg"}  # their decoder makes a small picture faster than a large one


@dataclass(frozen=True, slots=True)
class Preview:
    """A small picture of `record`'s photo: [h, w, 3] uint8 RGB."""

    record: ImageRecord
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """Everything that a document of `record` needs.

    Attributes:
        record: As the project knows the image now.
        image: [H, W, 3] uint8 RGB.
        map: Its labels.
        prediction: The newest one.
        history: The steps of its journal.
        is_replaced: Whether its file had become another picture, so that its work begins anew.
    """

    record: ImageRecord
    image: NDArray[np.uint8]
    map: PanopticMap
    prediction: PanopticResult | None
    history: list[JournalEntry]
    is_replaced: bool = False


class ImageLoading:
    """Reads one image once."""

    def __init__(
        self,
        record: ImageRecord,
        work: ProjectWork,
        board: JobBoard,
        image: NDArray[np.uint8] | None = None,
        *,
        on_preview: Callable[[Preview], None],
        on_loaded: Callable[[LoadedImage], None],
        on_failed: Callable[[str], None],
        on_damaged: Callable[[Damage], None],
    ) -> None:
        """Starts nothing yet.

        Args:
            record: The image.
            work: Of its project.
            board: Whose threads read.
            image: The photo, if somebody has it.
            on_preview: Gets a `Preview` before the rest, if the photo is large.
            on_loaded: Gets all of it.
            on_failed: Learns, instead, why it cannot be read.
            on_damaged: Learns, instead, which of what the project keeps of it cannot be read.
        """
        self.record = record
        self._work = work
        self._board = board
        self._image = image
        self._labels: _Labels | None = None
        self._on_preview, self._on_loaded, self._on_failed = on_preview, on_loaded, on_failed
        self._on_damaged = on_damaged
        self.is_over = False
        self._has_begun_anew = False

    def start(self) -> None:
        """Begins to read."""
        if self._image is None and self._is_worth_a_preview:
            self._read(self._read_preview, self._on_preview_read)  # alone: the rest would only hold it up
        else:
            self._read_all()

    def cancel(self) -> None:
        """Nobody wants it any more; nothing is told."""
        self.is_over = True

    def _read_all(self) -> None:
        if self._image is None:
            self._read(self._read_photo, self._on_photo_read)
        self._read_labels_by(self._read_labels)

    def _read_labels_by(self, function: Callable[[JobContext], Any]) -> None:
        self._work.run(
            self.record.id,
            function,
            on_done=self._on_labels_read,
            on_failed=self._on_reading_failed,
            when_due=lambda: not self.is_over,
            urgent=True,
        )

    @property
    def _is_worth_a_preview(self) -> bool:
        record = self.record
        return record.height * record.width >= PREVIEW_FROM_PIXELS and record.path.suffix.lower() in _REDUCIBLE

    def _read(self, function: Callable[[JobContext], Any], on_done: Callable[[Any], None]) -> None:
        self._board.run("", function, on_done=on_done, on_failed=self._on_reading_failed, visible=False, urgent=True)

    # In other threads

    def _read_preview(self, _: JobContext) -> NDArray[np.uint8]:
        from seamseg_studio.engine.formats.image_file import CHOSEN_MAX_PIXELS, read_preview

        self._check_wanted()
        return read_preview(self.record.path, PREVIEW_SIDE_PX, CHOSEN_MAX_PIXELS)

    def _read_photo(self, _: JobContext) -> NDArray[np.uint8]:
        from seamseg_studio.engine.formats.image_file import CHOSEN_MAX_PIXELS, read_image

        self._check_wanted()
        return read_image(self.record.path, CHOSEN_MAX_PIXELS)

    def _read_labels(self, _: JobContext) -> _Labels | Damage:
        from seamseg_studio.engine.project import DamagedDatabaseError, DamagedError

        self._check_wanted()
        project, image_id = self._work.project, self.record.id
        try:
            return project.load_map(image_id), project.load_prediction(image_id), project.history(image_id)
        except DamagedDatabaseError as error:
            return Damage(project.folder, str(error))
        except DamagedError as error:
            return Damage(project.folder, str(error), image_id)

    def _read_labels_anew(self, context: JobContext) -> _Labels | Damage:
        self._check_wanted()
        self.record = self._work.project.take_new_file(self.record.id)
        return self._read_labels(context)

    def _check_wanted(self) -> None:
        if self.is_over:
            raise JobCancelled

    # On the window's thread

    def _on_preview_read(self, pixels: NDArray[np.uint8]) -> None:
        if not self.is_over:
            self._read_all()
            self._on_preview(Preview(self.record, pixels))

    def _on_photo_read(self, image: NDArray[np.uint8]) -> None:
        self._image = image
        self._tell_if_complete()

    def _on_labels_read(self, labels: _Labels | Damage) -> None:
        if isinstance(labels, Damage):
            if not self.is_over:
                self.is_over = True
                self._on_damaged(labels)
            return
        self._labels = labels
        self._tell_if_complete()

    def _tell_if_complete(self) -> None:
        if self.is_over or self._image is None or self._labels is None:
            return
        if self._labels[0].shape != self._image.shape[:2] and not self._has_begun_anew:
            # The file was replaced by another picture since it was labelled.
            self._has_begun_anew, self._labels = True, None
            self._read_labels_by(self._read_labels_anew)
            return
        self.is_over = True
        self._on_loaded(LoadedImage(self.record, self._image, *self._labels, self._has_begun_anew))

    def _on_reading_failed(self, text: str) -> None:
        if not self.is_over:
            self.is_over = True
            self._on_failed(text)
