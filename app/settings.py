"""What the window remembers between runs, in one file of the user's configuration folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from seamseg_studio.app.folders import user_config_folder
from seamseg_studio.app.preferences import Preferences

_MAX_RECENT = 12


class Settings:
    """Typed access to the settings file; a value that makes no sense counts as absent."""

    def __init__(self, path: Path | None = None) -> None:
        self._store = QSettings(str(path or user_config_folder() / "studio.ini"), QSettings.Format.IniFormat)

    @property
    def preferences(self) -> Preferences:
        """What a person chose; the defaults where nothing sensible is stored."""
        stored = {name: self._store.value(_key(name)) for name in Preferences().to_json()}
        values = {name: value for name, value in stored.items() if value is not None}
        try:
            values["keys"] = json.loads(str(values.get("keys", "{}")))
        except ValueError:
            del values["keys"]
        return Preferences.from_json(values)

    @preferences.setter
    def preferences(self, preferences: Preferences) -> None:
        for name, value in preferences.to_json().items():
            self._store.setValue(_key(name), json.dumps(value) if name == "keys" else str(value))

    def change(self, **changes: Any) -> None:
        """Changes some preferences."""
        self.preferences = replace(self.preferences, **changes)

    @property
    def recent_projects(self) -> list[Path]:
        """The projects opened last, the latest first."""
        value = self._store.value("projects/recent", [])
        # QSettings gives a list of one back as a plain string.
        entries = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        return [Path(entry) for entry in entries if isinstance(entry, str) and entry]

    def add_recent_project(self, folder: Path) -> None:
        self._set_recent([folder, *(other for other in self.recent_projects if other != folder)])

    def forget_recent_project(self, folder: Path) -> None:
        self._set_recent(other for other in self.recent_projects if other != folder)

    @property
    def model(self) -> str | None:
        """The bundle last chosen; None for the starter."""
        value = self._store.value("engine/model", "")
        return str(value) if value else None

    @model.setter
    def model(self, spec: str | None) -> None:
        self._store.setValue("engine/model", spec or "")

    def layout(self) -> tuple[QByteArray, QByteArray] | None:
        """The window's geometry and the state of its docks as saved by `save_layout`."""
        geometry, state = self._store.value("window/geometry"), self._store.value("window/state")
        if isinstance(geometry, QByteArray) and isinstance(state, QByteArray):
            return geometry, state
        return None

    def save_layout(self, geometry: QByteArray, state: QByteArray) -> None:
        self._store.setValue("window/geometry", geometry)
        self._store.setValue("window/state", state)

    def forget_layout(self) -> None:
        self._store.remove("window")

    def flush(self) -> None:
        self._store.sync()

    def _set_recent(self, folders: Iterable[Path]) -> None:
        self._store.setValue("projects/recent", [str(folder) for folder in list(folders)[:_MAX_RECENT]])


def _key(name: str) -> str:
    return f"preferences/{name}"
