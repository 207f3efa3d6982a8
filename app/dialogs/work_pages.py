"""Preferences of the work: where the model runs, and what new projects begin with."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from seamseg_studio.app.dialogs.paths import ask_files
from seamseg_studio.app.panels.fields import keep_labels_whole, muted
from seamseg_studio.app.preferences import DEVICES, INPUT_SCALES, PRECISIONS, Preferences
from seamseg_studio.engine.errors import SeamsegError


def _form(page: QWidget) -> QFormLayout:
    form = QFormLayout(page)
    form.setContentsMargins(0, 0, 0, 0)
    form.setSpacing(12)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


class EnginePage(QWidget):
    """Signals:
    changed: The preferences that are different, by name.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        words = {"auto": self.tr("The fastest there is"), "cpu": self.tr("CPU"), "cuda": self.tr("GPU (CUDA)")}
        self.device = QComboBox(self)
        self.device.setAccessibleName(self.tr("Device"))
        for device in DEVICES:
            self.device.addItem(words[device], device)
        words = {
            "auto": self.tr("What suits the device"),
            "fp32": self.tr("32 bits: exact, slower"),
            "fp16": self.tr("16 bits (fp16): faster on a GPU"),
        }
        self.precision = QComboBox(self)
        self.precision.setAccessibleName(self.tr("Precision"))
        for precision in PRECISIONS:
            self.precision.addItem(words[precision], precision)
        scales = {
            0.5: self.tr("Half: fastest, misses small things"),
            1.0: self.tr("As the model was trained"),
            1.5: self.tr("One and a half: smaller things, twice the time"),
            2.0: self.tr("Double: the smallest things, four times the time"),
        }
        self.input_size = QComboBox(self)
        self.input_size.setAccessibleName(self.tr("Size"))
        for scale in INPUT_SCALES:
            self.input_size.addItem(scales[scale], scale)
        self.by_itself = QCheckBox(self.tr("Label an image by itself when it is opened and has no labels"), self)
        self.neighbours = QCheckBox(self.tr("After a correction, offer what the model would change around it"), self)
        note = muted(
            self.tr("A change of device or precision starts the engine anew; the size counts from the next image on."),
            self,
        )
        note.setWordWrap(True)
        form = _form(self)
        form.addRow(self.tr("Device"), self.device)
        form.addRow(self.tr("Precision"), self.precision)
        form.addRow(self.tr("Size"), self.input_size)
        form.addRow("", self.by_itself)
        form.addRow("", self.neighbours)
        form.addRow("", note)
        keep_labels_whole(form)
        self.device.activated.connect(lambda: self.changed.emit({"device": self.device.currentData()}))
        self.precision.activated.connect(lambda: self.changed.emit({"precision": self.precision.currentData()}))
        self.input_size.activated.connect(lambda: self.changed.emit({"input_scale": self.input_size.currentData()}))
        self.by_itself.clicked.connect(lambda checked: self.changed.emit({"labels_by_itself": checked}))
        self.neighbours.clicked.connect(lambda checked: self.changed.emit({"offers_neighbours": checked}))

    def show_preferences(self, preferences: Preferences) -> None:
        """Shows what is in force."""
        if self.device.findData(preferences.device) < 0:  # one GPU of several
            self.device.addItem(preferences.device, preferences.device)
        self.device.setCurrentIndex(self.device.findData(preferences.device))
        self.precision.setCurrentIndex(self.precision.findData(preferences.precision))
        self.input_size.setCurrentIndex(self.input_size.findData(preferences.input_scale))
        self.by_itself.setChecked(preferences.labels_by_itself)
        self.neighbours.setChecked(preferences.offers_neighbours)


class ProjectPage(QWidget):
    """Signals:
    changed: The preferences that are different, by name.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from seamseg_studio.engine.formats.registry import FORMATS

        self.taxonomy = QLineEdit(self)
        self.taxonomy.setAccessibleName(self.tr("Categories of new projects"))
        self.taxonomy.setPlaceholderText(self.tr("those of the model"))
        self.taxonomy.setClearButtonEnabled(True)
        self.browse = QPushButton(self.tr("Choose…"), self)
        self.browse.setAutoDefault(False)
        row = QHBoxLayout()
        row.addWidget(self.taxonomy, 1)
        row.addWidget(self.browse)
        self.note = muted("", self)
        self.note.setWordWrap(True)
        self.format = QComboBox(self)
        self.format.setAccessibleName(self.tr("Export format"))
        for entry in FORMATS.values():
            self.format.addItem(entry.title, entry.name)
        form = _form(self)
        form.addRow(self.tr("Categories"), row)
        form.addRow("", self.note)
        form.addRow(self.tr("Export format"), self.format)
        self.taxonomy.editingFinished.connect(self._on_taxonomy_editing_finished)
        self.browse.clicked.connect(self._on_browse_clicked)
        self.format.activated.connect(lambda: self.changed.emit({"export_format": self.format.currentData()}))

    def show_preferences(self, preferences: Preferences) -> None:
        """Shows what is in force."""
        self.taxonomy.setText(preferences.taxonomy)
        self.format.setCurrentIndex(self.format.findData(preferences.export_format))
        self._describe(preferences.taxonomy)

    def _on_browse_clicked(self) -> None:
        title, name_filter = self.tr("Categories of new projects"), self.tr("Taxonomies ({0})").format("*.json")
        ask_files(self, title, name_filter, lambda paths: self._choose(str(paths[0])))

    def _choose(self, path: str) -> None:
        self.taxonomy.setText(path)
        self._on_taxonomy_editing_finished()

    def _on_taxonomy_editing_finished(self) -> None:
        path = self.taxonomy.text().strip()
        if self._describe(path):
            self.changed.emit({"taxonomy": path})

    def _describe(self, path: str) -> bool:
        """Says what is in the file; whether it can be used."""
        from seamseg_studio.engine.scene.taxonomy import Taxonomy  # only now: it brings numpy

        text, is_good = self.tr("The categories of the model in use, so that it can label at once."), True
        if path:
            try:
                taxonomy = Taxonomy.load(Path(path).expanduser())
                text = self.tr("{0}: {1} stuff, {2} things.").format(
                    taxonomy.name, taxonomy.num_stuff, taxonomy.num_things
                )
            except (SeamsegError, OSError) as error:
                text, is_good = self.tr("Not used: {0}").format(error), False
        self.note.setText(text)
        return is_good
