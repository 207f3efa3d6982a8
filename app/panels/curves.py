"""Curves of a training, drawn small: faint as they are, strong smoothed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from seamseg_studio.app.look.theme import Theme

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


class Curve(QWidget):
    """Base of the curves: a frame with numbers left and below, and points in it."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.points: list[tuple[int, float]] = []
        self.total_steps = 0
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(260, 120)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 72)

    def start(self, total_steps: int) -> None:
        """Sets how long the curve will be; keeps its points."""
        self.total_steps = total_steps
        self.update()

    def clear(self) -> None:
        """Begins anew."""
        self.points, self.total_steps = [], 0
        self.update()

    def add(self, step: int, value: float) -> None:
        """Adds the value after a step; those of later steps, before a training went on again, are dropped."""
        while self.points and self.points[-1][0] >= step:
            self.points.pop()
        self.points.append((step, value))
        self.setAccessibleDescription(self.describe(value))
        self.update()

    def describe(self, value: float) -> str:
        """What a screen reader says."""
        return f"{value:.3f}"

    def top(self) -> float:
        """The highest number of the frame."""
        return max((value for _, value in self.points), default=1.0) * 1.05 or 1.0

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(44, 8, -12, -22)
        top = self.top()
        self._paint_frame(painter, frame, top)
        self.paint_points(painter, frame, top)
        painter.end()

    def paint_points(self, painter: QPainter, frame: QRectF, top: float) -> None:
        """Draws the values."""
        faint = self.theme.tones.color("accent_bright")
        faint.setAlpha(90)
        steps = [step for step, _ in self.points]
        values = [value for _, value in self.points]
        strong = QPen(self.theme.tones.color("accent_bright"), 2)
        for heights, pen in ((values, QPen(faint, 1)), (smoothed(values), strong)):
            painter.setPen(pen)
            places = [self.place(frame, top, steps[i], value) for i, value in thinned(heights)]
            painter.drawPolyline(QPolygonF(places))

    def place(self, frame: QRectF, top: float, step: int, value: float) -> QPointF:
        """Where a value is drawn."""
        share = step / max(self._last_step(), 1)
        return QPointF(frame.left() + share * frame.width(), frame.bottom() - value / top * frame.height())

    def _last_step(self) -> int:
        return max(self.total_steps, self.points[-1][0] if self.points else 0, 1)

    def _paint_frame(self, painter: QPainter, frame: QRectF, top: float) -> None:
        tones = self.theme.tones
        num_parts = int(min(max(frame.height() // (self.fontMetrics().height() + 6), 1), 3))
        for part in range(num_parts + 1):
            share = part / num_parts
            y = frame.bottom() - share * frame.height()
            painter.setPen(QPen(tones.color("border"), 1))
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            painter.setPen(tones.color("muted"))
            place = QRectF(0, y - 9, frame.left() - 7, 18)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{share * top:.1f}")
        below = QRectF(frame.left(), frame.bottom() + 3, frame.width(), 18)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, self.toolTip())
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, str(self._last_step()))


class LossCurve(Curve):
    """The total loss over the steps."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self.setAccessibleName(self.tr("Loss curve"))
        self.setToolTip(self.tr("Loss"))

    def describe(self, value: float) -> str:
        return self.tr("Loss {0} after {1} steps").format(f"{value:.3f}", self.points[-1][0])


class QualityCurve(Curve):
    """PQ on the images held back, 0 to 100, with a line where the base is (step 0)."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self.setAccessibleName(self.tr("Quality curve"))
        self.setToolTip(self.tr("PQ on what was held back"))

    def describe(self, value: float) -> str:
        return self.tr("PQ {0} after {1} steps").format(f"{value:.1f}", self.points[-1][0])

    def paint_points(self, painter: QPainter, frame: QRectF, top: float) -> None:
        tones = self.theme.tones
        base = next((value for step, value in self.points if step == 0), None)
        if base is not None:
            painter.setPen(QPen(tones.color("muted"), 1, Qt.PenStyle.DashLine))
            y = self.place(frame, top, 0, base).y()
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
        painter.setPen(QPen(tones.color("good"), 2))
        places = [self.place(frame, top, step, value) for step, value in self.points]
        painter.drawPolyline(QPolygonF(places))
        painter.setBrush(tones.color("good"))
        for place in places:
            painter.drawEllipse(place, 2.5, 2.5)
