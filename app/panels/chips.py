"""The three chips at the top right: which project, which model, how the engine is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from seamseg_studio.app.words.plain_text import plain_tip
from seamseg_studio.engine.service.protocol import EngineKind, EngineState

if TYPE_CHECKING:
    from seamseg_studio.app.studio import Studio

_DOT_PX = 8
_DOT_WIDTH_PX = 13
_NUM_LENGTHS = 3  # of what a chip says: with its word, the name alone, the name cut
_SHORT_PX = 60
_TONES = {
    EngineKind.READY: "good",
    EngineKind.BUSY: "info",
    EngineKind.STARTING: "warning",
    EngineKind.LOADING: "warning",
    EngineKind.RESTARTING: "warning",
    EngineKind.FAILED: "danger",
    EngineKind.STOPPED: "muted",
}


def device_text(device: str) -> str:
    """A device as people call it."""
    name, _, number = device.partition(":")
    return f"GPU {number or 0}" if name == "cuda" else name.upper() if name == "cpu" else ""


def dot(color: QColor, ratio: float) -> QIcon:
    """A filled circle with some air to its right."""
    picture = QPixmap(round(_DOT_WIDTH_PX * ratio), round(_DOT_PX * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawEllipse(0, 0, _DOT_PX, _DOT_PX)
    painter.end()
    return QIcon(picture)


class Chips(QWidget):
    """Project, model and engine; a click offers what can be done about each."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._bar = parent
        self._is_fitting = False
        self._texts: dict[QToolButton, tuple[str, str]] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 8, 0)
        row.setSpacing(8)
        self.project = self._chip(row)
        self.model = self._chip(row)
        self.engine = self._chip(row)
        self.engine.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.engine.setIconSize(QSize(_DOT_WIDTH_PX, _DOT_PX))
        self._words = {
            EngineKind.STARTING: self.tr("starting"),
            EngineKind.LOADING: self.tr("loading the model"),
            EngineKind.READY: self.tr("ready"),
            EngineKind.BUSY: self.tr("working"),
            EngineKind.RESTARTING: self.tr("restarting"),
            EngineKind.FAILED: self.tr("failed"),
            EngineKind.STOPPED: self.tr("stopped"),
        }
        studio.session.project_changed.connect(self._show_project)
        studio.engine.state_changed.connect(self._show_engine)
        studio.engine.model_changed.connect(self._show_model)
        studio.theme.changed.connect(lambda: self._show_engine(studio.engine.state))
        self._show_project()
        self._show_model()
        self._show_engine(studio.engine.state)
        if parent is not None:
            parent.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and not self._is_fitting:
            self._fit()
        return False

    def set_actions(self, project: Sequence[QAction], model: Sequence[QAction], engine: Sequence[QAction]) -> None:
        """Offers `project`, `model` and `engine` on a click of the chip of that name."""
        for chip, actions in ((self.project, project), (self.model, model), (self.engine, engine)):
            menu = QMenu(chip)
            menu.setToolTipsVisible(True)
            menu.addActions(list(actions))
            chip.setMenu(menu)

    def _chip(self, row: QHBoxLayout) -> QToolButton:
        chip = QToolButton(self)
        chip.setProperty("role", "chip")
        chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        chip.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        chip.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row.addWidget(chip)
        return chip

    def _show_project(self) -> None:
        project = self._studio.session.project
        self.project.setVisible(project is not None)
        if project is not None:
            text = self.tr("Project  {0}").format(project.folder.stem)
            ending = "  ·  " + self.tr("read only") if project.read_only else ""
            self._name(self.project, text + ending, project.folder.stem + ending)
            self.project.setToolTip(plain_tip(str(project.folder)))
            self.project.setAccessibleName(text)
        self._fit()

    def _show_model(self) -> None:
        model = self._studio.engine.model
        self.model.setVisible(model is not None)
        if model is not None:
            text = self.tr("Model  {0}").format(model.name)
            self._name(self.model, text, model.name)
            self.model.setAccessibleName(text)
            size = f"{model.num_parameters / 1e6:.1f}"
            tip = self.tr("{0}\n{1} million parameters").format(model.card_title or model.name, size)
            self.model.setToolTip(plain_tip(tip))
        self._fit()

    def _show_engine(self, state: EngineState) -> None:
        device = device_text(state.device)
        word = self._words[state.kind]
        self.engine.setText(f"{device} · {word}" if device else self.tr("Engine · {0}").format(word))
        self.engine.setAccessibleName(self.engine.text())
        self.engine.setToolTip(plain_tip(state.message or word))
        self.engine.setIcon(dot(self._studio.theme.tones.color(_TONES[state.kind]), self.devicePixelRatioF()))
        self._fit()

    def _name(self, chip: QToolButton, text: str, short: str) -> None:
        """Remembers what a chip says where there is room, and where there is not."""
        self._texts[chip] = (text, short)
        chip.setText(text)

    def _fit(self) -> None:
        """Takes as much room as the menus leave: the words first, then the names, go where there is too little."""
        if self._bar is None or self._is_fitting:
            return
        self._is_fitting = True
        for length in range(_NUM_LENGTHS):
            for chip, (text, short) in self._texts.items():
                cut = self.fontMetrics().elidedText(short, Qt.TextElideMode.ElideMiddle, _SHORT_PX)
                chip.setText((text, short, cut)[length])
            self.adjustSize()
            if self._bar.sizeHint().width() <= self._bar.width():
                break
        # A menu bar asks its corner for a size only when it is resized itself.
        QCoreApplication.sendEvent(self._bar, QResizeEvent(self._bar.size(), self._bar.size()))
        self._is_fitting = False
