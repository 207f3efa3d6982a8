"""What a prompt may ask, and masks on their way through messages."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seamseg_studio.engine.inference.prompts import (
    BoxPrompt,
    CategoryPrompt,
    ClickPrompt,
    Line,
    PackedMask,
    Prompt,
    PromptError,
    StrokesPrompt,
    check_prompt,
)
from seamseg_studio.engine.scene.geometry import Box

SHAPE = (30, 40)
LINE = Line(((5.0, 6.0),), 3.0)


@given(arrays(bool, st.tuples(st.integers(1, 20), st.integers(1, 20))), st.integers(0, 9), st.integers(0, 9))
def test_a_packed_mask_is_the_mask_without_its_empty_borders(mask: np.ndarray, y0: int, x0: int) -> None:
    packed = PackedMask.of(mask, y0, x0)
    canvas = np.zeros((40, 40), bool)
    canvas[packed.box.slices] = packed.pixels()
    assert np.array_equal(canvas[y0 : y0 + mask.shape[0], x0 : x0 + mask.shape[1]], mask)
    assert canvas.sum() == mask.sum()
    if mask.any():
        assert packed.pixels().any(axis=0)[[0, -1]].all()
        assert packed.pixels().any(axis=1)[[0, -1]].all()
    else:
        assert packed.box.is_empty


@pytest.mark.parametrize("bits", [b"nonsense", zlib.compress(b""), zlib.compress(b"1")], ids=["noise", "none", "few"])
def test_damaged_bits_are_one_sentence(bits: bytes) -> None:
    with pytest.raises(PromptError, match="damaged"):
        PackedMask(0, 0, 10, 10, bits).pixels()


def test_a_mask_of_a_million_bytes_in_a_small_message_is_not_inflated() -> None:
    bomb = PackedMask(0, 0, 8, 8, zlib.compress(bytes(10**7)))
    assert bomb.pixels().shape == (8, 8)


@pytest.mark.parametrize(
    "prompt",
    [
        BoxPrompt(0, 0, 30, 40),
        BoxPrompt(-5, -5, 3.5, 99),
        ClickPrompt(29.4, -0.4),
        ClickPrompt(0, 0, turn=-3),
        StrokesPrompt((LINE,)),
        StrokesPrompt((), (LINE,), PackedMask.of(np.ones((2, 2), bool))),
        CategoryPrompt(PackedMask.of(np.ones(SHAPE, bool))),
        CategoryPrompt(None, 3, 4),
    ],
)
def test_what_is_on_the_image_may_be_asked(prompt: Prompt) -> None:
    check_prompt(prompt, SHAPE)


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        (BoxPrompt(3, 3, 3, 9), "no area"),
        (BoxPrompt(9, 3, 3, 9), "no area"),
        (BoxPrompt(0, 0, float("nan"), 9), "no area"),
        (BoxPrompt(0, 0, float("inf"), 9), "no area"),
        (BoxPrompt(30, 0, 40, 9), "outside"),
        (BoxPrompt(-9, 0, 0, 9), "outside"),
        (ClickPrompt(29.6, 0), "outside"),
        (ClickPrompt(0, float("nan")), "outside"),
        (StrokesPrompt(), "nothing to refine"),
        (StrokesPrompt((), (LINE,)), "nothing to refine"),
        (StrokesPrompt((Line(()),)), "no points"),
        (StrokesPrompt((Line(((50.0, 6.0),)),)), "outside"),
        (StrokesPrompt((Line(((1.0, 1.0),) * 100_001),)), "too long"),
        (StrokesPrompt((LINE,), (), PackedMask.of(np.ones((2, 2), bool), 29, 0)), "not of this image"),
        (CategoryPrompt(PackedMask.of(np.zeros((2, 2), bool))), "empty"),
        (CategoryPrompt(None, -2, 0), "outside"),
    ],
)
def test_what_asks_for_nothing_is_refused_by_a_sentence(prompt: Prompt, sentence: str) -> None:
    with pytest.raises(PromptError, match=sentence):
        check_prompt(prompt, SHAPE)


def test_the_box_of_a_packed_mask_is_in_the_image() -> None:
    assert PackedMask.of(np.eye(3, dtype=bool), 4, 5).box == Box(4, 5, 7, 8)
