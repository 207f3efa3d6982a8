"""Other programs of this machine at the door of the engine: they come in neither without the key nor instead of us."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Pipe
from pathlib import Path

import pytest

from seamseg_studio.engine.service import codec
from seamseg_studio.engine.service import protocol as p
from seamseg_studio.engine.service.channel import Channel
from seamseg_studio.engine.service.errors import ProtocolError
from seamseg_studio.engine.service.shared_pixels import Block

KEY = b"k" * 32
SERVICE_TESTS = Path(__file__).resolve().parents[1] / "unit" / "engine" / "service"


@pytest.fixture
def worker() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A worker that waits for its client, and its address."""
    config = p.WorkerConfig(p.PROTOCOL, KEY.hex(), "cpu", "auto", 1, "fake_engine:load")
    folders = [str(SERVICE_TESTS), os.environ.get("PYTHONPATH", "")]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "seamseg_studio.engine.service.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(asdict(config)).encode() + b"\n")
    process.stdin.flush()
    yield process, json.loads(process.stdout.readline())["address"]
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def _greeted(address: str) -> Connection:
    connection = Client(address, authkey=KEY)
    assert isinstance(codec.decode(connection.recv_bytes()), p.Hello)
    return connection


def test_strangers_do_not_get_in_and_keep_nobody_out(worker: tuple[subprocess.Popen[bytes], str]) -> None:
    process, address = worker
    silent = Client(address)  # connects and never says anything
    Client(address).close()  # leaves at once
    with pytest.raises((AuthenticationError, EOFError, OSError)):
        Client(address, authkey=b"guessed")
    without = Client(address)
    without.send_bytes(codec.encode(p.Ping(1)))  # a request in place of the proof
    with _greeted(address) as ours:
        ours.send_bytes(codec.encode(p.Ping(7)))
        assert codec.decode(ours.recv_bytes()) == p.Pong(7)
    for connection in (silent, without):
        connection.close()
    assert process.wait(10) == 0  # its client is gone


def test_a_message_that_is_too_long_is_not_read(worker: tuple[subprocess.Popen[bytes], str]) -> None:
    """The length comes first: nothing of that size is taken."""
    process, address = worker
    with _greeted(address) as ours:
        os.write(ours.fileno(), (p.MAX_MESSAGE_BYTES + 1).to_bytes(4, "big"))
        assert process.wait(10) == 0


def test_the_window_takes_no_message_that_is_too_long() -> None:
    here, there = Pipe()
    channel = Channel(here)
    os.write(there.fileno(), (2**30).to_bytes(4, "big"))
    with pytest.raises(OSError, match="bad message length"):
        channel.receive()
    channel.close()
    there.close()


@pytest.mark.parametrize(
    "spec",
    [
        p.BlockSpec(1, 4096, (p.ArraySpec("image", "|u1", (4096, 4096, 3), 0),)),
        p.BlockSpec(1, 4096, (p.ArraySpec("image", "|u1", (1,), -8),)),
        p.BlockSpec(1, 4096, (p.ArraySpec("image", "|u1", (-1, 2), 0),)),
        p.BlockSpec(1, 4096, (p.ArraySpec("image", "|O", (1,), 0),)),
        p.BlockSpec(1, 4096, (p.ArraySpec("image", "|u1", (0, 2**62), 0),)),
        p.BlockSpec(1, 2**40, (p.ArraySpec("image", "|u1", (2**30,), 0),)),
    ],
    ids=["too large", "before it", "negative", "objects", "empty and vast", "not there"],
)
@pytest.mark.skipif(sys.platform != "linux", reason="blocks without a name are Linux's")
def test_pixels_lie_in_the_memory_that_came_with_them(spec: p.BlockSpec) -> None:
    """Objects in shared memory would be pointers that another program chose."""
    handle = os.memfd_create("test")
    os.ftruncate(handle, 4096)
    with pytest.raises(ProtocolError):
        Block.attach(spec, handle)


@pytest.mark.parametrize(
    "dtype", ["|O", ",f4", "f4,f4", "(2,2)i4", "|V8", "|S9", "<M8[s]", "f4; import os", "", "<f16", "<c8", "int"]
)
@pytest.mark.skipif(sys.platform != "linux", reason="blocks without a name are Linux's")
def test_pixels_are_plain_numbers(dtype: str) -> None:
    """What numpy takes for a type is a language of its own, part of which it has Python itself read."""
    handle = os.memfd_create("test")
    os.ftruncate(handle, 4096)
    with pytest.raises(ProtocolError, match="plain numbers"):
        Block.attach(p.BlockSpec(1, 4096, (p.ArraySpec("image", dtype, (1,), 0),)), handle)
