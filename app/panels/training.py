"""A training as it happens: how far, the losses as a curve, and the new model at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from seamseg_studio.app.jobs.trainer_process import Step, TrainerProcess, Validation
from seamseg_studio.app.panels.fields import muted
from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.theme import Theme

_MAX_POINTS = 400
_SMOOTHING = 0.12


def smoothed(values: Sequence[float]) -> list[float]:
    """An exponential mean that follows the values after a few steps."""
    result: list[float] = []
    for value in values:
        result.append(value if not result else result[-1] + _SMOOTHING * (value - result[-1]))
    return result


def thinned(values: Sequence[float], limit: int = _MAX_POINTS) -> list[tuple[int, float]]:
    """At most `limit` of the values with their places, the last always among them."""
    stride = max(1, -(-len(values) // limit))
    places = sorted({*range(0, len(values), stride), *([len(values) - 1] if values else [])})
    return [(place, values[place]) for place in places]


class LossCurve(QWidget):
    """The total loss over the steps: faint as it is, strong smoothed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._values: list[float] = []
        self._total_steps = 0
        self.setAccessibleName(self.tr("Loss curve"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(260, 140)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 80)

    def start(self, total_steps: int) -> None:
        """Begins an empty curve as long as `total_steps`."""
        self._values, self._total_steps = [], total_steps
        self.update()

    def add(self, value: float) -> None:
        """Adds the loss of the next step."""
        self._values.append(value)
        self.setAccessibleDescription(self.tr("Loss {0} after {1} steps").format(f"{value:.3f}", len(self._values)))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tones = self._theme.tones
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(44, 8, -12, -22)
        painter.setPen(QPen(tones.color("border"), 1))
        top = max(self._values, default=1.0) * 1.05 or 1.0
        num_parts = int(min(max(frame.height() // (self.fontMetrics().height() + 6), 1), 3))
        for part in range(num_parts + 1):
            share = part / num_parts
            y = frame.bottom() - share * frame.height()
            painter.setPen(QPen(tones.color("border"), 1))
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            painter.setPen(tones.color("muted"))
            place = QRectF(0, y - 9, frame.left() - 7, 18)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{share * top:.1f}")
        steps = max(self._total_steps, len(self._values), 2)
        below = QRectF(frame.left(), frame.bottom() + 3, frame.width(), 18)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "1")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, str(steps))
        faint = tones.color("accent_bright")
        faint.setAlpha(90)
        for values, pen in (
            (self._values, QPen(faint, 1)),
            (smoothed(self._values), QPen(tones.color("accent_bright"), 2)),
        ):
            points = [
                QPointF(
                    frame.left() + place / (steps - 1) * frame.width(), frame.bottom() - value / top * frame.height()
                )
                for place, value in thinned(values)
            ]
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF(points))
        painter.end()


class TrainingPanel(Panel):
    """Shows one training and what to do with its result.

    Signals:
        use_requested: The path of the bundle that the engine should load.
        start_requested: The person wants to start a training.
    """

    use_requested = Signal(Path)
    start_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("training", "", parent)
        self.title = self.tr("Training")
        self.setAccessibleName(self.title)
        self.bar.heading.setText(self.title.upper())
        self.process: TrainerProcess | None = None
        self._bundle: Path | None = None
        self.state = QLabel(self.tr("No training yet."), self)
        self.state.setWordWrap(True)
        self.add_field(self.state)
        self.curve = LossCurve(theme)
        self.column.addWidget(self.curve, 1)
        self.losses = muted("", self)
        self.losses.setWordWrap(True)
        self.add_field(self.losses)
        self.start_button = QPushButton(self.tr("Train…"), self)
        self.stop_button = QPushButton(self.tr("Stop"), self)
        self.use_button = QPushButton(self.tr("Use the new model"), self)
        self.use_button.setProperty("role", "primary")
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 12, 10)
        for button in (self.start_button, self.stop_button, self.use_button):
            row.addWidget(button)
        row.addStretch(1)
        self.column.addLayout(row)
        self.start_button.clicked.connect(self.start_requested)
        self.stop_button.clicked.connect(self._on_stop_clicked)
        self.use_button.clicked.connect(self._on_use_clicked)
        self._show_buttons()

    @property
    def bundle(self) -> Path | None:
        """The bundle that the last training made."""
        return self._bundle

    def show_process(self, process: TrainerProcess) -> None:
        """Follows `process` from its start."""
        self.process, self._bundle = process, None
        self.state.setText(self.tr("Starting…"))
        self.losses.clear()
        self.set_summary("")
        self.curve.start(0)
        process.started.connect(self._on_process_started)
        process.stepped.connect(self._on_process_stepped)
        process.validated.connect(self._on_process_validated)
        process.progressed.connect(lambda progress: self.set_summary(progress.detail))
        process.succeeded.connect(self._on_process_succeeded)
        process.failed.connect(lambda text: self._on_process_over(text))
        process.cancelled.connect(lambda: self._on_process_over(self.tr("Stopped.")))
        self._show_buttons()

    def _show_buttons(self) -> None:
        running = self.process is not None
        self.start_button.setVisible(not running)
        self.stop_button.setVisible(running)
        self.stop_button.setEnabled(running)
        self.use_button.setVisible(self._bundle is not None and not running)

    def _on_process_started(self, num_steps: int, num_images: int, device: str) -> None:
        self.curve.start(num_steps)
        text = self.tr("{0} steps on {1} images, on {2}")
        self.state.setText(text.format(num_steps, num_images, device))

    def _on_process_stepped(self, step: Step) -> None:
        self.curve.add(step.total)
        parts = [f"{name} {value:.2f}" for name, value in step.losses.items()]
        self.losses.setText(
            self.tr("Step {0}: loss {1}").format(step.number, f"{step.total:.3f}") + "\n" + "  ".join(parts)
        )

    def _on_process_validated(self, validation: Validation) -> None:
        scores = ", ".join(f"{name.upper()} {100 * value:.1f}" for name, value in validation.scores.items())
        self.state.setText(self.tr("After step {0}: {1}").format(validation.step, scores))

    def _on_process_succeeded(self, bundle: Path) -> None:
        self._bundle = bundle
        self._on_process_over(self.tr("Done. The new model is ready."))

    def _on_process_over(self, text: str) -> None:
        self.process = None
        self.set_summary("")
        self.state.setText(text)
        self._show_buttons()

    def _on_stop_clicked(self) -> None:
        if self.process is not None:
            self.stop_button.setEnabled(False)
            self.process.cancel()

    def _on_use_clicked(self) -> None:
        if self._bundle is not None:
            self.use_requested.emit(self._bundle)
