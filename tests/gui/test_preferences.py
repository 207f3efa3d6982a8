"""Preferences survive the disk; what makes no sense is refused in a file and passed over in the settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from seamseg_studio.app.actions.keymap import Keymap, Preset
from seamseg_studio.app.look.palettes import PaletteChoice, displayed
from seamseg_studio.app.look.theme import ThemeChoice
from seamseg_studio.app.preferences import Preferences
from seamseg_studio.app.settings import Settings
from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

OTHER = Preferences(
    theme=ThemeChoice.CONTRAST,
    font_scale=1.3,
    palette=PaletteChoice.TOL,
    language="de",
    keymap=Keymap(Preset.CVAT, {"merge": ("Ctrl+M", "F5"), "lock": ()}),
    device="cuda:1",
    precision="fp32",
    input_scale=1.5,
    taxonomy="/somewhere/mine.json",
    export_format="vistas",
    labels_by_itself=False,
    offers_neighbours=False,
)


def test_settings_keep_every_preference(tmp_path: Path) -> None:
    path = tmp_path / "studio.ini"
    first = Settings(path)
    assert first.preferences == Preferences()
    first.preferences = OTHER
    first.flush()
    assert Settings(path).preferences == OTHER


def test_a_file_carries_them_to_another_machine(tmp_path: Path) -> None:
    OTHER.save(tmp_path / "mine.json")
    assert Preferences.load(tmp_path / "mine.json") == OTHER


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "no file of preferences"),
        ("[]", "no file of preferences"),
        ('{"kind": "something else"}', "no file of preferences"),
        ('{"kind": "seamseg-studio-preferences", "version": 2}', "later version"),
        ('{"kind": "seamseg-studio-preferences", "version": 1, "theme": "pink"}', "'theme' cannot be 'pink'"),
        ('{"kind": "seamseg-studio-preferences", "version": 1, "font_scale": "big"}', "'font_scale'"),
        ('{"kind": "seamseg-studio-preferences", "version": 1, "keys": {"merge": ["Nonsense"]}}', "'keys'"),
        ('{"kind": "seamseg-studio-preferences", "version": 1, "device": "cuda:x"}', "'device'"),
    ],
)
def test_other_files_are_refused_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"bad\.json") as caught:
        Preferences.load(path)
    assert words in str(caught.value)


def test_a_damaged_settings_file_gives_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "studio.ini"
    store = QSettings(str(path), QSettings.Format.IniFormat)
    for name in Preferences().to_json():
        store.setValue(f"preferences/{name}", "\x00{{")
    store.setValue("preferences/precision", "fp16")
    store.sync()
    read = Settings(path).preferences
    assert read == Preferences(precision="fp16", taxonomy=read.taxonomy, export_format=read.export_format)


def test_every_preference_is_in_the_file(tmp_path: Path) -> None:
    OTHER.save(tmp_path / "mine.json")
    written = json.loads((tmp_path / "mine.json").read_text())
    defaults = Preferences().to_json()
    assert {name for name in defaults if written[name] == defaults[name]} == set()


def test_palettes_change_colours_only() -> None:
    taxonomy = Taxonomy("t", tuple(Category(f"c{n}", Kind.STUFF, (n, 0, 0)) for n in range(30)))
    assert displayed(taxonomy, PaletteChoice.PROJECT) is taxonomy
    for choice in (PaletteChoice.OKABE_ITO, PaletteChoice.TOL):
        shown = displayed(taxonomy, choice)
        assert [c.name for c in shown.categories] == [c.name for c in taxonomy.categories]
        assert len({c.color for c in shown.categories}) == 30
