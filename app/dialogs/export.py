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
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from seamseg_studio.app.dialogs.paths import ask_files
from seamseg_studio.app.jobs.export_job import ExportOrder, chosen_records
from seamseg_studio.app.jobs.job import sentence_of
from seamseg_studio.app.panels.fields import ChoiceBar, keep_labels_whole, muted
from seamseg_studio.app.words.sentences import spoken
from seamseg_studio.engine.errors import SeamsegError

if TYPE_CHECKING:
    from seamseg_studio.engine.project import ImageRecord
    from seamseg_studio.engine.scene.taxonomy import Taxonomy

_WIDTH_PX = 484
_LEAST_LETTERS = 24  # of a long choice that is shown
_SIDES_PX = (4096, 2048, 1024, 640)


class ExportDialog(QDialog):
    """Collects an `ExportOrder`.

    Signals:
        ordered: The order to carry out.
    """

    ordered = Signal(object)

    def __init__(
        self,
        records: Sequence[ImageRecord],
        folder: Path,
        taxonomy: Taxonomy,
        *,
        format_name: str = "coco-panoptic",
        busy: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """Shows the choices.

        Args:
            records: The images of the project.
            folder: Where the exports of the project go by default.
            taxonomy: Its categories.
            format_name: What to begin with.
            busy: Why nothing can be exported now.
            parent: Qt's owner.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._base = folder
        self._taxonomy = taxonomy
        self._numbers = {accepted: len(chosen_records(records, accepted_only=accepted)) for accepted in (False, True)}
        self._busy = busy
        self._folder_is_ours = True
        form = QFormLayout()
        form.setSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._add_format(form, format_name)
        self._add_details(form)
        self._add_folder(form)
        self.note = muted("", self)
        self.note.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.go = self.buttons.addButton(self.tr("Export"), QDialogButtonBox.ButtonRole.AcceptRole)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        column.addStrut(_WIDTH_PX)  # a least width of the dialog itself would switch that of its words off
        column.addLayout(form)
        column.addWidget(self.note)
        column.addWidget(self.buttons)
        keep_labels_whole(form)
        self._join()
        self._on_format_changed()

    def order(self) -> ExportOrder:
        """What the dialog says now."""
        return ExportOrder(
            str(self.format.currentData()),
            Path(self.folder.text()).expanduser(),
            accepted_only=bool(self.what.value),
            overwrite=self.overwrite.isChecked(),
            mapping=Path(self.mapping.text()).expanduser() if self.mapping.text().strip() else None,
            validation_percent=self.validation.value() if self.validation.isEnabled() else 0,
            group_by=str(self.group_by.currentData()),
            max_side_px=int(self.side.currentData()),
            copy_images=self.copy_images.isEnabled() and self.copy_images.isChecked(),
        )

    def _add_format(self, form: QFormLayout, format_name: str) -> None:
        from seamseg_studio.engine.formats.registry import FORMATS

        self.format = QComboBox(self)
        self.format.setAccessibleName(self.tr("Format"))
        for entry in FORMATS.values():
            self.format.addItem(entry.title, entry.name)
        self.format.setCurrentIndex(max(0, self.format.findData(format_name)))
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

    def _add_details(self, form: QFormLayout) -> None:
        self.mapping = QLineEdit(self)
        self.mapping.setAccessibleName(self.tr("Mapping of the categories"))
        self.mapping.setPlaceholderText(self.tr("as they are"))
        self.mapping.setClearButtonEnabled(True)
        self.mapping_browse = QPushButton(self.tr("Choose…"), self)
        row = QHBoxLayout()
        row.addWidget(self.mapping, 1)
        row.addWidget(self.mapping_browse)
        form.addRow(self.tr("Categories"), row)
        self.validation = QSpinBox(self)
        self.validation.setRange(0, 90)
        self.validation.setSingleStep(5)
        self.validation.lineEdit().setTextMargins(8, 0, 0, 0)  # its style sheet has no say here
        self.validation.setSuffix(" %")
        self.validation.setSpecialValueText(self.tr("none: one part only"))
        self.validation.setAccessibleName(self.tr("Part for validation"))
        form.addRow(self.tr("For validation"), self.validation)
        self.group_by = QComboBox(self)
        self.group_by.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.group_by.setMinimumContentsLength(_LEAST_LETTERS)
        self.group_by.setAccessibleName(self.tr("Keep together"))
        self.group_by.addItem(self.tr("Images that look nearly the same"), "look")
        self.group_by.addItem(self.tr("also images whose names differ in their last number"), "sequence")
        self.group_by.addItem(self.tr("also images of one folder"), "folder")
        form.addRow(self.tr("Keep together"), self.group_by)
        self.side = QComboBox(self)
        self.side.setAccessibleName(self.tr("Size"))
        self.side.addItem(self.tr("As it is"), 0)
        for side in _SIDES_PX:
            self.side.addItem(self.tr("Longer side at most {0} px").format(side), side)
        form.addRow(self.tr("Size"), self.side)
        self.copy_images = QCheckBox(self.tr("Put the photographs beside the labels"), self)
        form.addRow("", self.copy_images)

    def _add_folder(self, form: QFormLayout) -> None:
        self.folder = QLineEdit(self)
        self.folder.setAccessibleName(self.tr("Folder"))
        self.browse = QPushButton(self.tr("Choose…"), self)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(self.browse)
        form.addRow(self.tr("Folder"), row)
        self.overwrite = QCheckBox(self.tr("Replace what an earlier export left there"), self)
        form.addRow("", self.overwrite)

    def _join(self) -> None:
        self.format.currentIndexChanged.connect(self._on_format_changed)
        self.what.chosen.connect(self._check)
        self.validation.valueChanged.connect(self._on_validation_changed)
        self.mapping.textEdited.connect(self._check)
        self.mapping_browse.clicked.connect(self._on_mapping_browse_clicked)
        self.folder.textEdited.connect(self._on_folder_edited)
        self.browse.clicked.connect(self._on_browse_clicked)
        self.buttons.accepted.connect(self._on_buttons_accepted)
        self.buttons.rejected.connect(self.reject)

    def _on_mapping_browse_clicked(self) -> None:
        name_filter = self.tr("Mappings and taxonomies ({0})").format("*.json")
        ask_files(self, self.tr("Mapping of the categories"), name_filter, self._on_mapping_chosen)

    def _on_mapping_chosen(self, paths: list[Path]) -> None:
        self.mapping.setText(str(paths[0]))
        self._check()

    def _mapping_problem(self) -> str:
        from seamseg_studio.engine.formats.mapping import read_mapping

        path = self.order().mapping
        if path is None:
            return ""
        try:
            read_mapping(path, self._taxonomy)
        except (SeamsegError, OSError) as error:
            return spoken(sentence_of(error))
        return ""

    def _on_format_changed(self) -> None:
        from seamseg_studio.engine.formats.registry import FORMATS

        chosen = FORMATS[str(self.format.currentData())]
        self.validation.setEnabled(chosen.has_splits)
        self._on_validation_changed()
        self.copy_images.setEnabled(chosen.copies_images)
        if self._folder_is_ours:
            self.folder.setText(str(self._base / str(self.format.currentData())))
        self._check()

    def _on_validation_changed(self) -> None:
        self.group_by.setEnabled(self.validation.isEnabled() and self.validation.value() > 0)

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
        from seamseg_studio.engine.formats.registry import FORMATS

        number = self._numbers[bool(self.what.value)]
        problem = self._mapping_problem()
        if not self.folder.text().strip():
            problem = self.tr("Name a folder.")
        elif number == 0 and self.what.value:
            problem = self.tr("No image is accepted yet: accept some with Enter, or export all with labels.")
        elif number == 0:
            problem = self.tr("No image has labels yet: label some first.")
        elif self._busy:
            problem = self._busy
        text = self.tr("Images to write: {0}").format(number)
        if not FORMATS[str(self.format.currentData())].keeps_partition:
            text += ". " + self.tr("This format cannot carry everything; what is lost is counted and listed.")
        self.note.setText(problem or text)
        self.go.setEnabled(not problem)

    def _on_buttons_accepted(self) -> None:
        self.ordered.emit(self.order())
        self.accept()
