"""The shortcut editor: a preset to begin with, own keys for each command, and conflicts shown before they bite."""

from __future__ import annotations

from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QColor, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from seamseg_studio.app.actions.keymap import RESERVED, Keymap, Preset, normal
from seamseg_studio.app.actions.menus import menu_name, plain, translated
from seamseg_studio.app.actions.table import ACTIONS
from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.panels.fields import SearchField, muted
from seamseg_studio.app.panels.rows import Index
from seamseg_studio.app.preferences import Preferences


class Column(IntEnum):
    """The columns of the table of keys."""

    COMMAND = 0
    KEYS = 1
    MENU = 2


def native(key: str) -> str:
    """A key as this system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


class KeyModel(QAbstractTableModel):
    """One row per action: its name, its keys and its menu; keys in conflict are red and say with what."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._keymap = Keymap()
        self._clashes: dict[str, list[str]] = {}
        self._titles = [self.tr("Command"), self.tr("Keys"), self.tr("Menu")]
        self._names = {spec.id: plain(translated(spec.text)) for spec in ACTIONS}

    def set_keymap(self, keymap: Keymap) -> None:
        self._keymap = keymap
        self._clashes = keymap.conflicts()
        self.dataChanged.emit(self.index(0, 0), self.index(len(ACTIONS) - 1, Column.MENU))

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(ACTIONS)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        spec = ACTIONS[index.row()]
        keys = self._keymap.keys(spec.id)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                texts = (self._names[spec.id], ", ".join(map(native, keys)), menu_name(spec))
                return texts[index.column()]
            case Qt.ItemDataRole.UserRole:
                return spec.id
            case Qt.ItemDataRole.ForegroundRole if index.column() == Column.KEYS:
                clashing = any(normal(key) in self._clashes for key in keys)
                return QColor(self._theme.tones.danger) if clashing else None
            case Qt.ItemDataRole.ToolTipRole:
                others = {name for key in keys for name in self._clashes.get(normal(key), ()) if name != spec.id}
                return self.tr("Also: {0}").format(", ".join(self._names[name] for name in sorted(others))) or None
            case Qt.ItemDataRole.FontRole if index.column() == Column.KEYS and spec.id in self._keymap.changes:
                font = self._theme.font()
                font.setBold(True)
                return font
        return None

    def name_of(self, action_id: str) -> str:
        """What people call an action."""
        return self._names[action_id]


class KeysPage(QWidget):
    """Signals:
    changed: The preferences that are different, by name.
    """

    changed = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keymap = Keymap()
        self.preset = self._make_preset_box()
        self.filter = SearchField(self.tr("Search a command or a key"))
        head = QFormLayout()
        head.addRow(self.tr("Keys as in"), self.preset)
        self.model = KeyModel(theme, self)
        self.filtered = QSortFilterProxyModel(self)
        self.filtered.setSourceModel(self.model)
        self.filtered.setFilterKeyColumn(-1)
        self.filtered.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.table = self._make_table()
        row = self._make_editor()
        self.note = muted("", self)
        self.note.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.filter)
        column.addWidget(self.table, 1)
        column.addLayout(row)
        column.addWidget(self.note)
        self._join()
        self.table.setCurrentIndex(self.filtered.index(0, 0))
        self._check()

    def _make_preset_box(self) -> QComboBox:
        box = QComboBox(self)
        box.setAccessibleName(self.tr("Keys as in"))
        for preset, text in (
            (Preset.STUDIO, self.tr("Seamseg Studio")),
            (Preset.LABELME, "labelme"),
            (Preset.CVAT, "CVAT"),
            (Preset.PHOTOSHOP, "Photoshop"),
        ):
            box.addItem(text, preset)
        return box

    def _make_editor(self) -> QHBoxLayout:
        """The field for new keys and what can be done with them."""
        self.field = QKeySequenceEdit(self)
        self.field.setMaximumSequenceLength(1)
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName(self.tr("New keys"))
        self.set_button = QPushButton(self.tr("Set"), self)
        self.add_button = QPushButton(self.tr("Add"), self)
        self.clear_button = QPushButton(self.tr("No key"), self)
        self.back_button = QPushButton(self.tr("As in the preset"), self)
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        for button in (self.set_button, self.add_button, self.clear_button, self.back_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        return row

    def _join(self) -> None:
        self.preset.activated.connect(self._on_preset_activated)
        self.filter.textChanged.connect(self.filtered.setFilterFixedString)
        self.table.selectionModel().currentChanged.connect(self._on_table_current_changed)
        self.field.keySequenceChanged.connect(self._check)
        self.set_button.clicked.connect(lambda: self._set([]))
        self.add_button.clicked.connect(lambda: self._set(list(self._keymap.keys(self.action_id))))
        self.clear_button.clicked.connect(lambda: self._take(self._keymap.with_keys(self.action_id, ())))
        self.back_button.clicked.connect(self._on_back_clicked)

    @property
    def action_id(self) -> str:
        """The action whose keys are edited; empty if none is chosen."""
        return str(self.table.currentIndex().data(Qt.ItemDataRole.UserRole) or "")

    def show_preferences(self, preferences: Preferences) -> None:
        """Shows what is in force."""
        self._keymap = preferences.keymap
        self.preset.setCurrentIndex(self.preset.findData(self._keymap.preset))
        self.model.set_keymap(self._keymap)
        self._check()

    def select(self, action_id: str) -> None:
        """Chooses an action to edit."""
        row = next(row for row, spec in enumerate(ACTIONS) if spec.id == action_id)
        self.filter.clear()
        self.table.setCurrentIndex(self.filtered.mapFromSource(self.model.index(row, 0)))

    def _make_table(self) -> QTableView:
        table = QTableView(self)
        table.setModel(self.filtered)
        table.setAccessibleName(self.tr("Commands and their keys"))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 9)
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        header = table.horizontalHeader()
        header.setSectionResizeMode(Column.COMMAND, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(Column.KEYS, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(Column.MENU, QHeaderView.ResizeMode.ResizeToContents)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setHighlightSections(False)
        return table

    def _key(self) -> str:
        return normal(self.field.keySequence().toString(QKeySequence.SequenceFormat.PortableText))

    def _check(self) -> None:
        """Says what the keys in the field would do."""
        key, action_id = self._key(), self.action_id
        users = [name for name in self._keymap.users(key) if name != action_id] if key else []
        is_reserved = key in RESERVED
        for button in (self.set_button, self.add_button):
            button.setEnabled(bool(key and action_id) and not is_reserved)
        self.clear_button.setEnabled(bool(action_id and self._keymap.keys(action_id)))
        self.back_button.setEnabled(action_id in self._keymap.changes)
        self.set_button.setText(self.tr("Take over") if users else self.tr("Set"))
        if is_reserved:
            text = self.tr("{0} is for looking around and pointing on the canvas and cannot be given away.").format(
                native(key)
            )
        elif users:
            names = ", ".join(self.model.name_of(name) for name in users)
            text = self.tr("{0} belongs to: {1}. Taking it over leaves that without it.").format(native(key), names)
        elif key:
            text = self.tr("{0} is free.").format(native(key))
        elif clashes := self._keymap.conflicts():
            keys = ", ".join(native(key) for key in clashes)
            text = self.tr("Keys that do nothing now, as several commands have them: {0}").format(keys)
        else:
            text = self.tr("Choose a command, click into the field and press the keys. No key is in conflict.")
        self.note.setText(text)

    def _set(self, others: list[str]) -> None:
        key, action_id = self._key(), self.action_id
        keymap = self._keymap.without_key(key, but=action_id)
        self._take(keymap.with_keys(action_id, [*others, key]))

    def _on_back_clicked(self) -> None:
        keys = self._keymap.preset_keys(self.action_id)
        self._take(self._keymap.with_keys(self.action_id, keys))

    def _on_preset_activated(self) -> None:
        self._take(Keymap(Preset(self.preset.currentData())))

    def _on_table_current_changed(self, current: QModelIndex) -> None:
        self.field.clear()
        self._check()

    def _take(self, keymap: Keymap) -> None:
        self.field.clear()
        self.changed.emit({"keymap": keymap})
