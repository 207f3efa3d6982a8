"""The engine as the window sees it: ask, get a future, be told what it is doing. No torch here.

Three threads per client: `engine-supervisor` (see `supervisor`), `engine-sender` (see `sender`) and, while there is a
child, `engine-watchdog` (see `watchdog`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from seamseg_studio.engine.scene.consequences import Consequences, CorrectedPart
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.service import protocol as p
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.protocol import (
    EngineKind,
    EngineState,
    PredictOptions,
    Priority,
    Prompt,
    PromptAnswer,
)
from seamseg_studio.engine.service.requests import ModelInfo, Pending, Phase, Request
from seamseg_studio.engine.service.shared_pixels import Array
from seamseg_studio.engine.service.supervisor import EngineSetup, Supervisor

__all__ = ["EngineClient", "EngineKind", "EngineState", "ModelInfo", "PredictOptions", "Priority", "Request"]

DEFAULT_FACTORY = "seamseg_studio.engine.service.runner:load_predictor"


class EngineClient:
    """Owns one engine process: starts it, asks it, restarts it, ends it. Thread-safe.

    Callbacks (`on_state`, progress, futures) run on the supervisor's thread and must return soon.
    """

    def __init__(
        self,
        *,
        model: str | None = None,
        device: str = "auto",
        precision: str = "auto",
        num_threads: int = 0,
        on_state: Callable[[EngineState], None] | None = None,
        heartbeat_s: float = 60.0,
        max_crashes: int = 4,
        factory: str = DEFAULT_FACTORY,
        segmenter: str = "",
    ) -> None:
        """Nothing is started yet.

        Args:
            model: Bundle to load: a path, a name, None for the starter.
            device: "auto", "cpu", "cuda" or "cuda:I".
            precision: "auto", "fp32" or "fp16".
            num_threads: CPU threads of the network; 0 leaves the choice to torch.
            on_state: Told of every change of `state`.
            heartbeat_s: A child silent for so long is taken for hung and replaced.
            max_crashes: So many crashes in a row, without an answer between them, and the device is given up.
            factory: What the child loads models with (see `runner`).
            segmenter: "module:function" of another model that answers prompts for masks; empty for none.
        """
        setup = EngineSetup(precision, num_threads, heartbeat_s, max_crashes, factory, segmenter)
        self._supervisor = Supervisor(model, device, setup, on_state)
        self._changed = self._supervisor.changed
        self._threads: list[threading.Thread] = []

    @property
    def state(self) -> EngineState:
        """What the engine is doing."""
        with self._changed:
            return self._supervisor.state

    @property
    def model(self) -> ModelInfo | None:
        """The loaded model; None before the first one."""
        with self._changed:
            return self._supervisor.model

    @property
    def pid(self) -> int | None:
        """Process id of the child, if there is one."""
        with self._changed:
            return self._supervisor.child.pid if self._supervisor.child is not None else None

    @property
    def is_over(self) -> bool:
        """Whether it was dismissed and is gone, its process and its threads."""
        with self._changed:
            return self._supervisor.sender.closing and not any(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        """Starts the engine; returns at once.

        Raises:
            ValueError: It was started, or closed, before.
        """
        with self._changed:
            if self._threads or self._supervisor.sender.closing:
                raise ValueError("an EngineClient can be started once")
            self._threads = [
                threading.Thread(target=self._supervisor.run, name="engine-supervisor", daemon=True),
                threading.Thread(target=self._supervisor.sender.run, name="engine-sender", daemon=True),
            ]
        for thread in self._threads:
            thread.start()

    def dismiss(self) -> None:
        """Has the engine end, and waits for nothing; unanswered requests are cancelled. Harmless when repeated."""
        with self._changed:
            self._supervisor.sender.close()
            unanswered = self._supervisor.table.clear()
            if self._supervisor.child is not None:
                self._supervisor.child.dismiss()
        for pending in unanswered:
            pending.request.cancel()

    def close(self, timeout_s: float = 5.0) -> None:
        """Dismisses the engine and waits until it is gone: a second at most, of one that hangs. Harmless when repeated.

        Args:
            timeout_s: How long to wait at most, should a callback be in the way.
        """
        self.dismiss()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def predict(
        self,
        image: Array | Path,
        *,
        options: PredictOptions | None = None,
        priority: Priority = Priority.INTERACTIVE,
        key: str = "",
        on_progress: Callable[[str], None] | None = None,
    ) -> Request[PanopticResult]:
        """Asks for the labels of an image; returns at once.

        Args:
            image: RGB pixels ([H, W, 3] uint8), not to be changed until answered; or an image file, which the engine
                reads itself.
            options: How to label.
            priority: INTERACTIVE for what a person waits for, BATCH else.
            key: Keeps the features of the image under this name, for prompts; empty keeps none.
            on_progress: Told, in sentences, of unusual things that happen to the request.

        Raises:
            ValueError: The array is no RGB image.
        """
        if isinstance(image, np.ndarray):
            _check_pixels(image)
        return self._ask(image, options or PredictOptions(), priority, on_progress, key=key)

    def prompt(
        self,
        image: Array,
        prompt: Prompt,
        *,
        key: str,
        priority: Priority = Priority.INTERACTIVE,
        on_progress: Callable[[str], None] | None = None,
    ) -> Request[PromptAnswer]:
        """Asks about one place of an image; returns at once. An image not labelled before is looked at first.

        Args:
            image: RGB pixels, [H, W, 3] uint8; handed over only if the engine does not have them under `key`.
            prompt: What is asked. One that asks for nothing fails with a sentence.
            key: The name of the image that `predict` got, or another one that no other image has.
            priority: Who waits.
            on_progress: Told, in sentences, of unusual things that happen to the request.

        Raises:
            ValueError: The array is no RGB image, or there is no key.
        """
        _check_pixels(image)
        if not key:
            raise ValueError("a prompt needs the key of its image")
        return self._ask(image, None, priority, on_progress, key=key, prompt=prompt)

    def fuse_again(
        self,
        image: Array,
        options: PredictOptions,
        *,
        key: str,
        priority: Priority = Priority.INTERACTIVE,
        on_progress: Callable[[str], None] | None = None,
    ) -> Request[PanopticResult]:
        """Asks for the labels of an image with other thresholds; returns at once.

        The network runs only if the engine does not have the image under `key`.

        Args:
            image: RGB pixels, [H, W, 3] uint8; handed over only then.
            options: The thresholds.
            key: The name of the image that `predict` got.
            priority: Who waits.
            on_progress: Told, in sentences, of unusual things that happen to the request.

        Raises:
            ValueError: The array is no RGB image, or there is no key.
        """
        _check_pixels(image)
        if not key:
            raise ValueError("another fusion needs the key of its image")
        return self._ask(image, options, priority, on_progress, key=key, fuses_again=True)

    def fuse_around(
        self, image: Array, part: CorrectedPart, options: PredictOptions, *, key: str
    ) -> Request[Consequences]:
        """Asks what follows from a correction; returns at once. An image not looked at before is looked at first.

        Args:
            image: RGB pixels, [H, W, 3] uint8; handed over only then.
            part: The correction, in the model's categories; its arrays are not to be changed until answered.
            options: The thresholds.
            key: The name of the image that `predict` got.

        Raises:
            ValueError: The array is no RGB image, or there is no key.
        """
        _check_pixels(image)
        if not key:
            raise ValueError("a correction needs the key of its image")
        return self._ask(image, options, Priority.INTERACTIVE, None, key=key, part=part)

    def load_model(self, spec: str | None) -> Request[ModelInfo]:
        """Changes the model; requests not yet started will be answered by it. A failure keeps the old one."""
        with self._changed:
            if self._has_given_up():  # the engine, or the model it died of, gets another chance with this one
                self._supervisor.spec = spec
                self._supervisor.state = EngineState(EngineKind.RESTARTING, self._supervisor.state.device)
                self.restart()
        return self._ask(spec, None, Priority.CONTROL, None)

    def restart(self) -> None:
        """Replaces the child, as a person may wish when it failed or hangs; unanswered requests are kept."""
        with self._changed:
            self._supervisor.restart_wanted = True
            self._changed.notify_all()
            if self._supervisor.child is not None:
                self._supervisor.child.kill()

    def set_priority(self, request: Request[Any], priority: Priority) -> None:
        """Serves an unanswered request earlier or later."""
        with self._changed:
            pending = self._supervisor.table.get(request.number)
            if pending is None:
                return
            pending.priority = priority
            if pending.phase == Phase.SENT:
                self._supervisor.sender.post(p.Reprioritise(request.number, priority))
            self._changed.notify_all()

    def wait_until_loaded(self, timeout_s: float = 60.0) -> ModelInfo:
        """Waits for the first model; for scripts and tests, not for the window.

        Raises:
            EngineError: It could not be loaded, or not in time.
        """
        engine = self._supervisor
        with self._changed:
            self._changed.wait_for(
                lambda: engine.model is not None or engine.problem or engine.sender.closing, timeout_s
            )
            if engine.model is None:
                raise EngineError(engine.problem or "the engine has not loaded a model yet; try again")
            return engine.model

    def _ask(
        self,
        payload: Array | Path | str | None,
        options: PredictOptions | None,
        priority: Priority,
        on_progress: Callable[[str], None] | None,
        *,
        key: str = "",
        prompt: Prompt | None = None,
        fuses_again: bool = False,
        part: CorrectedPart | None = None,
    ) -> Request[Any]:
        with self._changed:
            request: Request[Any] = Request(self._supervisor.table.next_number(), on_progress)
            refusal = ""
            if self._supervisor.sender.closing:
                refusal = "the engine is stopped"
            elif self._has_given_up():
                refusal = self._supervisor.problem
            else:
                pending = Pending(request, payload, options, priority, key, prompt, fuses_again, part)
                self._supervisor.table.add(pending)
                self._changed.notify_all()
        if refusal:
            request.fail(refusal)
        request.future.add_done_callback(lambda future: self._forget(request, future))
        return request

    def _has_given_up(self) -> bool:
        return self._supervisor.state.kind == EngineKind.FAILED and self._supervisor.child is None

    def _forget(self, request: Request[Any], future: Future[Any]) -> None:
        """Runs when a future is done; if because it was cancelled, the worker is told."""
        if not future.cancelled():
            return
        with self._changed:
            pending = self._supervisor.table.pop(request.number)
            if pending is not None and pending.phase != Phase.WAITING:
                self._supervisor.sender.post(p.Cancel(request.number))


def _check_pixels(image: Array) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"an image is uint8 [H, W, 3], not {image.dtype} {list(image.shape)}")
