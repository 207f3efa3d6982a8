"""Reading JSON piece by piece: the same values as at once, at the places said, in little memory."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.formats import json_stream
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.json_stream import read_pieces
from seamseg_studio.engine.formats.registry import FORMATS

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    document=st.dictionaries(st.text(), _VALUES, max_size=4),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 0, 3]),
    chunk=st.integers(1, 60),
    bom=st.booleans(),
)
def test_the_pieces_are_the_document(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    document: dict[str, Any],
    ascii_only: bool,
    indent: int | None,
    chunk: int,
    bom: bool,
) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK_BYTES", chunk)
    path = tmp_path / "x.json"
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
    data = text.encode("utf-8-sig" if bom else "utf-8")
    path.write_bytes(data)
    found: dict[str, Any] = {}
    for piece in read_pieces(path):
        if piece.is_item:
            found[piece.key].append(piece.value)
        else:
            found[piece.key] = piece.value
        if piece.length:
            assert json.loads(data[piece.start : piece.start + piece.length]) == piece.value
    assert found == document
    assert list(found) == list(document)


@pytest.mark.parametrize("chunk", [1, 8, 1 << 20])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "{ is expected, byte 0"),
        ("  [1]", "{ is expected, byte 2"),
        ('{"a": [1, 2', "or ] is expected"),
        ('{"a": [1 2]}', "or ] is expected, byte 9"),
        ('{"a": "never closed', "Unterminated string"),
        ('{"a": tru, "b": "' + "x" * 100 + '"}', "Expecting value"),
        ('{"a": 1} {', "something follows the document, byte 9"),
        ('{"a": 1, "a": 2}', "'a' is there twice"),
        ("{1: 2}", "a name is expected"),
        ('{"a" 1}', ": is expected"),
        ('{"a": ' + "[" * 100_000, "is not JSON"),
        ('{"a": ' + "9" * 5000 + "}", "is not JSON"),
    ],
)
def test_damage_is_named_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str, chunk: int
) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK_BYTES", chunk)
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(FormatError, match=message) as caught:
        list(read_pieces(tmp_path / "x.json"))
    assert str(caught.value).startswith(f"{tmp_path / 'x.json'}: ")
    assert "\n" not in str(caught.value)


def test_a_value_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_MAX_VALUE_BYTES", 1 << 20)
    (tmp_path / "x.json").write_text('{"a": ["' + "x" * (4 << 20) + '"]}')
    with pytest.raises(FormatError, match="a value has more than 1 MB"):
        list(read_pieces(tmp_path / "x.json"))


@pytest.mark.parametrize("name", ["coco-panoptic", "coco-instances"])
def test_an_index_is_not_held_in_memory(tmp_path: Path, name: str) -> None:
    """However much is said of an image, only a small part of it is kept until it is read."""
    number, filler = 1500, "x" * 20_000
    document = {
        "images": [{"id": n, "file_name": f"{n}.jpg", "height": 4, "width": 4, "note": filler} for n in range(number)],
        "categories": [{"id": 1, "name": "car", "isthing": 1}],
        "annotations": [
            {"id": n, "image_id": n, "file_name": f"{n}.png", "category_id": 1, "segments_info": [], "note": filler}
            for n in range(number)
        ],
    }
    index = tmp_path / "panoptic.json"
    index.write_text(json.dumps(document))
    del document
    tracemalloc.start()
    try:
        reader = FORMATS[name].reader(index)
        assert sum(1 for _ in reader) == number
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < index.stat().st_size / 8


def test_an_index_changed_after_opening_is_named(tmp_path: Path) -> None:
    index = tmp_path / "instances.json"
    image = {"id": 1, "file_name": "a.jpg", "height": 4, "width": 4}
    index.write_text(json.dumps({"categories": [{"id": 1, "name": "car"}], "annotations": [], "images": [image]}))
    reader = FORMATS["coco-instances"].reader(index)
    index.write_text("{}")
    with pytest.raises(FormatError, match="was changed while it was read"):
        next(iter(reader))


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_what_is_nested_too_deep_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK_BYTES", chunk)
    depth = 5000
    deep = '{"a ]\\" [": ' + "[" * depth + '"é}", 1' + "]" * depth + "}"
    path = tmp_path / "x.json"
    path.write_text(f'{{"images": [1, {deep}, {{"id": "é"}}], "info": {deep}, "end": 2}}')
    pieces = [(piece.key, piece.value) for piece in read_pieces(path)]
    assert pieces == [
        ("images", []), ("images", 1), ("images", None), ("images", {"id": "é"}), ("info", None), ("end", 2),
    ]  # fmt: skip
    path.write_text(f'{{"images": [1, {deep[:-1]}')
    with pytest.raises(FormatError, match="a value has no end"):
        list(read_pieces(path))
