"""Blocks carry arrays and vanish with the last who has them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seamseg_studio.engine.service.shared_pixels import Block

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

_dtypes = st.sampled_from([np.uint8, np.int32, np.int64, np.float32, np.bool_])
_arrays = _dtypes.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
)


def _pass_on(block: Block) -> Block:
    handle = block.fileno()
    return Block.attach(block.spec, None if handle is None else os.dup(handle))


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(["image", "ids", "scores"]), _arrays, max_size=3))
def test_arrays_arrive_as_they_were(arrays: dict[str, np.ndarray]) -> None:
    received = _pass_on(Block.pack(1, arrays)).arrays()
    assert list(received) == list(arrays)
    for name, array in arrays.items():
        assert received[name].dtype == array.dtype
        np.testing.assert_array_equal(received[name], array)


def test_arrays_that_are_not_contiguous_arrive() -> None:
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)[::-1, ::2]
    np.testing.assert_array_equal(_pass_on(Block.pack(1, {"image": image})).arrays()["image"], image)


def test_both_sides_see_the_same_memory() -> None:
    block = Block.pack(1, {"a": np.zeros(3, np.int32)})
    other = _pass_on(block)
    block.arrays()["a"][1] = 7
    assert other.arrays()["a"].tolist() == [0, 7, 0]


@linux_only
def test_the_memory_goes_with_the_last_view(count_blocks: Callable[[], int]) -> None:
    block = Block.pack(1, {"a": np.ones(5000, np.uint8)})
    other = _pass_on(block)
    view = other.arrays()["a"]
    del block, other
    assert count_blocks() == 1
    assert view.sum() == 5000
    del view
    assert count_blocks() == 0


@linux_only
def test_no_room_is_a_memory_error(count_blocks: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "ftruncate", fail)
    with pytest.raises(MemoryError, match="No space left"):
        Block.pack(1, {"a": np.zeros(3)})
    assert count_blocks() == 0
