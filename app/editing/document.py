"""One open image: its panoptic map, the selection, and every change of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.editing.journal_writer import SAVE_ERRORS, HistoryEntry, JournalWriter
from seamseg_studio.app.editing.journalled import Journalled
from seamseg_studio.app.editing.prediction_intake import PredictionIntake, Runner, at_once
from seamseg_studio.app.editing.segment_edits import Attempt, MakePatch
from seamseg_studio.app.jobs.background import Background
from seamseg_studio.engine.scene.errors import SceneError
from seamseg_studio.engine.scene.geometry import EMPTY_BOX, Box
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.replacement import replace_content
from seamseg_studio.engine.scene.stroke import Stroke
from seamseg_studio.engine.scene.taxonomy import VOID

if TYPE_CHECKING:
    from seamseg_studio.engine.project import ImageRecord, Project

AT_ONCE_PX = 1 << 18
"""Edits that look at more pixels than this do not hold the window up: they are worked out in the background."""

_READ_ONLY = "This project is open in another window, so nothing can be changed here; close the other window first."


class Document(Journalled):
    """One open image and the only writer of its panoptic map.

    Every change is a patch: applied to the map, then appended to the project's journal before control returns.

    Signals:
        region_changed: The ids inside a `Box` changed.
        segments_changed: Records of a frozenset of ids changed, appeared or went; an empty one means all.
        map_replaced: `map` is another object now (a first prediction arrived).
        history_changed: The journal changed.
        steps_changed: Undo or redo may do something else now: after each change and at both ends of a stroke.
        saved_changed: Whether all work is on disk, as a sentence.
        save_failed: Work could not be written and is kept in memory, as a sentence; once until writing works again.
        edit_failed: An edit could not be made, as a sentence for a person.
        working_changed: Whether an edit is being worked out in the background.
        prediction_offered: A `PanopticResult` arrived for an image with human work; it was kept beside, not applied.
        prediction_stored: The project says something new about the image's labels.
        closing: Gestures under way end now, keeping what they did.
    """

    region_changed = Signal(object)
    segments_changed = Signal(object)
    map_replaced = Signal()
    history_changed = Signal()
    steps_changed = Signal()
    saved_changed = Signal(str)
    save_failed = Signal(str)
    edit_failed = Signal(str)
    working_changed = Signal(bool)
    prediction_offered = Signal(object)
    prediction_stored = Signal()
    closing = Signal()

    def __init__(
        self,
        project: Project,
        record: ImageRecord,
        image: NDArray[np.uint8],
        panoptic_map: PanopticMap,
        prediction: PanopticResult | None = None,
        parent: QObject | None = None,
        run: Runner = at_once,
        history: Sequence[HistoryEntry] | None = None,
    ) -> None:
        """Args:
        project: Where changes are kept.
        record: The image's line in the project.
        image: Its pixels. [H, W, 3] uint8, RGB.
        panoptic_map: Its map, as `project.load_map` gives it; this document becomes its only writer.
        prediction: What the model said, for the eraser's second choice.
        parent: Qt's owner.
        run: What does slow work on the image's files.
        history: The image's steps, read beforehand: thousands take longer than a frame. Read now if missing.

        Raises:
            ValueError: Image and map differ in size.
        """
        super().__init__(panoptic_map, project.taxonomy, parent)
        if image.shape[:2] != panoptic_map.shape:
            raise ValueError(f"the image is {image.shape[:2]}, its map {panoptic_map.shape}")
        self.project = project
        self.record = record
        self.image = image
        self._stroke: Stroke | None = None
        self._stroke_erases = False
        self._stroke_box = EMPTY_BOX
        self._worker: Background[Attempt] = Background("edit", self._on_worker_ready, self)
        self._journal = JournalWriter(project, record.id, self, history)
        self.is_changed = False  # since it was opened
        self._journal.saved_changed.connect(self._take_held_prediction)
        self._journal.saved_changed.connect(self.saved_changed)
        self._journal.save_failed.connect(self.save_failed)
        self._intake = PredictionIntake(project, record.id, prediction, run, self)
        self._intake.adopted.connect(self._replace_map)
        self._intake.offered.connect(self.prediction_offered)
        self._intake.failed.connect(self.edit_failed)
        self._intake.stored.connect(self.prediction_stored)
        self.history_changed.connect(self.steps_changed)

    @property
    def prediction(self) -> PanopticResult | None:
        return self._intake.prediction

    @property
    def read_only(self) -> bool:
        return self.project.read_only

    # Changes

    def commit(self, patch: Patch) -> bool:
        """Applies a patch and appends it to the journal; an empty one does nothing. Whether the map changed."""
        if patch.is_empty or not self._may_edit():
            return False
        self.finish_stroke()
        try:
            patch.apply(self._map)
        except SceneError as error:
            self.edit_failed.emit(str(error))
            return False
        self._journal.append(patch)
        self._tell_changed(patch)
        self.corrected.emit(patch)
        return True

    @property
    def second_choice(self) -> NDArray[np.uint8] | None:
        """The model's runner-up category per pixel, if the image was labelled. [H, W] uint8."""
        return self._intake.second_choice

    def paint_target(self) -> int | Segment:
        """What is painted now: the selected segment if it is the only one of the current category, else a new one."""
        selected = [i for i in self._selection if self._map.segments[i].category == self._category]
        if len(selected) == 1:
            return selected[0]
        return Segment(self._category, origin=Origin.HUMAN)

    def edit(self, make: MakePatch, *, num_pixels: int = 0, then: Callable[[Patch], object] | None = None) -> bool:
        """Makes a patch by the policy in force and commits it as one undo step; whether it did, or soon will.

        A `SceneError` of `make` is told through `edit_failed`.

        Args:
            make: Reads the map, changes nothing. Called in another thread if there is much to look at; until it is
                done nobody else writes the map: whoever wants to waits for it.
            num_pixels: How many pixels it has to look at, about.
            then: Called with the patch once it is applied.
        """
        self.finish_stroke()
        if not self._may_edit():
            return False
        policy = self.effective_policy
        if num_pixels <= AT_ONCE_PX:
            return self._take_attempt(Attempt(make, policy, then))
        self._worker.request(lambda: Attempt(make, policy, then))
        self.working_changed.emit(True)
        return True

    @property
    def working(self) -> bool:
        """Whether an edit is being worked out in the background."""
        return self._worker.busy

    # The stroke under way

    @property
    def stroke_active(self) -> bool:
        return self._stroke is not None

    def begin_stroke(self, *, erase: bool = False) -> bool:
        """Begins a gesture of brush or eraser; a stroke still under way is finished first. Whether it began.

        A stuff category is painted into its segment. A thing is painted into the selected segment if that is one of
        its category, else as a new instance.
        """
        self.finish_stroke()
        if not self._may_edit():
            return False
        policy = self.effective_policy
        target = None if erase else self.paint_target()
        try:
            self._stroke = Stroke(self._map, target, policy, second_choice=self.second_choice)
        except SceneError as error:
            self.edit_failed.emit(str(error))
            return False
        self._stroke_erases = erase
        self._stroke_box = EMPTY_BOX
        self.steps_changed.emit()
        if not erase:
            self.segments_changed.emit(frozenset({self._stroke.target_id}))  # its colour must be known to draw it
        return True

    def stroke_to(self, y: float, x: float, radius_px: float) -> None:
        """Moves the stroke to (y, x), sweeping everything on the way; shown at once."""
        assert self._stroke is not None
        box = self._stroke.line_to((y, x), radius_px)
        if not box.is_empty:
            self._stroke_box = self._stroke_box.union(box)
            self.region_changed.emit(box)

    def finish_stroke(self) -> bool:
        """Ends what is under way and journals it as one undo step; whether a stroke changed anything."""
        self._worker.finish()
        stroke, self._stroke = self._stroke, None
        if stroke is None:
            return False
        patch = stroke.finish("erase" if self._stroke_erases else f"paint {self.taxonomy[self._category].name}")
        if patch is None:
            self._tell_stroke_undone(stroke, self._stroke_box)
        else:
            self._journal.append(patch)
            if not self._stroke_erases and self.taxonomy.is_thing(self._category):
                # The next stroke then goes on with this instance.
                self.set_selection({stroke.target_id})
            self._tell_changed(patch)
            self.corrected.emit(patch)
        self.steps_changed.emit()
        self._take_held_prediction()
        return patch is not None

    def cancel_stroke(self) -> None:
        """Takes the stroke back as if it had not been."""
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            self._tell_stroke_undone(stroke, stroke.cancel())
            self.steps_changed.emit()
            self._take_held_prediction()

    # History

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back, the stroke under way included."""
        return self._stroke is not None or self._journal.num_done > 0

    def undo(self) -> bool:
        """Takes the last change back, or the one under way; whether there was one."""
        if self._stroke is not None:
            self.cancel_stroke()
            return True
        if self._worker.busy:
            self._worker.drop()
            self.working_changed.emit(False)
            self._take_held_prediction()
            return True
        return self._travel(self._journal.undo, Patch.revert)

    def redo(self) -> bool:
        """Makes the change that was taken back last again; whether there was one."""
        if self._stroke is not None:
            return False
        return self._travel(self._journal.redo, Patch.apply)

    # Predictions

    def receive_prediction(self, result: PanopticResult, bundle: str) -> None:
        """Takes the model's answer. It becomes the map only if no human has worked on the image, else it is offered.

        Both come later, by `map_replaced` or `prediction_offered`: it is written in the background. While a gesture is
        under way, or changes wait for the disk, it is not written either: the project must know of them to decide.
        """
        self._intake.hold(result, bundle)
        self._take_held_prediction()

    def apply_prediction(self) -> bool:
        """Returns the map to the prediction, as one undo step; whether there is one."""
        if (prediction := self.prediction) is None:
            return False
        return self.edit(
            lambda _: replace_content(self._map, prediction.to_map(), "back to the prediction"),
            num_pixels=self._map.ids.size,
        )

    def close(self) -> bool:
        """Finishes what is under way and writes what waits; whether all work is on disk, else it goes on trying."""
        self.closing.emit()
        self.finish_stroke()
        return self.save()

    def discard(self) -> None:
        """The last thing that is done with a closed document."""
        del self._worker  # knows this document: image and map would stay until Python looks for circles
        self.deleteLater()

    # Within

    def _may_edit(self) -> bool:
        """Whether edits are possible; to be asked before each, as it also settles what answers under way become."""
        if self.read_only:
            self.edit_failed.emit(_READ_ONLY)
            return False
        self._intake.human_acts()
        return True

    def _take_attempt(self, attempt: Attempt) -> bool:
        if attempt.error:
            self.edit_failed.emit(attempt.error)
        if attempt.patch is None or not self.commit(attempt.patch):
            return False
        if attempt.then is not None:
            attempt.then(attempt.patch)
        return True

    def _on_worker_ready(self, attempt: Attempt) -> None:
        self._take_attempt(attempt)
        self.working_changed.emit(False)
        self._take_held_prediction()

    def _travel(self, fetch: Callable[[], Patch | None], step: Callable[[Patch, PanopticMap], None]) -> bool:
        if not self._may_edit():
            return False
        self._worker.finish()
        try:
            patch = fetch()
        except SAVE_ERRORS as error:
            self.edit_failed.emit(str(error))
            return False
        if patch is None:
            return False
        try:
            step(patch, self._map)
        except SceneError:
            # The journal is the truth: what it holds is read anew.
            self._reload_map()
        else:
            self._tell_changed(patch)
        return True

    def _reload_map(self) -> None:
        try:
            self._journal.reload()
            panoptic_map = self.project.load_map(self.record.id)
        except SAVE_ERRORS as error:
            self.edit_failed.emit(str(error))
            return
        self._replace_map(panoptic_map)

    def _replace_map(self, panoptic_map: PanopticMap) -> None:
        self._map = panoptic_map
        self.map_replaced.emit()
        self.set_selection(())
        self.region_changed.emit(self._map.box)
        self.segments_changed.emit(frozenset())
        self.history_changed.emit()

    def _tell_changed(self, patch: Patch) -> None:
        self.is_changed = True
        if not patch.box.is_empty:
            self.region_changed.emit(patch.box)
        touched = patch.touched_ids
        if touched:
            self.segments_changed.emit(touched)
        self.set_selection(self._selection)  # drops what is gone
        self.history_changed.emit()

    def _tell_stroke_undone(self, stroke: Stroke, box: Box) -> None:
        if not box.is_empty:
            self.region_changed.emit(box)
        if stroke.target_id != VOID:
            self.segments_changed.emit(frozenset({stroke.target_id}))

    def _take_held_prediction(self) -> None:
        if self._stroke is None and not self._worker.busy and not self._journal.num_waiting:
            self._intake.take_held(self._map.next_id())
