"""Run lengths of crops: what the library says of the whole mask."""

from __future__ import annotations

import numpy as np
from hotcoco import mask as coco_mask
from hypothesis import given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.formats.rle import decode_mask, encode_mask


@settings(max_examples=300, deadline=None)
@given(data=st.data(), height=st.integers(1, 12), width=st.integers(1, 12))
def test_a_crop_is_encoded_as_the_whole_mask_is(data: st.DataObject, height: int, width: int) -> None:
    y0, x0 = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    y1, x1 = data.draw(st.integers(y0 + 1, height)), data.draw(st.integers(x0 + 1, width))
    size = (y1 - y0) * (x1 - x0)
    values = data.draw(st.lists(st.booleans(), min_size=size, max_size=size) | st.just([True] * size))
    crop = np.array(values, np.bool_).reshape(y1 - y0, x1 - x0)
    whole = np.zeros((height, width), np.uint8, order="F")
    whole[y0:y1, x0:x1] = crop
    expected = coco_mask.encode(whole)["counts"]
    found = encode_mask(crop, (y0, x0, y1, x1), (height, width))
    assert found["counts"] == (expected.decode() if isinstance(expected, bytes) else expected)
    mask, (top, left, bottom, right) = decode_mask(found, (height, width))
    again = np.zeros_like(whole)
    again[top:bottom, left:right] = mask
    np.testing.assert_array_equal(again, whole)
