"""A training as it happens: how far, the losses and the quality as curves, its log, and the new model at the end."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QWidget

from seamseg_studio.app.jobs.trainer_process import TrainerProcess
from seamseg_studio.app.jobs.training_events import Outcome, Step, Validation
from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.panels.curves import LossCurve, QualityCurve
from seamseg_studio.app.panels.fields import muted
from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.words.plain_text import PlainLabel

_LOG_LINES = 500
_CURVE_PX, _CURVE_OF_TWO_PX = 104, 72  # below, nobody can read it


class TrainingPanel(Panel):
    """Shows one training and what to do with its result.

    Signals:
        use_requested: The path of the bundle that the engine should load.
        start_requested: The person wants to start a training.
        compare_requested: The person wants to see the new model beside its base.
        go_back_requested: The person wants the model back that labelled before.
    """

    use_requested = Signal(Path)
    start_requested = Signal()
    compare_requested = Signal()
    go_back_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("training", "", parent)
        self.title = self.tr("Training")
        self.setAccessibleName(self.title)
        self.bar.heading.setText(self.title.upper())
        self.process: TrainerProcess | None = None
        self._outcome: Outcome | None = None
        self._can_compare = self._can_go_back = False
        self.state = PlainLabel(self.tr("No training yet."), self)
        self.state.setWordWrap(True)
        self.add_field(self.state)
        self.curve, self.quality = LossCurve(theme), QualityCurve(theme)
        self.curve.setMinimumHeight(_CURVE_PX)
        self.column.addWidget(self.curve, 2)
        self.column.addWidget(self.quality, 2)
        self.curve.hide()  # a curve of nothing says nothing
        self.quality.hide()
        self.losses = muted("", self)
        self.losses.setWordWrap(True)
        self.add_field(self.losses)
        self.log = QPlainTextEdit(self)
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(_LOG_LINES)
        self.log.setAccessibleName(self.tr("Log of the training"))
        self.log.setMinimumHeight(48)
        self.log.setMaximumHeight(110)
        self.log.hide()
        self.add_field(self.log)
        self._add_buttons()
        self._show_buttons()

    def _add_buttons(self) -> None:
        self.start_button = QPushButton(self.tr("Train…"), self)
        self.pause_button = QPushButton(self.tr("Pause"), self)
        self.stop_button = QPushButton(self.tr("Stop"), self)
        self.log_button = QPushButton(self.tr("Log"), self)
        self.log_button.setCheckable(True)
        self.use_button = QPushButton(self.tr("Use the new model"), self)
        self.compare_button = QPushButton(self.tr("Compare…"), self)
        self.back_button = QPushButton(self.tr("Go back"), self)
        self.back_button.setToolTip(self.tr("Label with the model again that was used before"))
        upper = (self.use_button, self.compare_button, self.back_button)
        lower = (self.start_button, self.pause_button, self.stop_button, self.log_button)
        for buttons, bottom in ((upper, 0), (lower, 10)):
            row = QHBoxLayout()
            row.setContentsMargins(12, 0, 12, bottom)
            for button in buttons:
                row.addWidget(button)
            row.addStretch(1)
            self.column.addLayout(row)
        self.start_button.clicked.connect(self.start_requested)
        self.pause_button.clicked.connect(self._on_pause_clicked)
        self.stop_button.clicked.connect(self._on_stop_clicked)
        self.log_button.toggled.connect(self.log.setVisible)
        self.use_button.clicked.connect(self._on_use_clicked)
        self.compare_button.clicked.connect(self.compare_requested)
        self.back_button.clicked.connect(self.go_back_requested)

    @property
    def bundle(self) -> Path | None:
        """The bundle that the last training made."""
        return self._outcome.bundle if self._outcome is not None else None

    def show_models(self, *, can_compare: bool, can_go_back: bool) -> None:
        """Offers what can be done with models now."""
        self._can_compare, self._can_go_back = can_compare, can_go_back
        self._show_buttons()

    def show_process(self, process: TrainerProcess) -> None:
        """Follows `process` from its start."""
        self.process, self._outcome = process, None
        self.state.setText(self.tr("Starting…"))
        self.losses.clear()
        self.log.clear()
        self.set_summary("")
        self.curve.clear()
        self.curve.setMinimumHeight(_CURVE_PX)
        self.curve.show()
        self.quality.clear()
        self.quality.hide()
        process.started.connect(self._on_process_started)
        process.stepped.connect(self._on_process_stepped)
        process.validated.connect(self._on_process_validated)
        process.logged.connect(self.log.appendPlainText)
        process.progressed.connect(lambda progress: self.set_summary(progress.detail))
        process.pause_changed.connect(self._on_process_pause_changed)
        process.succeeded.connect(self._on_process_succeeded)
        process.failed.connect(lambda text: self._on_process_over(text))
        process.cancelled.connect(lambda: self._on_process_over(self.tr("Stopped.")))
        self._show_buttons()

    def _show_buttons(self) -> None:
        running = self.process is not None
        has_model = self._outcome is not None and not running
        self.start_button.setVisible(not running)
        self.pause_button.setVisible(running)
        self.pause_button.setText(self.tr("Resume") if self.process and self.process.paused else self.tr("Pause"))
        self.pause_button.setEnabled(running)
        self.stop_button.setVisible(running)
        self.stop_button.setEnabled(running)
        self.use_button.setVisible(has_model)
        is_promoted = self._outcome is None or self._outcome.is_promoted
        self.use_button.setProperty("role", "primary" if is_promoted else "")
        self.use_button.setText(self.tr("Use the new model") if is_promoted else self.tr("Use it all the same"))
        self.use_button.style().unpolish(self.use_button)
        self.use_button.style().polish(self.use_button)
        self.compare_button.setVisible(has_model and self._can_compare)
        self.back_button.setVisible(not running and self._can_go_back)

    def _on_process_started(self, num_steps: int, num_images: int, device: str) -> None:
        self.curve.start(num_steps)
        self.quality.start(num_steps)
        text = self.tr("{0} steps on {1} images, on {2}")
        self.state.setText(text.format(num_steps, num_images, device))

    def _on_process_stepped(self, step: Step) -> None:
        if any(step.losses.values()):  # not a step that only the base taught: its total is of another kind
            self.curve.add(step.number, step.total)
        parts = [f"{name} {value:.2f}" for name, value in step.losses.items()]
        self.losses.setText(
            self.tr("Step {0}: loss {1}").format(step.number, f"{step.total:.3f}") + "\n" + "  ".join(parts)
        )

    def _on_process_validated(self, validation: Validation) -> None:
        scores = ", ".join(f"{name.upper()} {100 * value:.1f}" for name, value in validation.scores.items())
        if "pq" in validation.scores:
            self.quality.add(validation.step, 100 * validation.scores["pq"])
            self.curve.setMinimumHeight(_CURVE_OF_TWO_PX)  # else the two lie over each other on a small screen
            self.quality.show()
        if validation.step == 0:
            self.state.setText(self.tr("The base, on what was held back: {0}").format(scores))
        else:
            self.state.setText(self.tr("After step {0}: {1}").format(validation.step, scores))

    def _on_process_pause_changed(self, paused: bool) -> None:
        if paused:
            self.state.setText(self.tr("Paused. It goes on from here whenever you like, also after a restart."))
        self._show_buttons()

    def _on_process_succeeded(self, bundle: Path) -> None:
        self._outcome = self.process.outcome if self.process is not None else Outcome(bundle)
        assert self._outcome is not None
        if not self._outcome.is_promoted:
            text = self.tr("Done. The new model is kept as a candidate: {0}.").format(self._outcome.reason)
        elif self._outcome.reason:
            text = self.tr("Done. The new model is better: {0}.").format(self._outcome.reason)
        else:
            text = self.tr("Done. The new model is ready.")
        self._on_process_over(text)

    def _on_process_over(self, text: str) -> None:
        self.process = None
        self.set_summary("")
        self.state.setText(text)
        self._show_buttons()

    def _on_pause_clicked(self) -> None:
        if self.process is not None:
            self.pause_button.setEnabled(False)
            self.process.set_paused(not self.process.paused)

    def _on_stop_clicked(self) -> None:
        if self.process is not None:
            self.stop_button.setEnabled(False)
            self.process.cancel()

    def _on_use_clicked(self) -> None:
        if self._outcome is not None:
            self.use_requested.emit(self._outcome.bundle)
