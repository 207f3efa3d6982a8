"""Messages survive their way, and nothing else is taken for one."""

from __future__ import annotations

import subprocess
import sys

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.engine.service import codec
from seamseg_studio.engine.service import protocol as p
from seamseg_studio.engine.service.errors import ProtocolError

_numbers = st.integers(0, 2**40)
_texts = st.text(max_size=30)
_timings = st.dictionaries(_texts, st.floats(0, 1e6), max_size=3)
_arrays = st.builds(
    p.ArraySpec,
    name=_texts,
    dtype=st.sampled_from(["|u1", "<i4", "<f4"]),
    shape=st.lists(st.integers(0, 9000), max_size=4).map(tuple),
    offset=_numbers,
)
_blocks = st.builds(
    p.BlockSpec, number=_numbers, num_bytes=_numbers, arrays=st.lists(_arrays, max_size=3).map(tuple), tag=_texts
)
_options = st.builds(
    p.PredictOptions,
    score_threshold=st.floats(0, 1),
    min_stuff_area=st.none() | st.floats(0, 1e9),
    reference=st.booleans(),
)
_messages = st.one_of(
    st.builds(p.LoadModel, request=_numbers, spec=st.none() | _texts, priority=st.integers(0, 2)),
    st.builds(p.Predict, request=_numbers, block=_blocks, options=_options, priority=st.integers(0, 2)),
    st.builds(p.PredictFile, request=_numbers, path=_texts, options=_options, priority=st.integers(0, 2)),
    st.builds(p.Reprioritise, request=_numbers, priority=st.integers(0, 2)),
    st.builds(p.Cancel, request=_numbers),
    st.builds(p.Ping, number=_numbers),
    st.builds(p.Taken, block=_numbers),
    st.builds(p.Hello, protocol=_numbers, pid=_numbers),
    st.builds(p.Started, request=_numbers),
    st.builds(p.Progress, request=_numbers, message=_texts),
    st.builds(
        p.Loaded,
        request=_numbers,
        name=_texts,
        taxonomy=_texts,
        num_parameters=_numbers,
        card_title=_texts,
        device=_texts,
    ),
    st.builds(p.Predicted, request=_numbers, block=_blocks, timings_ms=_timings, bundle=_texts, device=_texts),
    st.builds(p.Failed, request=_numbers, message=_texts),
    st.builds(p.Cancelled, request=_numbers),
    st.builds(p.Pong, number=_numbers),
)


@given(_messages)
def test_every_message_survives(message: p.Message) -> None:
    assert codec.decode(codec.encode(message)) == message


@given(st.binary(max_size=60))
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        codec.decode(data)


@pytest.mark.parametrize(
    "plain",
    [
        {"$": "Launch", "request": 1},
        {"$": "Cancel"},
        {"$": "Cancel", "request": 1, "more": 2},
        {"$": "ArraySpec", "name": "a", "dtype": "|u1", "shape": (1,), "offset": 0},
        {"request": 1},
        3,
    ],
)
def test_what_is_no_message_is_refused(plain: object) -> None:
    with pytest.raises(ProtocolError, match="do not understand each other"):
        codec.decode(msgpack.packb(plain))


def test_the_side_of_the_window_imports_no_torch() -> None:
    code = (
        "import sys; import seamseg_studio.engine.service.client, seamseg_studio.engine.service.protocol; "
        "sys.exit(sorted({'torch', 'PySide6'} & set(sys.modules)) or 0)"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
