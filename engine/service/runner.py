"""What the worker does with a model: load it, predict, and go on in smaller tiles or on the CPU when it must.

Imports torch only when a real model is loaded.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from seamseg_studio.engine.errors import InputError, SeamsegError
from seamseg_studio.engine.inference.errors import DeviceError
from seamseg_studio.engine.scene.consequences import Consequences, CorrectedPart
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.protocol import PredictOptions, Prompt, PromptAnswer
from seamseg_studio.engine.service.shared_pixels import Array

if TYPE_CHECKING:
    from seamseg_studio.engine.inference.prompts import Segmenter

ACCELERATION = "SEAMSEG_ACCELERATION"
"""An environment variable: how predictions run on a GPU; see `Predictor.acceleration`."""

DEFAULT_FACTORY = "seamseg_studio.engine.service.runner:load_predictor"

# Into how many tiles the longer side of an image is cut, tried in turn when memory runs out.
_TILES = (2, 4)

T = TypeVar("T")
OnStage = Callable[[str], None]
Say = Callable[[str], None]


class CancelRequested(BaseException):
    """Ends a prediction whose answer nobody wants; a BaseException so that no library swallows it."""


class Model(Protocol):
    """What the worker needs of a model."""

    @property
    def name(self) -> str:
        """The bundle's name."""

    @property
    def taxonomy(self) -> Taxonomy:
        """What it can label."""

    @property
    def num_parameters(self) -> int:
        """Trained numbers in the network."""

    @property
    def card_title(self) -> str:
        """First heading of the bundle's card."""

    @property
    def fingerprint(self) -> str:
        """Tells models of one name apart."""

    @property
    def min_stuff_area(self) -> float:
        """Smaller semantic regions become void unless the options say otherwise; pixels of the network's input."""

    @property
    def device(self) -> str:
        """What it runs on: "cpu", "cuda:0"."""

    def predict(
        self, image: Array, options: PredictOptions, *, tiles: int, on_stage: OnStage, key: str = ""
    ) -> PanopticResult:
        """Labels an RGB image ([H, W, 3] uint8).

        Args:
            image: The image; not to be changed if there is a key.
            options: How.
            tiles: Into how many tiles to cut the longer side of the image at least; the result is about the same.
            on_stage: Called with a word before each stage; what it raises ends the prediction.
            key: Keeps the features under this name; empty keeps none.
        """

    def prompt(self, image: Array | None, key: str, prompt: Prompt, *, on_stage: OnStage) -> PromptAnswer | None:
        """Answers a prompt from the features of `key`, or of the image; None if there is neither.

        Raises:
            PromptError: It asks for nothing, or for something outside the image.
        """

    def fuse_again(self, key: str, options: PredictOptions, *, on_stage: OnStage) -> PanopticResult | None:
        """Labels the image of a key with other thresholds, from its features; None if they are not there."""

    def fuse_around(
        self, image: Array | None, key: str, part: CorrectedPart, options: PredictOptions, *, on_stage: OnStage
    ) -> Consequences | None:
        """Says what follows from a correction, from the features of `key` or of the image; None if there is neither."""

    def release(self) -> bool:
        """Lets go of all features; whether that freed anything."""

    def use_segmenter(self, segmenter: Segmenter) -> None:
        """Has another model answer prompts for masks."""


Factory = Callable[[str | None, str, str], Model]


@dataclass(frozen=True, slots=True)
class _Loaded:
    spec: str | None
    model: Model


class Runner:
    """Holds the loaded model; not thread-safe."""

    def __init__(self, factory: Factory, device: str, precision: str, segmenter: str = "") -> None:
        """`factory(spec, device, precision)` loads a model; `segmenter` names another one, see `find_factory`."""
        self._factory = factory
        self._segmenter = segmenter
        self._device = device
        self._precision = precision
        self._loaded: _Loaded | None = None
        self._problem = "no model is loaded; choose another model"

    def share(self) -> Runner:
        """Another runner of the same loaded model, for another thread."""
        other = Runner(self._factory, self._device, self._precision, self._segmenter)
        other._loaded, other._problem = self._loaded, self._problem
        return other

    def load(self, spec: str | None, say: Say) -> Model:
        """Loads a model, on the CPU if the device fails, which is said; the previous one stays if that fails, too.

        Raises:
            SeamsegError: With a sentence saying why.
        """
        try:
            model = self._make(spec, self._device, self._precision)
        except Exception as error:
            reason = str(error) if isinstance(error, SeamsegError) else f"{type(error).__name__}: {error}"
            if is_out_of_memory(error):
                reason = "not enough memory; close other programs"
            if self._loaded is None:
                advice = "" if isinstance(error, DeviceError) else "; choose another model"
                self._problem = f"no model is loaded ({reason}){advice}"
            if isinstance(error, SeamsegError):
                raise
            if is_device_failure(error) or is_out_of_memory(error):
                return self._load_on_cpu(spec, reason, say)
            raise EngineError(f"the model {spec or 'starter'} could not be loaded: {reason}") from error
        self._loaded = _Loaded(spec, model)
        # What there is now stays: looking through all of it is what makes the collector's longest pauses.
        gc.unfreeze()  # the former model must go
        gc.collect()
        gc.freeze()
        return model

    def _make(self, spec: str | None, device: str, precision: str) -> Model:
        model = self._factory(spec, device, precision)
        if self._segmenter:
            make = find_factory(self._segmenter)
            model.use_segmenter(cast("Callable[[str], Segmenter]", make)(model.device))
        return model

    def predict(
        self, image: Array, options: PredictOptions, say: Say, on_stage: OnStage, *, key: str = ""
    ) -> PanopticResult:
        """Labels an image, without what is kept of others, in tiles or on the CPU if it must be, each said.

        Raises:
            EngineError: No model is loaded, or memory is short even so.
        """
        for tiles in self._tiles_to_try(say):
            try:
                return self._predict(image, options, tiles, say, on_stage, key)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
        if self.model.device != "cpu":
            say(f"not enough memory on {self.model.device}: labelling this image on the CPU")
            on_device = self._loaded
            try:
                self._to_cpu()
                return self._predict(image, options, 1, say, on_stage, key)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            finally:
                self._loaded = on_device  # the next image may be small enough again
        height, width = image.shape[:2]
        raise EngineError(f"not enough memory for {width} x {height} pixels; close other programs or crop the image")

    def _tiles_to_try(self, say: Say) -> Iterator[int]:
        """Yields into how many tiles to cut, as long as memory is short, after making what room there is to make."""
        yield 1
        if self.model.release():
            say(f"not enough memory on {self.model.device}: letting go of the images seen before")
            yield 1
        for tiles in _TILES:
            self.model.release()
            say(f"not enough memory on {self.model.device}: labelling it in {tiles} x {tiles} tiles")
            yield tiles

    def prompt(self, image: Array | None, key: str, prompt: Prompt, say: Say, on_stage: OnStage) -> PromptAnswer | None:
        """Answers a prompt, without the features of other images or on the CPU if it must be, each said.

        Args:
            image: The image; None if its features should be there.
            key: Their name.
            prompt: What is asked.
            say: Gets sentences.
            on_stage: See `Model.predict`.

        Returns:
            None if the features are not there (any more) and there is no image.

        Raises:
            SeamsegError: No model is loaded, memory is short even so, or the prompt asks for nothing.
        """
        return self._recovering(
            lambda: self.model.prompt(image, key, prompt, on_stage=on_stage), say, has_pixels=image is not None
        )

    def fuse_around(
        self,
        image: Array | None,
        key: str,
        part: CorrectedPart,
        options: PredictOptions,
        say: Say,
        on_stage: OnStage,
    ) -> Consequences | None:
        """Says what follows from a correction; otherwise as `prompt`."""
        return self._recovering(
            lambda: self.model.fuse_around(image, key, part, options, on_stage=on_stage),
            say,
            has_pixels=image is not None,
        )

    def _recovering(self, ask: Callable[[], T | None], say: Say, *, has_pixels: bool) -> T | None:
        try:
            return ask()
        except Exception as error:
            device = self.model.device
            if is_out_of_memory(error) and self.model.release():
                say(f"not enough memory on {device}: letting go of the images seen before")
            elif device != "cpu" and (is_out_of_memory(error) or is_device_failure(error)):
                say(f"{device} reports an error ({_first_line(error)}): continuing on the CPU")
                self._to_cpu()
            elif is_out_of_memory(error):
                raise EngineError("not enough memory to answer; close other programs") from error
            else:
                raise
        # Every way round takes away what may have been in the way, so that this ends.
        return self._recovering(ask, say, has_pixels=has_pixels) if has_pixels else None

    def fuse_again(self, key: str, options: PredictOptions, on_stage: OnStage) -> PanopticResult | None:
        """Labels an image seen before with other thresholds.

        Returns:
            None if its features are not there (any more), or that does not work: label it from its pixels.

        Raises:
            EngineError: No model is loaded.
        """
        model = self.model
        try:
            return model.fuse_again(key, options, on_stage=on_stage)
        except Exception as error:
            if not is_out_of_memory(error) and not is_device_failure(error):
                raise
            model.release()
            return None

    @property
    def model(self) -> Model:
        """The loaded model.

        Raises:
            EngineError: There is none.
        """
        if self._loaded is None:
            raise EngineError(self._problem)
        return self._loaded.model

    def _predict(
        self, image: Array, options: PredictOptions, tiles: int, say: Say, on_stage: OnStage, key: str
    ) -> PanopticResult:
        try:
            return self.model.predict(image, options, tiles=tiles, on_stage=on_stage, key=key)
        except Exception as error:
            if self.model.device == "cpu" or not is_device_failure(error):
                raise
            say(f"{self.model.device} reports an error ({_first_line(error)}): continuing on the CPU")
            self._to_cpu()
            return self.model.predict(image, options, tiles=tiles, on_stage=on_stage, key=key)

    def _to_cpu(self) -> None:
        # Loaded again from disk: after a driver error nothing can be copied off the device any more.
        assert self._loaded is not None
        model = self._make(self._loaded.spec, "cpu", "fp32")
        if model.fingerprint != self._loaded.model.fingerprint:
            raise EngineError(
                f"the model {self._loaded.spec or 'starter'} was replaced while it was in use; load it again, and "
                "label again what it had labelled"
            )
        self._loaded = replace(self._loaded, model=model)

    def _load_on_cpu(self, spec: str | None, reason: str, say: Say) -> Model:
        if self._device == "cpu":
            raise EngineError(f"the model {spec or 'starter'} could not be loaded: {reason}")
        say(f"the model could not be loaded on {self._device} ({reason}): using the CPU")
        self._loaded = _Loaded(spec, self._make(spec, "cpu", "fp32"))
        return self._loaded.model


# The last is what oneDNN, which computes convolutions on the CPU, has for every cause; it has hardly another one.
_NO_MEMORY = (
    *("out of memory", "can't allocate memory", "not enough memory", "alloc_failed"),
    *("could not create a primitive", "could not create a memory"),
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on whatever device."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _NO_MEMORY)


def is_device_failure(error: BaseException) -> bool:
    """Whether the device or its driver failed, and not the work given to it."""
    if is_out_of_memory(error):
        return False
    return type(error).__name__ == "AcceleratorError" or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in ("CUDA", "cuDNN", "CUBLAS", "NVML"))
    )


def find_factory(name: str) -> Factory:
    """Imports "module:function", or "file.py:function".

    Raises:
        EngineError: There is no such thing, or the file is no Python.
    """
    module, _, function = name.rpartition(":")
    try:
        return cast(Factory, getattr(_imported(module), function))
    except (ImportError, AttributeError, OSError, SyntaxError, ValueError) as error:
        raise EngineError(f"the engine cannot load {name}: {_first_line(error)}") from error


def _imported(name: str) -> ModuleType:
    if not name.endswith(".py"):
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(Path(name).stem, name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_predictor(spec: str | None, device: str, precision: str) -> Model:
    """Loads a bundle with `engine.inference`; the usual factory."""
    from seamseg_studio.engine.inference.graphs import ACCELERATIONS, Acceleration
    from seamseg_studio.engine.inference.predictor import load_model
    from seamseg_studio.engine.service.predictor_model import PredictorModel

    acceleration = os.environ.get(ACCELERATION, "auto")
    if acceleration not in ACCELERATIONS:
        raise InputError(f"{ACCELERATION}={acceleration}: is none of {', '.join(ACCELERATIONS)}; choose one")
    return PredictorModel(
        load_model(spec, device=device, precision=precision, acceleration=cast("Acceleration", acceleration))
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
