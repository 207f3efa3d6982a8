"""The engine for the window: what `EngineClient` says on its own threads, as signals on the window's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal

from seamseg_studio.app.words.window_words import in_window_words
from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.service.protocol import EngineKind, EngineState, PredictOptions, Priority, Prompt

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seamseg_studio.engine.scene.consequences import CorrectedPart
    from seamseg_studio.engine.service.client import EngineClient
    from seamseg_studio.engine.service.requests import ModelInfo, Request


class Answer(QObject):
    """The answer to one request, when it comes.

    Signals:
        succeeded: What was asked for (a `PanopticResult`, `PromptAnswer`, `Consequences` or `ModelInfo`) and the name
            of the model that said so.
        failed: One sentence for the person.
        ended: After either, and after `cancel`.
    """

    succeeded = Signal(object, str)
    failed = Signal(str)
    ended = Signal()
    _resolved = Signal(object)

    def __init__(self, request: Request[Any], parent: QObject) -> None:
        super().__init__(parent)
        self._request = request
        self.translate: Callable[[Any], Any] | None = None  # what is done to a result before it is told
        self.is_cancelled = False  # by whoever asked, or with the engine that was asked
        # Queued always: an answer may be there before the one who asked has connected anything.
        self._resolved.connect(self._on_resolved, Qt.ConnectionType.QueuedConnection)
        request.future.add_done_callback(self._resolved.emit)

    def cancel(self) -> None:
        """Says that nobody wants the answer any more."""
        self._request.cancel()

    def _on_resolved(self, future: Future[Any]) -> None:
        try:
            result = future.result()
        except CancelledError:
            self.is_cancelled = True
        except SeamsegError as error:
            self.failed.emit(in_window_words(str(error)))
        else:
            result = self.translate(result) if self.translate is not None else result
            self.succeeded.emit(result, self._request.bundle or "")
        self.ended.emit()
        self.deleteLater()


class EngineJobs(QObject):
    """Owns the engine's client.

    Signals:
        state_changed: The new `EngineState`.
        model_changed: The `ModelInfo` of the model now in use.
    """

    state_changed = Signal(object)
    model_changed = Signal(object)
    _told = Signal(object, object)

    def __init__(self, model: str | None, device: str, parent: QObject | None = None, **options: Any) -> None:
        """Starts nothing yet.

        Args:
            model: Bundle to load: a path, a name, None for the starter.
            device: "auto", "cpu", "cuda" or "cuda:I".
            parent: Qt's owner.
            options: Further ones of `EngineClient`, as tests need them.
        """
        super().__init__(parent)
        self._spec = model
        self._device = device
        self._options = options
        self._client: EngineClient | None = None
        self._dismissed: list[EngineClient] = []  # those that may still be on their way out
        self._model: ModelInfo | None = None
        self.input_scale = 1.0  # of what the model sees from now on
        self.state = EngineState(EngineKind.STOPPED, device)
        self._told.connect(self._on_told)

    @property
    def model(self) -> ModelInfo | None:
        """The model in use; None before the first one is loaded."""
        return self._model

    @property
    def spec(self) -> str | None:
        """The bundle asked for last."""
        return self._spec

    def start(self) -> None:
        """Starts the engine's process; harmless when repeated."""
        if self._client is None:
            from seamseg_studio.engine.service.client import EngineClient

            client: EngineClient = EngineClient(
                model=self._spec,
                device=self._device,
                on_state=lambda state: self._told.emit(client, state),
                **self._options,
            )
            self._client = client
            client.start()

    def close(self) -> None:
        """Ends the engine's process, and waits until it is gone."""
        self._dismiss()
        for client in self._dismissed:
            client.close()
        self._dismissed.clear()

    def restart(self) -> None:
        """Starts the engine anew, as when it hangs or failed."""
        if self._client is not None and self.state.kind is not EngineKind.FAILED:
            self._client.restart()
            return
        self._dismiss()
        self.start()

    def configure(self, device: str, precision: str) -> None:
        """Runs the model elsewhere, or in other numbers: a running engine is replaced, what it was asked fails."""
        self._device = device
        self._options["precision"] = precision
        if self._client is not None:
            self._dismiss()
            self.start()

    def predict(self, image: NDArray[np.uint8] | Path, *, in_background: bool = False, key: str = "") -> Answer:
        """Asks for the labels of an image.

        Args:
            image: RGB pixels ([H, W, 3] uint8), not to be changed until answered; or an image file.
            in_background: Whether images that a person waits for come first.
            key: A name for the image if prompts about it may follow.
        """
        priority = Priority.BATCH if in_background else Priority.INTERACTIVE
        options = PredictOptions(with_uncertainty=True, input_scale=self.input_scale)
        return Answer(self._running().predict(image, options=options, priority=priority, key=key), self)

    def prompt(self, image: NDArray[np.uint8], prompt: Prompt, key: str) -> Answer:
        """Asks about one place of an image.

        Args:
            image: RGB pixels, [H, W, 3] uint8.
            prompt: What is asked.
            key: The name given to `predict`; an image not labelled under it is looked at first.
        """
        return Answer(self._running().prompt(image, prompt, key=key), self)

    def fuse_again(self, image: NDArray[np.uint8], options: PredictOptions, key: str) -> Answer:
        """Asks for the labels of an image with other thresholds; the network runs only if the image is not known.

        Args:
            image: RGB pixels, [H, W, 3] uint8.
            options: The thresholds.
            key: The name given to `predict`.
        """
        options = replace(options, input_scale=self.input_scale)
        return Answer(self._running().fuse_again(image, options, key=key), self)

    def fuse_around(self, image: NDArray[np.uint8], part: CorrectedPart, key: str) -> Answer:
        """Asks what follows from a correction; an image not looked at before is looked at first.

        Args:
            image: RGB pixels, [H, W, 3] uint8.
            part: The correction, in the model's categories.
            key: The name given to `predict`.
        """
        options = PredictOptions(with_second_choice=False, input_scale=self.input_scale)
        return Answer(self._running().fuse_around(image, part, options, key=key), self)

    def load_model(self, spec: str | None) -> Answer:
        """Changes the model; if it cannot be loaded the old one stays."""
        answer = Answer(self._running().load_model(spec), self)
        answer.succeeded.connect(lambda info, _: self._on_model_loaded(spec, info))
        return answer

    def _running(self) -> EngineClient:
        self.start()
        assert self._client is not None
        return self._client

    def _dismiss(self) -> None:
        """Lets go of the engine without waiting for it: one that hangs takes a second to end, and people would wait."""
        client, self._client = self._client, None
        self._dismissed = [former for former in self._dismissed if not former.is_over]
        if client is not None:
            client.dismiss()
            self._dismissed.append(client)

    def _on_told(self, client: EngineClient, state: EngineState) -> None:
        if client is not self._client:
            return  # of one that was dismissed nobody wants to hear
        self.state = state = replace(state, message=in_window_words(state.message))
        if self._client is not None and self._client.model is not None:
            self._take(self._client.model)
        self.state_changed.emit(state)

    def _on_model_loaded(self, spec: str | None, info: ModelInfo) -> None:
        self._spec = spec
        self._take(info)

    def _take(self, info: ModelInfo) -> None:
        if info != self._model:
            self._model = info
            self.model_changed.emit(info)
