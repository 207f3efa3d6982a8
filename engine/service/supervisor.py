"""The thread that keeps an engine running: starts children, hears them, resolves futures, restarts what died.

No torch here.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.engine.service import protocol as p
from seamseg_studio.engine.service.child import Child, start_child
from seamseg_studio.engine.service.errors import EngineError, ProtocolError
from seamseg_studio.engine.service.protocol import EngineKind, EngineState
from seamseg_studio.engine.service.requests import ModelInfo, Phase, Request, RequestTable
from seamseg_studio.engine.service.results import consequences_from_arrays, from_arrays
from seamseg_studio.engine.service.sender import Sender
from seamseg_studio.engine.service.shared_pixels import Block
from seamseg_studio.engine.service.watchdog import Watchdog

_log = logging.getLogger(__name__)

_TICK_S = 0.25
_CLOSE_GRACE_S = 1.0  # a dismissed worker ends within milliseconds, unless it is stopped or hangs in a driver
_START_S = 60.0  # until a child has greeted, even where Python itself starts slowly
_PROVEN_S = 60.0  # a child that lived as long was no failed start

_STOPPED = "the engine is stopped"
_CRASHED = "the engine crashed"
_SILENT = "the engine stopped answering"
_RESTARTED = {
    _CRASHED: "engine restarted after a crash",
    _SILENT: "engine restarted because it stopped answering",
}


@dataclass(frozen=True, slots=True)
class EngineSetup:
    """How to run children; the fields are those of EngineClient."""

    precision: str
    num_threads: int
    heartbeat_s: float
    max_crashes: int
    factory: str
    segmenter: str = ""


class Supervisor:
    """Runs one child at a time on behalf of a client.

    Attributes:
        changed: Guards `table`, the sender and all attributes here; notified of every change.
        spec: The model that a new child loads.
        state: What the engine is doing.
        model: What is loaded; None before the first model.
        problem: A sentence why nothing works, as long as that is so.
        child: The running child, if there is one.
    """

    def __init__(
        self, spec: str | None, device: str, setup: EngineSetup, on_state: Callable[[EngineState], None] | None
    ) -> None:
        """Starts nothing yet."""
        self.changed = threading.Condition()
        self.table = RequestTable()
        self.sender = Sender(self.changed, self.table)
        self.spec = spec
        self.state = EngineState(EngineKind.STOPPED, device)
        self.model: ModelInfo | None = None
        self.problem = ""
        self.child: Child | None = None
        self.restart_wanted = False
        self._device = device
        self._setup = setup
        self._on_state = on_state
        self._loading: int | None = None  # number of our own load request
        self._notice = ""  # what the person should know, until the next answer
        self._num_crashes = 0

    def run(self) -> None:
        """Keeps an engine running until the sender is closed; the thread's target."""
        self._show(EngineKind.STARTING, "starting the engine")
        while not self.sender.closing:
            born = time.monotonic()
            try:
                reason = self._live(self._start())
            except EngineError as error:
                reason = str(error)
            if not self.sender.closing:
                self._recover(reason, time.monotonic() - born)
        with self.changed:
            unanswered = self.table.clear()
        for pending in unanswered:
            pending.request.cancel()
        self._notice = ""
        self._show(EngineKind.STOPPED, "")

    def _start(self) -> tuple[Child, bytes]:
        child, authkey = start_child(
            device=self._device,
            precision=self._setup.precision,
            num_threads=self._setup.num_threads,
            factory=self._setup.factory,
            segmenter=self._setup.segmenter,
        )
        with self.changed:
            self.child = child
            if self.sender.closing:  # close() may have looked before there was a child to dismiss
                child.dismiss()
        return child, authkey

    def _live(self, started: tuple[Child, bytes]) -> str:
        """One child's life; returns a sentence saying why it ended."""
        child, authkey = started
        reason = _STOPPED
        watchdog = Watchdog(child.kill, lambda: self.sender.closing, _CLOSE_GRACE_S)
        try:
            with watchdog.limit(_START_S):
                child.connect(authkey)
            reason = self._converse(child, watchdog)
        except SeamsegError as error:
            reason = str(error)
        finally:
            watchdog.close()
            if watchdog.has_bitten and not self.sender.closing:
                reason = _SILENT
            with self.changed:
                self.sender.set_channel(None)
            if not self.sender.closing:
                child.kill()
            child.end(_CLOSE_GRACE_S)
            with self.changed:
                self.child = None
        if not self.sender.closing:
            _log.warning("%s (exit code %s)\n%s", reason, child.process.returncode, child.log())
        return reason

    def _converse(self, child: Child, watchdog: Watchdog) -> str:
        """Hears the child until the connection ends; returns a sentence saying why."""
        channel = child.channel
        assert channel is not None
        with self.changed:
            self._loading = self.table.next_number()
            load = p.LoadModel(self._loading, self.spec)
        self._show(EngineKind.LOADING, "loading the model")
        try:
            channel.send(load)
            with self.changed:
                self.sender.set_channel(channel)
            heard = pinged = time.monotonic()
            while not self.sender.closing:
                if channel.poll(_TICK_S):
                    with watchdog.limit(self._setup.heartbeat_s):
                        message, block = channel.receive()
                    try:
                        self._handle(message, block)
                    except (LookupError, ValueError, TypeError, AssertionError) as error:
                        raise ProtocolError("the engine gave an answer that makes no sense") from error
                    del message, block  # or its pixels would stay until the next message
                    heard = time.monotonic()
                now = time.monotonic()
                if now - pinged > self._setup.heartbeat_s / 4:
                    pinged = now
                    with self.changed:
                        self.sender.post(p.Ping(0))
                if now - heard > self._setup.heartbeat_s:
                    return _SILENT
        except (EOFError, OSError):
            return _CRASHED
        return _STOPPED

    def _handle(self, message: p.Message, block: Block | None) -> None:
        match message:
            case p.Started(number):
                with self.changed:
                    if (pending := self.table.get(number)) is not None:
                        pending.phase = Phase.STARTED
                self._show_work()
            case p.Progress(number, sentence):
                with self.changed:
                    pending = self.table.get(number)
                if pending is not None and pending.request.on_progress is not None:
                    self._call(pending.request.on_progress, sentence)
                self._show(EngineKind.BUSY, sentence)
            case p.Loaded():
                self._on_loaded(message)
            case p.Predicted():
                assert block is not None
                self._on_predicted(message, block)
            case p.Prompted():
                self._on_prompted(message)
            case p.Followed():
                assert block is not None
                self._on_followed(message, block)
            case p.Unseen(number):
                with self.changed:
                    if (pending := self.table.get(number)) is not None:
                        pending.phase, pending.with_pixels = Phase.WAITING, True
                        self.changed.notify_all()
            case p.Failed(number, sentence):
                self._on_failed(number, sentence)
            case p.Cancelled():
                self._show_work()

    def _on_loaded(self, message: p.Loaded) -> None:
        info = ModelInfo(
            name=message.name,
            taxonomy=Taxonomy.from_json(json.loads(message.taxonomy)),
            num_parameters=message.num_parameters,
            card_title=message.card_title,
            device=message.device,
            min_stuff_area=message.min_stuff_area,
        )
        with self.changed:
            self.model = info
            self.problem = ""
            if message.request == self._loading:
                self._loading = None
            pending = self.table.pop(message.request)
            if pending is not None:
                assert pending.payload is None or isinstance(pending.payload, str)
                self.spec = pending.payload
            self.changed.notify_all()
        self._show_work(info.device)
        if pending is not None:
            pending.request.bundle = info.name
            pending.request.resolve(info)

    def _on_predicted(self, message: p.Predicted, block: Block) -> None:
        result = from_arrays(
            block.arrays(), message.timings_ms, message.fingerprint
        )  # before the request counts as answered
        request = self._answered(message)
        if request is not None:
            request.resolve(result)

    def _on_prompted(self, message: p.Prompted) -> None:
        request = self._answered(message)
        if request is not None:
            request.resolve(message.answer)

    def _on_followed(self, message: p.Followed, block: Block) -> None:
        result = consequences_from_arrays(block.arrays(), message.box, message.timings_ms)
        request = self._answered(message)
        if request is not None:
            request.resolve(result)

    def _answered(self, message: p.Answered) -> Request[Any] | None:
        """Takes an answered request off the table; the engine has proven that it works."""
        with self.changed:
            pending = self.table.pop(message.request)
            self._num_crashes = 0
            self._notice = ""
        self._show_work(message.device)
        if pending is None:
            return None
        pending.request.bundle = message.bundle
        return pending.request

    def _on_failed(self, number: int, sentence: str) -> None:
        with self.changed:
            if number == self._loading:
                self._loading = None
                self.problem = sentence
            pending = self.table.pop(number)
            self._notice = ""
            self.changed.notify_all()
        self._show_work()
        if pending is not None:
            pending.request.fail(sentence)

    def _recover(self, reason: str, lifetime_s: float) -> None:
        """After a child's death: puts its requests back, or gives up what has been tried often enough."""
        with self.changed:
            wanted, self.restart_wanted = self.restart_wanted, False
            self._num_crashes = 0 if wanted else 1 if lifetime_s > _PROVEN_S else self._num_crashes + 1
            retried, given_up = self.table.take_back(blame=not wanted)
            hopeless = self._num_crashes >= self._setup.max_crashes
            if wanted:
                self._notice = "engine restarted"
            elif hopeless and self._device != "cpu":
                self._notice = f"{reason} {self._num_crashes} times in a row: continuing on the CPU"
                self._device, self._num_crashes, hopeless = "cpu", 0, False
            elif retried:
                what = "model is being loaded" if retried[0].is_load else "image is being labelled"
                self._notice = f"{_RESTARTED.get(reason, reason)}; the {what} again"
            else:
                self._notice = _RESTARTED.get(reason, f"{reason}; trying again")
            if hopeless:
                self.problem = f"{reason} {self._num_crashes} times in a row; choose another model or device"
            unanswered = self.table.clear() if hopeless else []
        self._show(EngineKind.FAILED if hopeless else EngineKind.RESTARTING, self.problem)
        for pending in given_up:
            pending.request.fail(f"{reason} twice while {pending.subject}; leave it out or try another device")
        for pending in unanswered:
            pending.request.fail(self.problem)
        if hopeless:
            self._wait_for_restart()

    def _wait_for_restart(self) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self.sender.closing or self.restart_wanted)
            self.restart_wanted = False
            self._num_crashes, self._notice, self.problem = 0, "", ""
        self._show(EngineKind.STARTING, "starting the engine")

    def _show_work(self, device: str | None = None) -> None:
        with self.changed:
            if self._loading is not None:
                kind, sentence = EngineKind.LOADING, "loading the model"
            elif self.problem:
                kind, sentence = EngineKind.FAILED, self.problem
            else:
                kind, sentence = (EngineKind.BUSY if self.table.is_busy() else EngineKind.READY), ""
        self._show(kind, sentence, device)

    def _show(self, kind: EngineKind, sentence: str, device: str | None = None) -> None:
        """Changes the state and tells of it; a standing notice is shown instead of the usual sentence."""
        with self.changed:
            message = sentence if kind == EngineKind.FAILED else self._notice or sentence
            state = EngineState(kind, device or self.state.device, message)
            if state == self.state:
                return
            self.state = state
            self.changed.notify_all()
        if self._on_state is not None:
            self._call(self._on_state, state)

    def _call(self, callback: Callable[[Any], None], value: object) -> None:
        try:
            callback(value)
        except Exception:  # noqa: BLE001 - the caller's mistake must not take the engine down
            _log.exception("a callback of the engine's client failed")
