"""The example of a model for masks in the developers' page, as it stands there, with two tiny ONNX networks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from seamseg_studio.engine.inference.prompts import BoxPrompt, ClickPrompt, Line, PackedMask, Segmenter, StrokesPrompt
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.runner import find_factory

PAGE = Path(__file__).parents[4] / "docs" / "extending.md"
SIDE = 512
SHAPE = (96, 128)
_FLOAT = 1


def _field(number: int, content: bytes | str | int) -> bytes:
    """A field of a protocol buffer."""
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    data = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(_field(1, _field(1, side)) for side in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, _FLOAT) + _field(2, dims)))


def _node(op: str, inputs: tuple[str, ...], output: str) -> bytes:
    return b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(3, output) + _field(4, op)


def _onnx(nodes: list[bytes], inputs: list[bytes], output: bytes, weights: bytes = b"") -> bytes:
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, "g") + weights
    graph += b"".join(_field(11, value) for value in inputs) + _field(12, output)
    return _field(1, 7) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


@pytest.fixture(scope="module")
def plug_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the page, and networks: how bright a pixel is from -1 to 0, and that plus twice the hint."""
    (code,) = re.findall(r"```python\n(\"\"\"masks\.py.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    folder = tmp_path_factory.mktemp("plug-in")
    (folder / "masks.py").write_text(code, encoding="utf-8")
    plane, picture = (1, 1, SIDE, SIDE), (1, 3, SIDE, SIDE)
    kernel = b"".join(_field(1, side) for side in (1, 3, 1, 1)) + _field(2, _FLOAT)
    kernel += _field(8, "w") + _field(9, np.full(3, 1 / 3, "<f4").tobytes())
    bias = _field(1, 1) + _field(2, _FLOAT) + _field(8, "b") + _field(9, np.full(1, -1, "<f4").tobytes())
    encoder = _onnx(
        [_node("Conv", ("image", "w", "b"), "features")],
        [_value("image", picture)],
        _value("features", plane),
        _field(5, kernel) + _field(5, bias),
    )
    decoder = _onnx(
        [_node("Add", ("features", "hint"), "once"), _node("Add", ("once", "hint"), "logits")],
        [_value("features", plane), _value("hint", plane)],
        _value("logits", plane),
    )
    (folder / "encoder.onnx").write_bytes(encoder)
    (folder / "decoder.onnx").write_bytes(decoder)
    return folder / "masks.py"


@pytest.fixture
def segmenter(plug_in: Path) -> Segmenter:
    make = find_factory(f"{plug_in}:make")
    return cast(Segmenter, make("cpu"))  # type: ignore[call-arg]


def test_the_example_answers_every_prompt(segmenter: Segmenter) -> None:
    image = np.full((*SHAPE, 3), 200, np.uint8)
    mask, score = segmenter.segment(image, BoxPrompt(10, 20, 50, 90), "a")
    assert mask.shape == SHAPE
    assert mask[12:48, 22:88].all()
    assert not mask[:9].any()
    assert not mask[:, 92:].any()
    assert 0.5 < score <= 1
    click, _ = segmenter.segment(image, ClickPrompt(40, 60), "a")
    assert click[40, 60]
    assert click.sum() < 200
    start = PackedMask.of(np.ones((30, 30), bool), 10, 10)
    strokes = StrokesPrompt((Line(((60.0, 60.0), (60.0, 90.0)), 4.0),), (Line(((12.0, 12.0),), 8.0),), start)
    refined, _ = segmenter.segment(image, strokes, "a")
    assert refined[60, 75]
    assert refined[30, 30]
    assert not refined[12, 12]


def test_the_example_looks_at_each_image_once(segmenter: Segmenter) -> None:
    bright, dark = (np.full((*SHAPE, 3), value, np.uint8) for value in (255, 0))
    prompt = ClickPrompt(40, 60)
    sure = segmenter.segment(bright, prompt, "bright")[1]
    assert segmenter.segment(dark, prompt, "bright")[1] == sure, "what is kept of the key is used"
    assert segmenter.segment(dark, prompt, "dark")[1] < sure


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "No such file"), ("def make(", "never closed"), ("import nowhere_at_all", "nowhere_at_all"), ("", "make")],
)
def test_a_file_that_cannot_be_loaded_is_one_sentence(tmp_path: Path, text: str | None, reason: str) -> None:
    path = tmp_path / "own.py"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(EngineError, match=f"the engine cannot load .*own.py:make: .*{reason}"):
        find_factory(f"{path}:make")
