"""Predictions kept in a project, and what damage or malice makes of their files."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from seamseg_studio.engine.project.errors import DamagedError
from seamseg_studio.engine.project.prediction_file import read_prediction, write_prediction
from seamseg_studio.engine.project.run_file import decode_runs, encode_runs
from seamseg_studio.engine.scene.panoptic_result import PanopticResult


def prediction() -> PanopticResult:
    ids = np.repeat(np.arange(3, dtype=np.int32), 4)[:, None].repeat(10, 1)
    return PanopticResult(
        ids,
        np.array([255, 0, 3]),
        np.array([0, 0.5, 0.9], np.float32),
        np.array([False, False, True]),
        second_choice=(ids + 1).astype(np.uint8),
        uncertainty=np.full(ids.shape, 40, np.uint8),
        timings_ms={"network": 12.5},
    )


def test_any_flipped_bit_is_damage_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "prediction.zip"
    write_prediction(path, prediction(), "starter", [1, 2])
    whole = path.read_bytes()
    expected = prediction()
    num_damaged = 0
    for place in range(0, 8 * len(whole), 3):
        data = bytearray(whole)
        data[place // 8] ^= 1 << place % 8
        path.write_bytes(data)
        try:
            found, keys = read_prediction(path)
        except DamagedError:
            num_damaged += 1
            continue
        assert keys == [1, 2]
        assert np.array_equal(found.ids, expected.ids)
        assert found.second_choice is not None
        assert found.uncertainty is not None
        assert found.categories.tolist() == expected.categories.tolist()
    assert num_damaged > len(whole)


def test_a_clock_of_long_ago_is_no_reason_to_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The zip format knows no time before 1980; a machine whose battery is empty tells 1970."""
    monkeypatch.setattr("time.time", lambda: 0.0)
    write_prediction(tmp_path / "p.zip", prediction(), "tiny", (0, 1, 2))
    np.testing.assert_array_equal(read_prediction(tmp_path / "p.zip")[0].ids, prediction().ids)


def test_a_file_that_unpacks_to_more_than_it_is_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prediction.zip"
    write_prediction(path, prediction(), "starter", [1, 2])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(DamagedError, match=r"prediction\.json"):
        read_prediction(path)


def test_runs_that_are_longer_than_they_say_are_refused() -> None:
    whole = encode_runs(prediction().ids)
    header, sizes = struct.Struct("<4sI"), struct.Struct("<IIIQ")
    body = zlib.compress(zlib.decompress(whole[header.size + sizes.size :]) + bytes(50_000_000), 9)
    packed_sizes = whole[header.size : header.size + sizes.size]
    bomb = header.pack(b"SSR1", zlib.crc32(packed_sizes + body)) + packed_sizes + body
    assert len(bomb) < 100_000
    with pytest.raises(ValueError, match="longer than they say"):
        decode_runs(bomb)
    np.testing.assert_array_equal(decode_runs(whole)[0], prediction().ids)
