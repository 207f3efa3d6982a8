"""Which keys do what: the table's own, presets after other programs, and a person's changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache

from PySide6.QtGui import QKeySequence

Keys = tuple[str, ...]


class Preset(StrEnum):
    """Whose keys a person begins with."""

    STUDIO = "studio"
    LABELME = "labelme"
    CVAT = "cvat"
    PHOTOSHOP = "photoshop"


_ARROWS = ("Left", "Right", "Up", "Down")
RESERVED = ("Space", "H", *_ARROWS, *(f"Shift+{arrow}" for arrow in _ARROWS), ",", ".")
"""The canvas's own during any tool: Space pans and H shows the image alone while held, the others are its pointer."""

PRESETS: dict[Preset, dict[str, Keys]] = {
    Preset.STUDIO: {},
    Preset.LABELME: {
        "open_images": ("Ctrl+O",),
        "open_folder": ("Ctrl+U",),
        "fit": ("Ctrl+F",),
        "zoom_100": ("Ctrl+0",),
        "tool_select": ("Ctrl+J",),
        "tool_brush": ("Shift+B",),
        "tool_wand": ("Q",),
        "tool_lasso": ("Shift+Q",),
        "merge": ("Ctrl+Shift+M",),
        "search_category": ("Ctrl+R", "/"),
    },
    Preset.CVAT: {
        "next_image": ("F",),
        "previous_image": ("D",),
        "next_unaccepted": ("Shift+F",),
        "flag": ("Ctrl+Shift+F",),
        "flag_note": ("Ctrl+Alt+F",),
        "tool_brush": ("Shift+1",),
        "tool_eraser": ("Shift+2",),
        "tool_select": ("Shift+4",),
        "tool_polygon": ("N",),
        "next_place": ("Ctrl+Alt+N",),
        **{f"category_{digit}": (f"Ctrl+{digit}", str(digit)) for digit in range(2, 10)},
        "category_1": ("1",),
        "zoom_100": ("Ctrl+1",),
        "accept": ("Ctrl+Return", "Return", "Enter"),
    },
    Preset.PHOTOSHOP: {
        "select_none": ("Ctrl+D", "Esc"),
        "export": ("Ctrl+Alt+Shift+W",),
        "merge": ("Ctrl+E",),
        "next_image": ("PgDown", "D"),
        "previous_image": ("PgUp", "A"),
        "tool_lasso": ("L",),
        "lock": ("Ctrl+/",),
        "hide": ("Ctrl+,",),
        "preferences": ("Ctrl+K",),
    },
}


@cache
def default_keys() -> dict[str, Keys]:
    """The table's own keys by action, in its order."""
    from seamseg_studio.app.actions.table import ACTIONS  # only now: its commands know the preferences, which know this

    return {spec.id: spec.keys for spec in ACTIONS}


def normal(keys: str) -> str:
    """One spelling for each key; empty for what is no key."""
    sequence = QKeySequence.fromString(keys, QKeySequence.SequenceFormat.PortableText)
    return sequence.toString(QKeySequence.SequenceFormat.PortableText)


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys in force.

    Attributes:
        preset: What they begin with.
        changes: Actions whose keys a person chose, and those keys; none at all is a choice too.
    """

    preset: Preset = Preset.STUDIO
    changes: Mapping[str, Keys] = field(default_factory=dict)

    def keys(self, action_id: str) -> Keys:
        """The keys of an action, the one shown first."""
        if action_id in self.changes:
            return self.changes[action_id]
        return self.preset_keys(action_id)

    def preset_keys(self, action_id: str) -> Keys:
        """What they are without a person's changes."""
        return PRESETS[self.preset].get(action_id, default_keys().get(action_id, ()))

    def with_keys(self, action_id: str, keys: Iterable[str]) -> Keymap:
        """A keymap in which an action has `keys`, each once; going back to the preset's is no change."""
        chosen = tuple(dict.fromkeys(filter(None, map(normal, keys))))
        changes = {other: value for other, value in self.changes.items() if other != action_id}
        if chosen != tuple(map(normal, self.preset_keys(action_id))):
            changes[action_id] = chosen
        return replace(self, changes=changes)

    def without_key(self, key: str, *, but: str = "") -> Keymap:
        """A keymap in which nothing but the action `but` has `key`."""
        keymap = self
        for action_id in self.users(key):
            if action_id != but:
                rest = [other for other in keymap.keys(action_id) if normal(other) != normal(key)]
                keymap = keymap.with_keys(action_id, rest)
        return keymap

    def users(self, key: str) -> list[str]:
        """The actions that have `key`, in the table's order."""
        wanted = normal(key)
        return [action_id for action_id in default_keys() if wanted in map(normal, self.keys(action_id))]

    def conflicts(self) -> dict[str, list[str]]:
        """Keys that more than one action has, or that are held for looking around, and the actions that have them."""
        users: dict[str, list[str]] = {}
        for action_id in default_keys():
            for key in self.keys(action_id):
                users.setdefault(normal(key), []).append(action_id)
        return {key: ids for key, ids in users.items() if len(ids) > 1 or key in RESERVED}
