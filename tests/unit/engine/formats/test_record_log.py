"""The log of finished images survives interruptions and does not depend on order."""

from __future__ import annotations

from pathlib import Path

import pytest

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.record_log import RecordLog


def test_records_come_back_sorted_and_the_last_of_a_name_counts(tmp_path: Path) -> None:
    log = RecordLog(tmp_path / "log", {"v": 1}, resume=False)
    for name, value in [("b", 1), ("a", 2), ("b", 3)]:
        log.append({"name": name, "value": value})
    assert [(r["name"], r["value"]) for r in log.records()] == [("a", 2), ("b", 3)]
    assert log.names == {"a", "b"}
    log.close()


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_log_cut_anywhere_keeps_the_whole_records(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "log"
    log = RecordLog(path, {"v": 1}, resume=False)
    log.append({"name": "a", "value": "x" * 8})
    whole = path.stat().st_size
    log.append({"name": "é", "value": "y" * 8})
    log.close()
    data = path.read_bytes()
    path.write_bytes(data[: max(len(data) - cut, whole)])
    log = RecordLog(path, {"v": 1}, resume=True)
    assert log.names == {"a"}
    log.append({"name": "c", "value": 1})
    log.close()
    again = RecordLog(path, {"v": 1}, resume=True)
    assert [record["name"] for record in again.records()] == ["a", "c"]
    again.close()


def test_another_header_is_not_continued(tmp_path: Path) -> None:
    RecordLog(tmp_path / "log", {"taxonomy": "a"}, resume=False).close()
    with pytest.raises(FormatError, match="another taxonomy"):
        RecordLog(tmp_path / "log", {"taxonomy": "b"}, resume=True)


def test_a_log_cut_in_its_header_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b'{"v"')
    log = RecordLog(tmp_path / "log", {"v": 1}, resume=True)
    log.append({"name": "a"})
    log.close()
    again = RecordLog(tmp_path / "log", {"v": 1}, resume=True)
    assert again.names == {"a"}
    again.close()
