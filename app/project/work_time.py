"""How long a person works on each image, and how much work is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from seamseg_studio.app.project.session import Session
from seamseg_studio.engine.errors import SeamsegError

if TYPE_CHECKING:
    from seamseg_studio.engine.project import Project

IDLE_S = 60.0
"""So long after the last sign of the person the clock stands still: thinking is work, lunch is not."""
_TICK_MS = 1000
_MAX_TICK_S = 2.0
_STORE_EVERY_S = 30.0


class WorkTimer(QObject):
    """Counts the time that a person works on the open image and adds it to the project now and then.

    Signals:
        ticked: The times are others.
    """

    ticked = Signal()

    def __init__(
        self, session: Session, parent: QObject | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._clock = clock
        self._image: tuple[Project, int] | None = None
        self._stored_s = 0.0
        self._new_s = 0.0
        self._last_sign_s = self._last_tick_s = clock()
        self._median_s = 0.0
        self._num_accepted = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.tick)
        session.document_changed.connect(self._on_session_document_changed)
        session.image_changed.connect(self._on_session_image_changed)
        session.project_changed.connect(self._read_median)

    @property
    def seconds(self) -> float:
        """The time worked on the open image, in all sessions; 0 if none is open."""
        return self._stored_s + self._new_s

    @property
    def seconds_left(self) -> float | None:
        """What the images that nobody has accepted will take, at the median pace so far; None before one is known."""
        num_left = len(self._session.records) - self._session.num_with_status("accepted")
        if not self._median_s or not num_left:
            return None
        record = None if self._image is None else self._session.record(self._image[1])
        spent_s = self.seconds if record is not None and record.status != "accepted" else 0.0
        return max(0.0, self._median_s * num_left - spent_s)

    def touch(self, *_: object) -> None:
        """The person does something."""
        self._last_sign_s = self._clock()

    def tick(self) -> None:
        """Counts the time since the last call, if there was a sign of the person not long ago."""
        now_s = self._clock()
        passed_s, self._last_tick_s = now_s - self._last_tick_s, now_s
        if self._image is None or now_s - self._last_sign_s > IDLE_S:
            return
        self._new_s += min(passed_s, _MAX_TICK_S)  # a machine that slept has not worked
        if self._new_s >= _STORE_EVERY_S:
            self.store()
        self.ticked.emit()

    def store(self) -> None:
        """Adds what was counted to the project; if the disk refuses it is added later."""
        if self._image is None or not self._new_s or self._image[0].read_only:
            return
        project, image_id = self._image
        seconds, self._new_s = self._new_s, 0.0
        self._stored_s += seconds

        def keep(_: object = None) -> None:
            if self._image == (project, image_id):
                self._stored_s, self._new_s = self._stored_s - seconds, self._new_s + seconds

        work = self._session.work
        if work is not None and work.project is project:
            work.run(image_id, lambda _: project.add_time(image_id, seconds), on_failed=keep, must_finish=True)

    def _on_session_document_changed(self) -> None:
        document, project = self._session.document, self._session.project
        image = None if document is None or project is None else (project, document.record.id)
        if image == self._image:
            return
        self.store()
        self._image, self._new_s = image, 0.0
        self._stored_s = 0.0 if image is None else image[0].image(image[1]).seconds
        if document is not None:
            document.history_changed.connect(self.touch)
            document.selection_changed.connect(self.touch)
            document.region_changed.connect(self.touch)
            self.touch()
            self._last_tick_s = self._clock()
            self._timer.start()
        else:
            self._timer.stop()
        self.ticked.emit()

    def _on_session_image_changed(self) -> None:
        if self._session.num_with_status("accepted") != self._num_accepted:  # not after every stroke
            self._read_median()

    def _read_median(self) -> None:
        project = self._session.project
        self._num_accepted = self._session.num_with_status("accepted")
        self._median_s = 0.0
        if project is not None:
            with suppress(SeamsegError):  # a damaged count is told of when the project is opened again
                self._median_s = project.statistics().median_seconds
        self.ticked.emit()
