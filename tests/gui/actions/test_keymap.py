"""Presets know only actions that exist, and no key does two things."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.app.actions.keymap import PRESETS, RESERVED, Keymap, Preset, default_keys, normal

IDS = sorted(default_keys())
KEYS = ["Ctrl+Z", "B", "Return", "Ctrl+Shift+M", "9", "F5", "Alt+X"]


@pytest.mark.parametrize("preset", list(Preset))
def test_presets_have_no_conflicts_and_no_unknown_actions(preset: Preset) -> None:
    assert set(PRESETS[preset]) <= set(IDS)
    assert Keymap(preset).conflicts() == {}
    assert all(normal(key) for keys in PRESETS[preset].values() for key in keys)


def test_habits_of_the_other_programs() -> None:
    labelme, cvat, photoshop = (Keymap(preset) for preset in (Preset.LABELME, Preset.CVAT, Preset.PHOTOSHOP))
    assert labelme.keys("fit") == ("Ctrl+F",)
    assert labelme.keys("merge") == ("Ctrl+Shift+M",)
    assert (cvat.keys("next_image")[0], cvat.keys("previous_image")[0]) == ("F", "D")
    assert (cvat.keys("tool_brush"), cvat.keys("tool_eraser")) == (("Shift+1",), ("Shift+2",))
    assert labelme.keys("tool_wand") == ("Q",)
    assert (cvat.keys("tool_polygon"), cvat.keys("merge"), cvat.keys("tool_split")) == (("N",), ("M",), ("Alt+M",))
    assert [photoshop.keys(f"tool_{name}") for name in ("lasso", "fill", "pick", "wand")] == [
        ("L",),
        ("G",),
        ("I",),
        ("W",),
    ]
    assert (photoshop.keys("tool_brush"), photoshop.keys("select_none")[0]) == (("B",), "Ctrl+D")


@given(st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(KEYS)), max_size=8), st.sampled_from(list(Preset)))
def test_taking_keys_over_never_makes_a_conflict(changes: list[tuple[str, str]], preset: Preset) -> None:
    keymap = Keymap(preset)
    for action_id, key in changes:
        keymap = keymap.without_key(key, but=action_id).with_keys(action_id, [*keymap.keys(action_id), key])
        assert keymap.users(key) == [action_id]
    assert keymap.conflicts() == {}


def test_conflicts_and_reserved_keys_are_found() -> None:
    keymap = Keymap(changes={"merge": ("Ctrl+z",), "lock": (RESERVED[0],)})
    assert keymap.conflicts() == {"Ctrl+Z": ["undo", "merge"], "Space": ["lock"]}


def test_going_back_to_the_presets_keys_is_no_change() -> None:
    keymap = Keymap(Preset.CVAT).with_keys("next_image", ["X"])
    assert keymap.changes == {"next_image": ("X",)}
    assert keymap.with_keys("next_image", ["F"]).changes == {}
    assert keymap.with_keys("next_image", []).keys("next_image") == ()


def test_the_user_guide_names_the_keys_as_they_are() -> None:
    guide = (Path(__file__).resolve().parents[3] / "docs" / "user-guide.md").read_text(encoding="utf-8")
    told = {
        "open_folder": "Ctrl+O",
        "label_all": "Ctrl+Shift+L",
        "label_image": "Ctrl+L",
        "accept": "Enter",
        "next_image": "D",
        "previous_image": "A",
        "next_unaccepted": "Shift+D",
        "flag": "F",
        "flag_note": "Shift+F",
        "use_prediction": "Ctrl+Backspace",
        "edit_categories": "Ctrl+G",
        "export": "Ctrl+E",
        "train": "Ctrl+T",
        "preferences": "Ctrl+,",
        "palette": "Ctrl+Shift+P",
        **{f"tool_{name}": key for name, key in (("brush", "B"), ("split", "Alt+M"), ("refine", "T"), ("area", "C"))},
    }
    for action_id, key in told.items():
        assert f"`{key}`" in guide, key
        assert key in default_keys()[action_id], action_id
