"""The engine's own process: waits for requests, answers them one at a time. Started by the client, never by hand.

The main thread works, since some drivers want their first call there; one thread receives, so that pings and cancels
are answered in the middle of a request; one watches for the parent's death.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener, answer_challenge, deliver_challenge
from queue import Empty, SimpleQueue
from typing import NoReturn

import numpy as np

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.formats.image_file import read_image
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.service import protocol as p
from seamseg_studio.engine.service.channel import Channel
from seamseg_studio.engine.service.results import consequences_to_arrays, part_from_arrays, to_arrays
from seamseg_studio.engine.service.runner import CancelRequested, Runner, find_factory
from seamseg_studio.engine.service.shared_pixels import Array, Block

_log = logging.getLogger(__name__)

_PROOF_S = 2.0  # until the next visitor is asked too
_NICENESS = 5  # the window's process goes first where they share the CPU


@dataclass(slots=True, eq=False)
class _Job:
    request: p.Asked
    priority: int
    arrays: Mapping[str, Array]
    cancelled: bool = False


class JobQueue:
    """Waiting requests by priority, then by number; and the one in progress."""

    def __init__(self) -> None:
        self._jobs: dict[int, _Job] = {}
        self._current: _Job | None = None
        self._changed = threading.Condition()

    def put(self, request: p.Asked, arrays: Mapping[str, Array] | None = None) -> None:
        """Adds a request."""
        with self._changed:
            self._jobs[request.request] = _Job(request, request.priority, arrays or {})
            self._changed.notify()

    def take(self) -> _Job:
        """Waits for a request and makes it the current one."""
        with self._changed:
            self._current = None
            self._changed.wait_for(lambda: self._jobs)
            number = min(self._jobs, key=lambda n: (self._jobs[n].priority, n))
            self._current = self._jobs.pop(number)
            return self._current

    def cancel(self, number: int) -> bool:
        """Drops a waiting request (True), or asks the current one to stop (False, as for an unknown number)."""
        with self._changed:
            if self._jobs.pop(number, None) is not None:
                return True
            if self._current is not None and self._current.request.request == number:
                self._current.cancelled = True
            return False

    def reprioritise(self, number: int, priority: int) -> None:
        """Moves a waiting request."""
        with self._changed:
            if number in self._jobs:
                self._jobs[number].priority = priority


class Worker:
    """Answers the requests that arrive on a channel."""

    def __init__(self, channel: Channel, make_runner: Callable[[], Runner]) -> None:
        """`make_runner` is called, on the working thread, when the first request comes."""
        self._channel = channel
        self._make_runner = make_runner
        self._runner: Runner | None = None
        self._queue = JobQueue()
        self._next_block = 1

    def work(self) -> NoReturn:
        """Answers requests until the connection is lost.

        Raises:
            OSError: It is.
        """
        self._channel.send(p.Hello(p.PROTOCOL, os.getpid()))
        threading.Thread(target=self._receive, name="engine-receiver", daemon=True).start()
        while True:
            job = self._queue.take()
            self._answer(job)
            del job  # or its pixels would stay until the next request

    def _receive(self) -> None:
        """Runs in the receiving thread until the client is gone."""
        try:
            while True:
                message, block = self._channel.receive()
                match message:
                    case p.Predict() | p.Show() | p.FuseAround():
                        assert block is not None
                        self._queue.put(message, block.arrays())
                    case p.PredictFile() | p.LoadModel() | p.FuseAgain() | p.Ask():
                        self._queue.put(message)
                    case p.Cancel(number):
                        if self._queue.cancel(number):
                            self._channel.send(p.Cancelled(number))
                    case p.Reprioritise(number, priority):
                        self._queue.reprioritise(number, priority)
                    case p.Ping(number):
                        self._channel.send(p.Pong(number))
                del message, block
        except (EOFError, OSError):
            os._exit(0)  # the client is gone; whatever runs is for nobody
        except Exception:  # noqa: BLE001 - a worker that cannot hear must end, so that the client starts another
            _log.exception("the engine cannot go on")
            os._exit(1)

    def _answer(self, job: _Job) -> None:
        number = job.request.request
        try:
            if job.cancelled:
                raise CancelRequested
            self._channel.send(p.Started(number))
            if self._runner is None:
                self._runner = self._make_runner()
            match job.request:
                case p.LoadModel():
                    self._load(job.request)
                case p.Ask() | p.Show():
                    self._prompt(job, job.request)
                case p.FuseAgain():
                    self._fuse_again(job, job.request)
                case p.FuseAround():
                    self._fuse_around(job, job.request)
                case _:
                    self._predict(job, job.request)
        except CancelRequested:
            self._channel.send(p.Cancelled(number))
        except SeamsegError as error:
            self._channel.send(p.Failed(number, str(error)))
        except Exception as error:  # noqa: BLE001 - the worker's loop; a lost connection shows at the next send
            _log.exception("request %d failed", number)
            self._channel.send(p.Failed(number, f"the engine failed: {type(error).__name__}: {error}"))

    def _load(self, request: p.LoadModel) -> None:
        assert self._runner is not None
        model = self._runner.load(
            request.spec, lambda sentence: self._channel.send(p.Progress(request.request, sentence))
        )
        self._channel.send(
            p.Loaded(
                request.request,
                name=model.name,
                taxonomy=json.dumps(model.taxonomy.to_json()),
                num_parameters=model.num_parameters,
                card_title=model.card_title,
                device=model.device,
                min_stuff_area=model.min_stuff_area,
            )
        )

    def _predict(self, job: _Job, request: p.Predict | p.PredictFile) -> None:
        assert self._runner is not None

        image = job.arrays.get("image")
        if isinstance(request, p.PredictFile):
            image = read_image(request.path)
        assert image is not None
        if request.key:  # kept for longer than the block
            image = np.array(image)
        on_stage, say = self._listeners(job)
        result = self._runner.predict(image, request.options, say, on_stage, key=request.key)
        on_stage("answer")
        self._send_labels(request.request, result)

    def _fuse_again(self, job: _Job, request: p.FuseAgain) -> None:
        assert self._runner is not None
        on_stage, _ = self._listeners(job)
        result = self._runner.fuse_again(request.key, request.options, on_stage)
        on_stage("answer")
        if result is None:
            self._channel.send(p.Unseen(request.request))
        else:
            self._send_labels(request.request, result)

    def _fuse_around(self, job: _Job, request: p.FuseAround) -> None:
        assert self._runner is not None
        on_stage, say = self._listeners(job)
        part = part_from_arrays(job.arrays, request.facts)
        found = self._runner.fuse_around(_own_image(job), request.key, part, request.options, say, on_stage)
        on_stage("answer")
        if found is None:
            self._channel.send(p.Unseen(request.request))
            return
        block, model = self._pack(consequences_to_arrays(found)), self._runner.model
        box, timings_ms = (*found.box,), dict(found.result.timings_ms)
        self._channel.send(p.Followed(request.request, block.spec, box, timings_ms, model.name, model.device), block)

    def _pack(self, arrays: Mapping[str, Array]) -> Block:
        block = Block.pack(self._next_block, arrays)
        self._next_block += 1
        return block

    def _send_labels(self, number: int, result: PanopticResult) -> None:
        assert self._runner is not None
        block, model = self._pack(to_arrays(result)), self._runner.model
        timings_ms = {name: float(value) for name, value in result.timings_ms.items()}
        predicted = p.Predicted(number, block.spec, timings_ms, model.name, model.device, model.fingerprint)
        self._channel.send(predicted, block)

    def _prompt(self, job: _Job, request: p.Ask | p.Show) -> None:
        assert self._runner is not None
        image = _own_image(job)
        on_stage, say = self._listeners(job)
        answer = self._runner.prompt(image, request.key, request.prompt, say, on_stage)
        on_stage("answer")
        model = self._runner.model
        if answer is None:
            self._channel.send(p.Unseen(request.request))
        else:
            self._channel.send(p.Prompted(request.request, answer, model.name, model.device))

    def _listeners(self, job: _Job) -> tuple[Callable[[str], None], Callable[[str], None]]:
        """What a request calls at every stage, and to say something; both end it when it was cancelled."""

        def on_stage(stage: str) -> None:
            if job.cancelled:
                raise CancelRequested

        def say(sentence: str) -> None:
            on_stage("")
            self._channel.send(p.Progress(job.request.request, sentence))

        return on_stage, say


def _own_image(job: _Job) -> Array | None:
    """A copy of the image of a request, for longer than its block; None if it has none."""
    image = job.arrays.get("image")
    return None if image is None else np.array(image)


def main() -> int:
    """Runs the worker as the client's child; returns the exit code."""
    # Ctrl-C in a terminal reaches the whole group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        os.nice(_NICENESS)
    config = p.WorkerConfig(**json.loads(_read_line(sys.stdin.fileno())))
    threading.Thread(target=_end_with_parent, args=(sys.stdin.fileno(),), name="engine-parent", daemon=True).start()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # What a library prints must not be taken for our one line of output.
    output = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    address = _make_address()
    with Listener(address) as listener:  # the key is asked for in `_accept`, of each visitor by itself
        os.write(output, json.dumps({"address": address or listener.address}).encode() + b"\n")
        connection = _accept(listener, bytes.fromhex(config.authkey))
    os.close(output)
    channel = Channel(connection)
    with suppress(OSError):
        Worker(channel, lambda: _make_runner(config)).work()
    channel.close()
    return 0


def _make_address() -> str | None:
    # Linux's abstract names vanish with their socket; elsewhere the file (or pipe) is closed once connected.
    if sys.platform == "linux":
        return f"\0seamseg-{os.getpid()}-{secrets.token_hex(8)}"
    return None


def _accept(listener: Listener, authkey: bytes) -> Connection:
    """Waits for the client; other programs of this machine that find the address are let go, and hold nobody up."""
    proven: SimpleQueue[Connection | None] = SimpleQueue()
    while True:
        visitor = listener.accept()
        threading.Thread(target=_prove, args=(visitor, authkey, proven), name="engine-door", daemon=True).start()
        with suppress(Empty):  # one that says nothing; it may still, while others knock
            connection = proven.get(timeout=_PROOF_S)
            if connection is not None:
                return connection


def _prove(visitor: Connection, authkey: bytes, proven: SimpleQueue[Connection | None]) -> None:
    """Has a visitor show that it knows the key, and shows it ours; both as `multiprocessing` does."""
    try:
        deliver_challenge(visitor, authkey)
        answer_challenge(visitor, authkey)
    except (AuthenticationError, EOFError, OSError, ValueError, AssertionError):
        visitor.close()
        proven.put(None)
    else:
        proven.put(visitor)


def _make_runner(config: p.WorkerConfig) -> Runner:
    if config.num_threads and config.factory.startswith("seamseg_studio."):
        import torch

        torch.set_num_threads(config.num_threads)
    return Runner(find_factory(config.factory), config.device, config.precision, config.segmenter)


def _read_line(descriptor: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        data = os.read(descriptor, 1)  # no further: what follows is the watcher's
        if not data:
            raise SystemExit(0)
        line += data
    return line


def _end_with_parent(descriptor: int) -> None:
    # Not through sys.stdin: the interpreter cannot end while a thread holds the lock of a standard stream.
    while os.read(descriptor, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
