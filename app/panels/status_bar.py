"""The line at the foot of the window: what is under the pointer, what is saved, what is being done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from seamseg_studio.app.jobs.job import Job, JobBoard
from seamseg_studio.app.jobs.label_folder import duration_text
from seamseg_studio.app.look.icons import Icons
from seamseg_studio.app.panels.fields import ElidedLabel, muted
from seamseg_studio.app.words.plain_text import PlainLabel

if TYPE_CHECKING:
    from seamseg_studio.app.editing.document import Document


class JobLine(QWidget):
    """The job under way: what, how far, pause and cancel. Shows the youngest one and how many more there are."""

    def __init__(self, board: JobBoard, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self._icons = icons
        self.job: Job | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 4, 0)
        row.setSpacing(9)
        self.title = muted("", self)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(150)
        self.detail = muted("", self)
        self.pause_button = self._button(self.tr("Pause"), row_owner=row)
        self.cancel_button = self._button(self.tr("Cancel"), row_owner=row)
        for place, widget in enumerate((self.title, self.bar, self.detail)):
            row.insertWidget(place, widget)
        self.pause_button.clicked.connect(self.toggle_pause)
        self.cancel_button.clicked.connect(self.cancel)
        board.changed.connect(self._on_board_changed)
        icons.changed.connect(self._show)
        self._on_board_changed()

    def toggle_pause(self) -> None:
        """Holds the job shown, or lets it go on."""
        if self.job is not None and self.job.can_pause:
            self.job.set_paused(not self.job.paused)

    def cancel(self) -> None:
        """Cancels the job shown."""
        if self.job is not None:
            self.job.cancel()

    def _button(self, name: str, row_owner: QHBoxLayout) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("role", "flat")
        button.setAccessibleName(name)
        button.setToolTip(name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row_owner.addWidget(button)
        return button

    def _on_board_changed(self) -> None:
        jobs = self._board.jobs
        job = jobs[-1] if jobs else None
        if job is not self.job:
            if self.job is not None:
                self.job.progressed.disconnect(self._show)
            self.job = job
            if job is not None:
                job.progressed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.setVisible(self.job is not None)
        if self.job is None:
            return
        progress = self.job.progress
        others = len(self._board.jobs) - 1
        more = "  " + self.tr("(+{0} more)").format(others) if others else ""
        self.title.setText(
            (f"{self.job.title} {progress.done} / {progress.total}" if progress.total else self.job.title) + more
        )
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        self.bar.setAccessibleName(self.job.title)
        self.detail.setText(self.tr("paused") if self.job.paused else progress.detail)
        self.detail.setVisible(bool(self.detail.text()))
        self.pause_button.setVisible(self.job.can_pause)
        name = self.tr("Go on") if self.job.paused else self.tr("Pause")
        self.pause_button.setIcon(self._icons["play" if self.job.paused else "pause"])
        self.pause_button.setToolTip(name)
        self.pause_button.setAccessibleName(name)
        self.cancel_button.setIcon(self._icons["close"])


class StatusBar(QStatusBar):
    """Pointer, save state and hint at the left, the job under way at the right."""

    def __init__(self, board: JobBoard, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setAccessibleName(self.tr("Status"))
        self.setContentsMargins(8, 0, 6, 0)
        self.pointer = self._label(self.tr("Under the pointer"), 190)
        self.saved = self._label(self.tr("Saving"), 0)
        self.hint = ElidedLabel(self)
        self.hint.setAccessibleName(self.tr("Hint"))
        self.hint.setContentsMargins(4, 0, 8, 0)
        self.time = self._label(self.tr("Time on this image"), 0)
        self.jobs = JobLine(board, icons, self)
        self.addWidget(self.pointer)
        self.addWidget(self.saved)
        self.addWidget(self.hint, 1)
        self.addPermanentWidget(self.time)
        self.addPermanentWidget(self.jobs)

    def show_pointer(self, document: Document, y: int, x: int, segment_id: int) -> None:
        """Says what is under the pointer: category, score, place, and the model's second choice."""
        segment = document.map.segments.get(segment_id)
        parts = [self.tr("unlabelled")]
        if segment is not None:
            score = f" {segment.score:.2f}" if segment.score is not None else ""
            parts = [document.taxonomy[segment.category].name + score]
        parts.append(f"({x}, {y})")
        prediction = document.prediction
        if prediction is not None and prediction.second_choice is not None:
            second = int(prediction.second_choice[y, x])
            if second < len(document.taxonomy):
                parts.append(self.tr("2nd choice {0}").format(document.taxonomy[second].name))
        self.pointer.setText(" · ".join(parts))

    def show_time(self, seconds: float, seconds_left: float | None) -> None:
        """Says how long the open image has taken so far, and all that are left will take."""
        whole = round(seconds)
        text = f"{whole // 60}:{whole % 60:02d}"
        if seconds_left is not None:
            text += " · " + self.tr("about {0} left").format(duration_text(seconds_left))
        self.time.setText(text)
        self.time.setToolTip(self.tr("Time you have worked on this image, and what is left at your median pace"))

    def _label(self, name: str, width: int) -> QLabel:
        label = PlainLabel(self)
        label.setAccessibleName(name)
        label.setMinimumWidth(width)
        label.setContentsMargins(4, 0, 8, 0)
        return label
