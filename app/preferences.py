"""What a person prefers, as one value that can be stored, written to a file and read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from seamseg_studio.app.actions.keymap import Keymap, Preset, normal
from seamseg_studio.app.look.palettes import PaletteChoice
from seamseg_studio.app.look.theme import MAX_SCALE, MIN_SCALE, ThemeChoice
from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.files import atomic_write

_KIND = "seamseg-studio-preferences"
_VERSION = 1
DEVICES = ("auto", "cpu", "cuda")
INPUT_SCALES = (0.5, 1.0, 1.5, 2.0)
PRECISIONS = ("auto", "fp32", "fp16")
LANGUAGES = {"": "", "en": "English", "de": "Deutsch", "zh": "中文"}
"""Codes and their own names; the empty one follows the system."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """Everything in the preferences window.

    Attributes:
        theme: Colours of the window.
        font_scale: Size of all text, 1 being normal.
        palette: In which colours categories are shown.
        language: One of `LANGUAGES`.
        keymap: Which keys do what.
        device: Where the model runs: "auto", "cpu", "cuda" or "cuda:I".
        precision: In which numbers: "auto", "fp32" or "fp16".
        input_scale: How large the model sees images, one of `INPUT_SCALES`; 1 as it was trained.
        taxonomy: File with the categories of new projects; empty for those of the model.
        export_format: What the export window begins with.
        labels_by_itself: Whether an image without labels is given to the model when it is opened.
        offers_neighbours: Whether what follows from a correction is offered.
    """

    theme: ThemeChoice = ThemeChoice.SYSTEM
    font_scale: float = 1.0
    palette: PaletteChoice = PaletteChoice.PROJECT
    language: str = ""
    keymap: Keymap = field(default_factory=Keymap)
    device: str = "auto"
    precision: str = "auto"
    input_scale: float = 1.0
    taxonomy: str = ""
    export_format: str = "coco-panoptic"
    labels_by_itself: bool = True
    offers_neighbours: bool = True

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` is the inverse."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name != "keymap"}
        changes = {action_id: list(keys) for action_id, keys in sorted(self.keymap.changes.items())}
        return {**values, "key_preset": self.keymap.preset, "keys": changes}

    @classmethod
    def from_json(cls, values: Mapping[str, object], *, strict: bool = False) -> Preferences:
        """Reads plain values; a missing one is the default.

        Args:
            values: As `to_json` gives them.
            strict: Whether a value that makes no sense is an error; else it counts as missing.

        Raises:
            InputError: With `strict`: the message names the entry.
        """
        known: dict[str, Any] = {}
        for name, read in _READERS.items():
            if name not in values:
                continue
            try:
                known[name] = read(values[name])
            except (ValueError, TypeError) as error:
                if strict:
                    raise InputError(f"the preference {name!r} cannot be {values[name]!r}; correct it") from error
        keymap = Keymap(known.pop("key_preset", Preset.STUDIO), known.pop("keys", {}))
        return replace(cls(**known), keymap=keymap)

    def save(self, path: Path) -> None:
        """Writes a file that `load` reads, on this machine or another.

        Raises:
            OSError: It cannot be written.
        """
        document = {"kind": _KIND, "version": _VERSION, **self.to_json()}
        atomic_write(path, json.dumps(document, ensure_ascii=False, indent=1).encode())

    @classmethod
    def load(cls, path: Path) -> Preferences:
        """Reads a file written by `save`.

        Raises:
            InputError: It is no such file, or an entry makes no sense.
            OSError: It cannot be read.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{path}: this is no file of preferences; choose one that was exported here") from error
        if not isinstance(document, dict) or document.get("kind") != _KIND:
            raise InputError(f"{path}: this is no file of preferences; choose one that was exported here")
        if document.get("version") != _VERSION:
            raise InputError(f"{path}: a later version of the program wrote it; update this one")
        try:
            return cls.from_json(document, strict=True)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error


def _one_of(choices: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise ValueError(value)
        return str(value)

    return read


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _device(value: object) -> str:
    name, _, number = _text(value).partition(":")
    if name not in DEVICES or (number and not (name == "cuda" and number.isdecimal())):
        raise ValueError(value)
    return str(value)


def _scale(value: object) -> float:
    return min(MAX_SCALE, max(MIN_SCALE, float(str(value))))


def _input_scale(value: object) -> float:
    scale = float(str(value))
    if scale not in INPUT_SCALES:
        raise ValueError(value)
    return scale


def _flag(value: object) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError(value)
    return str(value).lower() == "true"


def _keys(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise TypeError(value)
    return {_text(action_id): tuple(map(_key, keys)) for action_id, keys in value.items()}


def _key(value: object) -> str:
    if not (key := normal(_text(value))):
        raise ValueError(value)
    return key


_READERS: dict[str, Callable[[Any], object]] = {
    "theme": ThemeChoice,
    "font_scale": _scale,
    "palette": PaletteChoice,
    "language": _one_of(tuple(LANGUAGES)),
    "key_preset": Preset,
    "keys": _keys,
    "device": _device,
    "precision": _one_of(PRECISIONS),
    "input_scale": _input_scale,
    "taxonomy": _text,
    "export_format": _text,
    "labels_by_itself": _flag,
    "offers_neighbours": _flag,
}
