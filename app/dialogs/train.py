"""Says what a training will use, and starts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from seamseg_studio.app.panels.fields import muted

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
        self.setMinimumWidth(480)
        form = QFormLayout()
        form.setSpacing(10)
        used = self.tr("Accepted images, entirely: {0}").format(material.num_accepted)
        used += "\n" + self.tr("Others, only what you changed in them: {0}").format(material.num_edited)
        form.addRow(self.tr("Learns from"), QLabel(used, self))
        form.addRow(self.tr("Begins with"), QLabel(base, self))
        form.addRow(self.tr("Runs on"), QLabel(device, self))
        self.name = QLineEdit(name, self)
        self.name.setAccessibleName(self.tr("Name of the new model"))
        form.addRow(self.tr("New model"), self.name)
        self.note = muted("", self)
        self.note.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.go = self.buttons.addButton(self.tr("Start"), QDialogButtonBox.ButtonRole.AcceptRole)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        column.addLayout(form)
        column.addWidget(self.note)
        column.addWidget(self.buttons)
        self._material = material
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
