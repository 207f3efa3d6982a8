"""The model's answers for an open image: stored in the background, never over the work of a person."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.jobs.job import JobContext
from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.panoptic_result import PanopticResult

if TYPE_CHECKING:
    from seamseg_studio.engine.project import Project

_COMMIT_S = 5.0  # a transaction takes milliseconds; a disk that hangs longer than that has other troubles


class Runner(Protocol):
    """Runs work in another thread; the callbacks come on the window's."""

    def __call__(
        self,
        function: Callable[[JobContext], Any],
        *,
        on_done: Callable[[Any], object],
        on_failed: Callable[[str], object],
    ) -> None: ...


def at_once(
    function: Callable[[JobContext], Any], *, on_done: Callable[[Any], object], on_failed: Callable[[str], object]
) -> None:
    """The `Runner` of a document without a window: here and now."""
    try:
        result = function(JobContext(lambda _: None))
    except (SeamsegError, OSError) as error:
        on_failed(str(error))
    else:
        on_done(result)


class _Storing:
    """One answer on its way to the disk. Whoever comes first decides whether it becomes the map."""

    def __init__(self, result: PanopticResult, bundle: str, next_id: int) -> None:
        self.result = result
        self._bundle = bundle
        self._next_id = next_id
        self._lock = threading.Lock()
        self._decision: bool | None = None
        self.finished = threading.Event()
        self.map: PanopticMap | None = None  # the map now, if it became that and nobody has taken it yet

    def store(self, project: Project, image_id: int) -> bool:
        """Writes the answer, in another thread; whether it became the map."""
        try:
            panoptic_map = self.result.to_map()
            panoptic_map.reserve_ids(self._next_id)
            became_map = project.store_prediction(
                image_id, self.result, self._bundle, may_become_map=self._may_become_map
            )
            if became_map:
                self.map = panoptic_map
            return became_map
        finally:
            self.finished.set()

    def claim(self) -> bool:
        """A person's work begins; whether it came first. If not, the answer is becoming the map just now."""
        with self._lock:
            if self._decision is None:
                self._decision = False
            return not self._decision

    def _may_become_map(self) -> bool:
        with self._lock:
            if self._decision is None:
                self._decision = True
            return self._decision


class PredictionIntake(QObject):
    """Keeps what the model says of one image; stores answers and says what becomes of each.

    Signals:
        adopted: The `PanopticMap` that the image has now, as nobody had worked on it.
        offered: A `PanopticResult` that is kept beside, as there is work of a person.
        failed: One could not be stored, as a sentence.
        stored: After any of these: what the project says about the image is new.
    """

    adopted = Signal(object)
    offered = Signal(object)
    failed = Signal(str)
    stored = Signal()

    def __init__(
        self,
        project: Project,
        image_id: int,
        prediction: PanopticResult | None,
        run: Runner,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._project = project
        self._image_id = image_id
        self._run = run
        self._under_way: list[_Storing] = []
        self._held: tuple[PanopticResult, str] | None = None
        self.prediction = prediction

    @property
    def second_choice(self) -> NDArray[np.uint8] | None:
        """The category that the model would say next, by pixel."""
        return self.prediction.second_choice if self.prediction is not None else None

    def hold(self, result: PanopticResult, bundle: str) -> None:
        """Keeps an answer until `take_held`: the project must know of all work before it decides."""
        self._held = (result, bundle)

    def take_held(self, next_id: int) -> None:
        """Stores the answer that was held, if there is one."""
        held, self._held = self._held, None
        if held is not None:
            self.store(*held, next_id)

    def store(self, result: PanopticResult, bundle: str, next_id: int) -> None:
        """Stores an answer; its segments' successors get ids from `next_id` on at the least."""
        storing = _Storing(result, bundle, next_id)
        self._under_way.append(storing)
        self._run(
            lambda _: storing.store(self._project, self._image_id),
            on_done=lambda became_map: self._on_stored(storing, became_map),
            on_failed=lambda text: self._on_failed(storing, text),
        )

    def human_acts(self) -> None:
        """To be called before a person's change: it wins over every answer that has not become the map yet."""
        for storing in list(self._under_way):
            if not storing.claim():
                storing.finished.wait(_COMMIT_S)
                self._take(storing)

    def _take(self, storing: _Storing) -> None:
        panoptic_map, storing.map = storing.map, None
        if panoptic_map is not None:
            self.prediction = storing.result
            self.adopted.emit(panoptic_map)

    def _on_stored(self, storing: _Storing, became_map: bool) -> None:
        self._under_way.remove(storing)
        self._take(storing)
        if not became_map:
            self.prediction = storing.result
            self.offered.emit(storing.result)
        self.stored.emit()

    def _on_failed(self, storing: _Storing, text: str) -> None:
        self._under_way.remove(storing)
        self.failed.emit(f"The prediction could not be stored: {text}")
        self.stored.emit()
