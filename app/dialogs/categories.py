"""The editor of the project's categories; what a change does to labels is said before it is done."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from seamseg_studio.app.dialogs.paths import ask_files
from seamseg_studio.app.jobs.job import sentence_of
from seamseg_studio.app.panels.fields import muted
from seamseg_studio.app.project.category_draft import Draft
from seamseg_studio.app.words.sentences import spoken
from seamseg_studio.engine.errors import SeamsegError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seamseg_studio.engine.project import Project

_SWATCH_PX = 14


class Column(IntEnum):
    """The columns of the table of categories."""

    NAME = 0
    KIND = 1
    SEGMENTS = 2
    BECOMES = 3


class CategoriesDialog(QDialog):
    """Edits a draft; nothing changes before the last button.

    Signals:
        ordered: The `Draft` to put into force.
    """

    ordered = Signal(object)

    def __init__(self, project: Project, parent: QWidget | None = None, *, chosen: int | None = None) -> None:
        """`chosen` is the category to begin with."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Categories"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(680, 560)
        self._project = project
        self._counts = _segments_by_category(project)
        self.draft = Draft.of(project.taxonomy)
        self.table = self._make_table()
        self.add_button = self._button(self.tr("Add"), self._on_add_clicked)
        self.remove_button = self._button(self.tr("Remove"), self._on_remove_clicked)
        self.up_button = self._button(self.tr("Up"), lambda: self._move(-1))
        self.down_button = self._button(self.tr("Down"), lambda: self._move(1))
        self.color_button = self._button(self.tr("Colour…"), self._on_color_clicked)
        self.kind_button = self._button(self.tr("Thing or stuff"), self._on_kind_clicked)
        self.import_button = self._button(self.tr("Import…"), self._on_import_clicked)
        self.export_button = self._button(self.tr("Export…"), self._on_export_clicked)
        self.note = muted("", self)
        self.note.setWordWrap(True)
        self.progress = QProgressBar(self)
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.cancel_button = self._button(self.tr("Cancel"), self.reject)
        self.go = self._button(self.tr("Change"), lambda: self.ordered.emit(self.draft))
        self.go.setProperty("role", "primary")
        self._arrange()
        self.table.itemChanged.connect(self._on_table_item_changed)
        self.table.currentCellChanged.connect(self._check)
        self._show(chosen or 0)

    def begin(self) -> None:
        """The change is under way: nothing can be edited."""
        for widget in (self.table, self.go, self.cancel_button, *self._tools):
            widget.setEnabled(False)
        self.progress.setRange(0, 0)
        self.progress.show()

    def show_progress(self, done: int, total: int) -> None:
        """Says how many images are done."""
        self.progress.setRange(0, total)
        self.progress.setValue(done)

    def end(self, is_done: bool, text: str) -> None:
        """The change is over: the window closes, or says why it was not done."""
        if is_done:
            self.accept()
            return
        self.progress.hide()
        for widget in (self.table, self.cancel_button, *self._tools):
            widget.setEnabled(True)
        self._check()
        self.note.setText(text)

    def import_file(self, path: Path) -> None:
        """Takes the categories of a file; those of the same name keep their labels."""
        from seamseg_studio.engine.scene.taxonomy import Taxonomy

        try:
            self.draft = self.draft.imported(Taxonomy.load(path))
        except (SeamsegError, OSError) as error:
            self.note.setText(sentence_of(error))
            return
        self._show(0)

    def export_file(self, path: Path) -> None:
        """Writes the categories into a file."""
        try:
            self.draft.taxonomy().save(path)
        except (SeamsegError, OSError) as error:
            self.note.setText(sentence_of(error))
        else:
            self.note.setText(self.tr("Written to {0}.").format(path))

    def set_color(self, color: QColor) -> None:
        """Gives the current category a colour."""
        row = self.table.currentRow()
        if row >= 0 and color.isValid():
            self._take(self.draft.with_line(row, color=(color.red(), color.green(), color.blue())), row)

    # Parts

    def _button(self, text: str, clicked: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setAutoDefault(False)  # Return ends the name being typed
        button.clicked.connect(clicked)
        return button

    @property
    def _tools(self) -> tuple[QPushButton, ...]:
        edit = (self.add_button, self.remove_button, self.up_button, self.down_button)
        return (*edit, self.color_button, self.kind_button, self.import_button, self.export_button)

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, len(Column), self)
        table.setAccessibleName(self.windowTitle())
        titles = (self.tr("Name"), self.tr("Kind"), self.tr("Segments"), self.tr("Its segments become"))
        table.setHorizontalHeaderLabels(titles)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 12)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setHighlightSections(False)
        return table

    def _arrange(self) -> None:
        side = QVBoxLayout()
        side.setSpacing(6)
        for button in self._tools:
            side.addWidget(button)
            if button in (self.down_button, self.kind_button):
                side.addSpacing(10)
        side.addStretch(1)
        body = QHBoxLayout()
        body.addWidget(self.table, 1)
        body.addLayout(side)
        foot = QHBoxLayout()
        foot.addWidget(self.note, 1)
        foot.addWidget(self.cancel_button)
        foot.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 14)
        column.setSpacing(10)
        column.addLayout(body, 1)
        column.addWidget(self.progress)
        column.addLayout(foot)

    # Showing the draft

    def _show(self, row: int) -> None:
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(self.draft.lines))
            for number in range(len(self.draft.lines)):
                self._show_line(number)
            self.table.setCurrentCell(min(row, len(self.draft.lines) - 1), Column.NAME)
        self._check()

    def _show_line(self, number: int) -> None:
        line = self.draft.lines[number]
        swatch = QPixmap(_SWATCH_PX, _SWATCH_PX)
        swatch.fill(QColor(*line.color))
        name = QTableWidgetItem(swatch, line.name)
        kind = QTableWidgetItem(self.tr("thing") if line.is_thing else self.tr("stuff"))
        count = 0 if line.former is None else self._counts.get(line.former, 0)
        number_item = QTableWidgetItem(str(count) if count else "")
        font = name.font()
        font.setStrikeOut(line.is_removed)
        for column, item in ((Column.NAME, name), (Column.KIND, kind), (Column.SEGMENTS, number_item)):
            item.setFont(font)
            if column is not Column.NAME or line.is_removed:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            self.table.setItem(number, column, item)
        self.table.setCellWidget(number, Column.BECOMES, self._goal_box(number) if line.is_removed else QWidget())

    def _goal_box(self, number: int) -> QComboBox:
        line = self.draft.lines[number]
        box = QComboBox(self.table)
        box.setAccessibleName(self.tr("What the segments of {0} become").format(line.name))
        box.addItem(self.tr("unlabelled"), "")
        for other in self.draft.kept:
            box.addItem(other.name, other.name)
        box.setCurrentIndex(max(0, box.findData(line.goes_to)))
        box.activated.connect(lambda: self._set_goal(number, str(box.currentData())))
        return box

    def _set_goal(self, number: int, name: str) -> None:
        self.draft = self.draft.with_line(number, goes_to=name)
        self._check()

    def _check(self) -> None:
        """Says what the change would do, or why it cannot be done."""
        row = self.table.currentRow()
        line = self.draft.lines[row] if 0 <= row < len(self.draft.lines) else None
        is_live = line is not None and not line.is_removed
        for button in (self.up_button, self.down_button, self.color_button, self.kind_button):
            button.setEnabled(is_live)
        self.remove_button.setEnabled(line is not None)
        is_gone = line is not None and line.is_removed
        self.remove_button.setText(self.tr("Keep") if is_gone else self.tr("Remove"))
        try:
            taxonomy = self.draft.taxonomy()
        except SeamsegError as error:
            self.note.setText(spoken(str(error)))
            self.go.setEnabled(False)
            return
        moves = self.draft.moves()
        is_same = taxonomy == self._project.taxonomy and all(old == new for old, new in moves.items())
        self.go.setEnabled(not is_same and not self._project.read_only)
        self.note.setText("" if is_same else self._consequences(self._project.preview_taxonomy(taxonomy, moves)))

    def _consequences(self, impact: object) -> str:
        from seamseg_studio.engine.project.taxonomy_change import TaxonomyImpact

        assert isinstance(impact, TaxonomyImpact)
        if not impact.num_images:
            return self.tr("No label changes.")
        text = self.tr("Images whose labels change: {0}.").format(impact.num_images)
        if lost := sum(impact.num_segments.values()):
            text += " " + self.tr("Segments that become unlabelled: {0}.").format(lost)
        return text + " " + self.tr("A backup is made, and it can be taken back.")

    # What a person does

    def _take(self, draft: Draft, row: int) -> None:
        self.draft = draft
        self._show(row)

    def _on_table_item_changed(self, item: QTableWidgetItem) -> None:
        if item.column() == Column.NAME:
            self._take(self.draft.with_line(item.row(), name=item.text().strip()), item.row())

    def _on_add_clicked(self) -> None:
        self._take(self.draft.added(self.tr("new category")), len(self.draft.lines))
        self.table.edit(self.table.model().index(self.table.rowCount() - 1, Column.NAME))

    def _on_remove_clicked(self) -> None:
        self._take(self.draft.removed(self.table.currentRow()), self.table.currentRow())

    def _move(self, offset: int) -> None:
        row = self.table.currentRow()
        self._take(self.draft.moved(row, offset), min(max(row + offset, 0), len(self.draft.lines) - 1))

    def _on_kind_clicked(self) -> None:
        row = self.table.currentRow()
        self._take(self.draft.with_line(row, is_thing=not self.draft.lines[row].is_thing), row)

    def _on_color_clicked(self) -> None:
        line = self.draft.lines[self.table.currentRow()]
        dialog = QColorDialog(QColor(*line.color), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
        dialog.colorSelected.connect(self.set_color)
        dialog.open()

    def _on_import_clicked(self) -> None:
        name_filter = self.tr("Taxonomies ({0})").format("*.json")
        ask_files(self, self.tr("Import categories"), name_filter, lambda paths: self.import_file(paths[0]))

    def _on_export_clicked(self) -> None:
        dialog = QFileDialog(self, self.tr("Export categories"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(f"{self.draft.name or 'categories'}.json")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.export_file(Path(name)))
        dialog.open()


def _segments_by_category(project: Project) -> Mapping[int, int]:
    """How many segments each category has; of a project whose counts are damaged that is not known."""
    try:
        return project.statistics().num_segments
    except SeamsegError:
        return {}
