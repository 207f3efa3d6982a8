"""Turns the table of actions into menus and keeps them enabled, checked and explained."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QObject, QTimer
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from seamseg_studio.app.actions.action_spec import ActionSpec
from seamseg_studio.app.actions.commands import Commands
from seamseg_studio.app.actions.keymap import Keymap
from seamseg_studio.app.actions.table import ACTIONS, CONTEXT, MENU_TEXTS, MENUS
from seamseg_studio.app.look.icons import Icons
from seamseg_studio.app.words.plain_text import plain_tip
from seamseg_studio.app.words.sentences import spoken_label

_STEPS = ("undo", "redo")


def translated(text: str) -> str:
    """`text` of the table in the person's language."""
    return QCoreApplication.translate(CONTEXT, text)


def plain(text: str) -> str:
    """A menu text without the mark of its mnemonic and without the dots."""
    return text.replace("&", "").rstrip("…")


def menu_name(spec: ActionSpec) -> str:
    """The menu that an action is in, in the person's language."""
    return plain(translated(MENU_TEXTS[spec.menu.split("/")[0]]))


class ActionSet(QObject):
    """The `QAction`s of a window, by id. A disabled one says why in its tool tip."""

    def __init__(self, commands: Commands, icons: Icons, window: QWidget) -> None:
        super().__init__(window)
        self._commands = commands
        self._icons = icons
        self._groups: dict[str, QActionGroup] = {}
        self.actions = {spec.id: self._make(spec, window) for spec in ACTIONS}
        # Many signals may come at once; the table is looked through once for all of them.
        self._refresh_timer = QTimer(self)
        self._refresh_timer.setSingleShot(True)
        self._refresh_timer.timeout.connect(self.refresh)
        commands.conditions_changed.connect(self._refresh_timer.start)
        commands.steps_changed.connect(self.refresh_steps)
        icons.changed.connect(self._set_icons)
        self._set_icons()
        self.refresh()

    def __getitem__(self, action_id: str) -> QAction:
        return self.actions[action_id]

    def refresh(self) -> None:
        """Enables, disables and checks every action."""
        reasons: dict[str, str] = {}
        for spec in ACTIONS:
            self._refresh(spec, reasons)
        self._name_steps()

    def refresh_steps(self) -> None:
        """Enables or disables undo and redo at once: the key may come with the next event."""
        for spec in ACTIONS:
            if spec.id in _STEPS:
                self._refresh(spec, {})
        self._name_steps()

    def _refresh(self, spec: ActionSpec, reasons: dict[str, str]) -> None:
        """Enables or disables one action; `reasons` are those known already."""
        action = self.actions[spec.id]
        reason = ""
        for need in spec.needs:
            if need not in reasons:
                reasons[need] = self._commands.missing(need)
            if reasons[need]:
                reason = reasons[need]
                break
        action.setEnabled(not reason)
        action.setProperty("reason", reason)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        name = plain(action.text())
        tip = f"{name} ({keys})" if keys else name
        action.setToolTip(plain_tip(f"{tip}\n{self.tr('Not now:')} {reason}" if reason else tip))
        if not action.property("explained"):
            action.setWhatsThis(action.toolTip())
        if spec.checked is not None:
            action.setChecked(spec.checked(self._commands))

    def _name_steps(self) -> None:
        """Says in the menu what would be undone and redone."""
        document = self._commands.studio.session.document
        for action_id, label in (
            ("undo", document.undo_label if document else ""),
            ("redo", document.redo_label if document else ""),
        ):
            base = translated(next(spec.text for spec in ACTIONS if spec.id == action_id))
            self.actions[action_id].setText(f"{base}: {spoken_label(label)}" if label else base)

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Makes the menus of the table in `bar`; returns them by name."""
        menus: dict[str, QMenu] = {}
        for name in MENUS:
            menus[name] = bar.addMenu(translated(MENU_TEXTS[name]))
            menus[name].setToolTipsVisible(True)
        for spec in ACTIONS:
            menu = self._menu(spec.menu, menus)
            if spec.gap:
                menu.addSeparator()
            menu.addAction(self.actions[spec.id])
        return menus

    def set_keymap(self, keymap: Keymap) -> None:
        """Gives every action its keys of `keymap`."""
        for spec in ACTIONS:
            self.actions[spec.id].setShortcuts([QKeySequence(key) for key in keymap.keys(spec.id)])
        self.refresh()

    def _menu(self, path: str, menus: dict[str, QMenu]) -> QMenu:
        if path not in menus:
            parent, _, name = path.rpartition("/")
            menus[path] = self._menu(parent, menus).addMenu(translated(MENU_TEXTS[name]))
            menus[path].setToolTipsVisible(True)
        return menus[path]

    def _make(self, spec: ActionSpec, window: QWidget) -> QAction:
        action = QAction(translated(spec.text), window)
        action.setObjectName(spec.id)
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        action.setAutoRepeat(spec.repeats)
        if spec.checked is not None:
            action.setCheckable(True)
        if spec.group:
            group = self._groups.setdefault(spec.group, QActionGroup(self))
            group.addAction(action)
        action.triggered.connect(lambda: self._run(spec))
        window.addAction(action)
        return action

    def _run(self, spec: ActionSpec) -> None:
        spec.run(self._commands)
        self._refresh_timer.start()

    def _set_icons(self) -> None:
        for spec in ACTIONS:
            if spec.icon:
                self.actions[spec.id].setIcon(self._icons[spec.icon])
