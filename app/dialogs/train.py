"""Says what a training will use, and starts it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from seamseg_studio.app.panels.fields import keep_labels_whole, muted
from seamseg_studio.app.words.plain_text import PlainLabel

if TYPE_CHECKING:
    from seamseg_studio.engine.project import ImageRecord


@dataclass(frozen=True, slots=True)
class TrainingMaterial:
    """What a training on the corrections of a project would learn from."""

    num_accepted: int
    num_edited: int

    @property
    def num_images(self) -> int:
        return self.num_accepted + self.num_edited


# Measured with the starter: seconds a step and before and after them, on two slow cores and on a GPU; and the limits
# that the trainer sets itself.
_STEP_S = {False: 0.6, True: 0.25}
_AROUND_S = {False: 40.0, True: 30.0}
_STEPS_PER_IMAGE, _MIN_STEPS, _MAX_STEPS = 8, 40, 2000
_MAX_CPU_S = 240.0
_WIDTH_PX = 444
_MIN_JUDGED = 5  # with fewer images none is held back


def estimated_minutes(num_images: int, *, on_gpu: bool) -> int:
    """About how many minutes a training takes, rounded up."""
    steps = min(max(_MIN_STEPS, _STEPS_PER_IMAGE * num_images), _MAX_STEPS)
    seconds = steps * _STEP_S[on_gpu]
    if not on_gpu:
        seconds = min(seconds, _MAX_CPU_S)
    return math.ceil((seconds + _AROUND_S[on_gpu]) / 60)


def material_of(records: Sequence[ImageRecord]) -> TrainingMaterial:
    """Counts the accepted images, and those not accepted in which a person changed something."""
    num_accepted = sum(record.status == "accepted" for record in records)
    num_edited = sum(record.status != "accepted" and record.num_edits > 0 for record in records)
    return TrainingMaterial(num_accepted, num_edited)


class TrainDialog(QDialog):
    """Shows the material, asks for a name.

    Signals:
        ordered: The name of the new model.
    """

    ordered = Signal(str)

    def __init__(
        self, material: TrainingMaterial, base: str, device: str, name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Train on the corrections"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._material = material
        form = QFormLayout()
        form.setSpacing(10)
        used = self.tr("Accepted images, entirely: {0}").format(material.num_accepted)
        used += "\n" + self.tr("Others, only what you changed in them: {0}").format(material.num_edited)
        form.addRow(self.tr("Learns from"), PlainLabel(used, self))
        form.addRow(self.tr("Begins with"), PlainLabel(base, self))
        form.addRow(self.tr("Runs on"), PlainLabel(device, self))
        minutes = estimated_minutes(material.num_images, on_gpu=not device.lower().startswith("cpu"))
        self.duration = PlainLabel(self.tr("about {0} min, beside your work").format(minutes), self)
        form.addRow(self.tr("Takes"), self.duration)
        self.judged = PlainLabel(self._judged_text(), self)
        self.judged.setWordWrap(True)
        form.addRow(self.tr("Is judged by"), self.judged)
        self.name = QLineEdit(name, self)
        self.name.setAccessibleName(self.tr("Name of the new model"))
        form.addRow(self.tr("New model"), self.name)
        keep_labels_whole(form)
        self.note = muted("", self)
        self.note.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.go = self.buttons.addButton(self.tr("Start"), QDialogButtonBox.ButtonRole.AcceptRole)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        column.addStrut(_WIDTH_PX)
        column.addLayout(form)
        column.addWidget(self.note)
        column.addWidget(self.buttons)
        self.name.textChanged.connect(self._check)
        self.buttons.accepted.connect(self._on_buttons_accepted)
        self.buttons.rejected.connect(self.reject)
        self._check()

    def _check(self) -> None:
        name = self.name.text().strip()
        text = self.tr("You can go on labelling meanwhile. The model in use stays until you choose the new one.")
        if self._material.num_images == 0:
            text = self.tr("There is nothing to learn from yet: correct or accept some images first.")
        elif not name or any(sign in name for sign in '/\\:*?"<>|') or name.startswith("."):
            text = self.tr("Give the model a name that can be a folder's name.")
            name = ""
        self.note.setText(text)
        self.go.setEnabled(bool(name) and self._material.num_images > 0)

    def _on_buttons_accepted(self) -> None:
        self.ordered.emit(self.name.text().strip())
        self.accept()

    def _judged_text(self) -> str:
        if self._material.num_images < _MIN_JUDGED:
            return self.tr("nothing: with five images or more, some are held back to compare the models")
        return self.tr("every fifth image, which is held back; it is recommended only if it is better on these")
