"""The raw arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from seamseg_studio.engine.formats.raw import NO_RAW
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.panoptic_result import PanopticResult, RawOutput
from seamseg_studio.engine.scene.taxonomy import Taxonomy


def _result() -> PanopticResult:
    random = np.random.default_rng(0)
    return PanopticResult(
        ids=random.integers(0, 3, (20, 30)).astype(np.int32),
        categories=np.array([255, 0, 4]),
        scores=np.array([0, 1, 0.75], np.float32),
        is_crowd=np.array([False, False, True]),
        raw=RawOutput(
            sem_pred=random.integers(0, 6, (10, 15)).astype(np.uint8),
            bbx_pred=random.random((2, 4), np.float32),
            cls_pred=np.array([1, 0]),
            obj_pred=random.random(2, np.float32),
            msk_pred=random.random((2, 28, 28), np.float32),
        ),
    )


def test_a_result_is_kept_whole(tmp_path: Path, taxonomy: Taxonomy) -> None:
    result = _result()
    for folder in ("a", "b"):
        with FORMATS["npz"].writer(tmp_path / folder, taxonomy) as writer:
            writer.write("im", None, result)
        assert not writer.losses
    assert (tmp_path / "a/npz/im.npz").read_bytes() == (tmp_path / "b/npz/im.npz").read_bytes()
    arrays = np.load(tmp_path / "a/npz/im.npz", allow_pickle=False)
    assert result.raw is not None
    expected = {
        "ids": (result.ids, np.int32),
        "cat": (result.categories, np.int64),
        "score": (result.scores, np.float32),
        "iscrowd": (result.is_crowd, np.bool_),
        "sem_pred": (result.raw.sem_pred, np.uint8),
        "bbx_pred": (result.raw.bbx_pred, np.float32),
        "cls_pred": (result.raw.cls_pred, np.int64),
        "obj_pred": (result.raw.obj_pred, np.float32),
        "msk_pred": (result.raw.msk_pred, np.float32),
    }
    assert set(arrays) == set(expected)
    for name, (array, dtype) in expected.items():
        assert arrays[name].dtype == dtype
        np.testing.assert_array_equal(arrays[name], array)


def test_a_map_is_kept_without_raw_output_and_says_so(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]
) -> None:
    panoptic_map = make_map(0, ids=(5, 6, 70, 71, 72, 900, 901))
    with FORMATS["npz"].writer(tmp_path, taxonomy) as writer:
        writer.write("im", None, panoptic_map)
    assert writer.losses.totals == {NO_RAW: 1}
    arrays = np.load(tmp_path / "npz/im.npz")
    assert set(arrays) == {"ids", "cat", "score", "iscrowd"}
    assert arrays["cat"][0] == 255
    np.testing.assert_array_equal(arrays["cat"][arrays["ids"]].astype(np.uint8), panoptic_map.category_map())
    assert np.load(tmp_path / "npz/im.npz")["iscrowd"].sum() == sum(s.is_crowd for s in panoptic_map.segments.values())
