"""Asks what to export, in which format, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from seamseg_studio.app.jobs.export_job import ExportOrder, chosen_records
from seamseg_studio.app.panels.fields import ChoiceBar, muted

if TYPE_CHECKING:
    from seamseg_studio.engine.project import ImageRecord


class ExportDialog(QDialog):
    """Collects an `ExportOrder`.

    Signals:
        ordered: The order to carry out.
    """

    ordered = Signal(object)

    def __init__(
        self, records: Sequence[ImageRecord], folder: Path, *, busy: str = "", parent: QWidget | None = None
    ) -> None:
        """Shows the choices for `records`; `folder` is where the exports of the project go by default."""
        from seamseg_studio.engine.formats.registry import FORMATS

        super().__init__(parent)
        self.setWindowTitle(self.tr("Export"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self._base = folder
        self._numbers = {accepted: len(chosen_records(records, accepted_only=accepted)) for accepted in (False, True)}
        form = QFormLayout()
        form.setSpacing(10)
        self.format = QComboBox(self)
        self.format.setAccessibleName(self.tr("Format"))
        for entry in FORMATS.values():
            self.format.addItem(entry.title, entry.name)
        self.format.setCurrentIndex(max(0, self.format.findData("coco-panoptic")))
        form.addRow(self.tr("Format"), self.format)
        self.what = ChoiceBar(
            [
                (False, self.tr("All with labels ({0})").format(self._numbers[False])),
                (True, self.tr("Accepted only ({0})").format(self._numbers[True])),
            ],
            self.tr("Images"),
            self,
        )
        self.what.set_value(self._numbers[True] > 0)
        form.addRow(self.tr("Images"), self.what)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.folder = QLineEdit(self)
        self.folder.setAccessibleName(self.tr("Folder"))
        self.browse = QPushButton(self.tr("Choose…"), self)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(self.browse)
        form.addRow(self.tr("Folder"), row)
        self.overwrite = QCheckBox(self.tr("Replace what an earlier export left there"), self)
        form.addRow("", self.overwrite)
        self.note = muted("", self)
        self.note.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.go = self.buttons.addButton(self.tr("Export"), QDialogButtonBox.ButtonRole.AcceptRole)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        column.addLayout(form)
        column.addWidget(self.note)
        column.addWidget(self.buttons)

        self._busy = busy
        self._folder_is_ours = True
        self.format.currentIndexChanged.connect(self._on_format_changed)
        self.what.chosen.connect(self._check)
        self.folder.textEdited.connect(self._on_folder_edited)
        self.browse.clicked.connect(self._on_browse_clicked)
        self.buttons.accepted.connect(self._on_buttons_accepted)
        self.buttons.rejected.connect(self.reject)
        self._on_format_changed()

    def order(self) -> ExportOrder:
        """What the dialog says now."""
        return ExportOrder(
            str(self.format.currentData()),
            Path(self.folder.text()).expanduser(),
            accepted_only=bool(self.what.value),
            overwrite=self.overwrite.isChecked(),
        )

    def _on_format_changed(self) -> None:
        if self._folder_is_ours:
            self.folder.setText(str(self._base / str(self.format.currentData())))
        self._check()

    def _on_folder_edited(self) -> None:
        self._folder_is_ours = False
        self._check()

    def _on_browse_clicked(self) -> None:
        dialog = QFileDialog(self, self.tr("Export into"), str(self._base))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_folder_selected)
        dialog.open()

    def _on_folder_selected(self, folder: str) -> None:
        self.folder.setText(folder)
        self._on_folder_edited()

    def _check(self) -> None:
        number = self._numbers[bool(self.what.value)]
        text = self.tr("Images to write: {0}").format(number)
        if not self.folder.text().strip():
            text = self.tr("Name a folder.")
        elif number == 0 and self.what.value:
            text = self.tr("No image is accepted yet: accept some with Enter, or export all with labels.")
        elif number == 0:
            text = self.tr("No image has labels yet: label some first.")
        elif self._busy:
            text = self._busy
        self.note.setText(text)
        self.go.setEnabled(number > 0 and bool(self.folder.text().strip()) and not self._busy)

    def _on_buttons_accepted(self) -> None:
        self.ordered.emit(self.order())
        self.accept()
