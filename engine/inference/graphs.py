"""The whole prediction of one image as a CUDA graph: one launch, one wait, no Python in between.

A graph belongs to one size of image and one set of options; a few are kept, for sizes that come again. The dense part
runs as PyTorch has it until `torch.compile` is done in the background; then the graph is captured anew with the
compiled one. Called from two threads, one image is copied while the other is computed. Whatever goes wrong here is said
once, and predictions go on without.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal, get_args

import appdirs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seamseg_studio.engine.inference.detection import Detections
from seamseg_studio.engine.inference.features import Features
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.padded import PaddedDetections, PaddedFusion, PaddedHeads, PaddedMap
from seamseg_studio.engine.inference.preprocess import resized_pixels
from seamseg_studio.engine.inference.recurring import Recurring
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.scene.panoptic_result import PanopticResult

Acceleration = Literal["auto", "compiled", "graph", "eager"]
ACCELERATIONS: tuple[str, ...] = get_args(Acceleration)
Dense = Callable[[Tensor], tuple[list[Tensor], list[Tensor], list[Tensor], Tensor]]

# A folder of photographs has few sizes; each graph keeps memory for what it computes.
_MAX_GRAPHS = 4
# Compiling takes half a minute of a processor core, in which no graph is captured and the program cannot end. It saves
# five milliseconds an image of 2 megapixels: worth it for some thousands of them, or for whoever asks for it.
_COMPILE_AT_USE = {"auto": 500, "compiled": 2}
_MAX_COMPILED = 4
# Images that are on their way at a time: one is copied, one computed.
_IN_FLIGHT = 2
_COMPILER = "network-compile"
# PyTorch shrinks by not much more on a GPU; it takes a strip of pixels to ask for that.
_MAX_SHRINKING = 64
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Key:
    input_size: tuple[int, int]
    map_size: tuple[int, int]
    options: PredictOptions


@dataclass(frozen=True, slots=True)
class _Outputs:
    levels: list[Tensor]
    logits: Tensor
    found: PaddedDetections
    map: PaddedMap


@dataclass(frozen=True, slots=True)
class _Answer:
    """The map, its table and the second choices of one image, where the next replay does not reach them."""

    ids: Tensor
    table: Tensor
    second_choice: Tensor | None

    def to_host(self) -> _Answer:
        """Begins to copy them to the host; what is copied must not be read before the stream is done."""
        second = None if self.second_choice is None else _to_host(self.second_choice)
        return _Answer(_to_host(self.ids), _to_host(self.table), second)


class _Lane:
    """What one image on its way needs for itself: memory on both sides, and a stream for its copies."""

    def __init__(self, graph: _Graph) -> None:
        outputs, pixels = graph.outputs.map, graph.pixels
        self.stream = torch.cuda.Stream(pixels.device)  # type: ignore[no-untyped-call, unused-ignore]
        self._staging = torch.empty(pixels.shape, dtype=torch.uint8, pin_memory=True)
        self.arrived = torch.empty_like(pixels)
        second = None if outputs.second_choice is None else torch.empty_like(outputs.second_choice)
        self.answer = _Answer(torch.empty_like(outputs.ids), torch.empty_like(outputs.table), second)

    def send(self, image: NDArray[np.uint8]) -> None:
        """Begins to copy an image to the device."""
        self._staging.copy_(torch.from_numpy(np.require(image, requirements=["C", "W"])))
        with torch.cuda.stream(self.stream):
            self.arrived.copy_(self._staging, non_blocking=True)

    def receive(self, computed: torch.cuda.Event) -> _Answer:
        """Waits for the answer, which is complete once `computed` has happened."""
        self.stream.wait_event(computed)
        with torch.cuda.stream(self.stream):
            answer = self.answer.to_host()
        self.stream.synchronize()
        return answer


class _Graph:
    """A captured prediction; its input and outputs lie at fixed places and are overwritten by the next."""

    def __init__(self, dense: Dense, network: PanopticNet, key: _Key, pool: Any) -> None:
        parameter = next(network.parameters())
        device, dtype = parameter.device, parameter.dtype
        self.pixels = torch.zeros((*key.map_size, 3), dtype=torch.uint8, device=device)
        mean = torch.tensor(network.config.dataloader.rgb_mean, device=device)
        std = torch.tensor(network.config.dataloader.rgb_std, device=device)

        def normalised() -> Tensor:
            pixels = resized_pixels(self.pixels, key.input_size)
            return pixels.div_(255).sub_(mean).div_(std).permute(2, 0, 1)[None].to(dtype)

        # What runs the first time may ask the host for something; so all of it runs before it is captured.
        stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call, unused-ignore]
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            levels, objectness, shifts, logits = dense(normalised())
            heads = PaddedHeads(network, key.input_size, objectness)
            fusion = PaddedFusion(network, key.input_size, key.map_size, key.options, device)
            fusion(logits[0], heads(levels, objectness, shifts))
            del levels, objectness, shifts, logits
        torch.cuda.current_stream(device).wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
            levels, objectness, shifts, logits = dense(normalised())
            found = heads(levels, objectness, shifts)
            self.outputs = _Outputs(levels, logits[0], found, fusion(logits[0], found))
        # The graph reads the memory of these, whoever else it is given to: they must live as long as it does.
        self.constants = (mean, std, heads, fusion)
        self._lanes: SimpleQueue[_Lane] = SimpleQueue()
        for _ in range(_IN_FLIGHT):
            self._lanes.put(_Lane(self))

    @contextlib.contextmanager
    def lane(self) -> Iterator[_Lane]:
        """Lends a lane; waits while all are in use."""
        lane = self._lanes.get()
        try:
            yield lane
        finally:
            self._lanes.put(lane)

    def replay(self, lane: _Lane) -> torch.cuda.Event:
        """Has the image of a lane computed; returns what happens when the answer is in the lane.

        One call at a time; none waits for the device.
        """
        current = torch.cuda.current_stream(self.pixels.device)
        current.wait_stream(lane.stream)
        self.pixels.copy_(lane.arrived)
        self.graph.replay()
        outputs = self.outputs.map
        lane.answer.ids.copy_(outputs.ids)
        lane.answer.table.copy_(outputs.table)
        if lane.answer.second_choice is not None and outputs.second_choice is not None:
            lane.answer.second_choice.copy_(outputs.second_choice)
        computed: torch.cuda.Event = current.record_event()
        return computed


class Graphs:
    """Predicts by CUDA graphs, one image at a time; may be called from several threads."""

    def __init__(self, network: PanopticNet, acceleration: Acceleration = "auto") -> None:
        """Takes a network on a GPU, ready for inference, that `padded.is_offered` agrees to."""
        self._network = network
        # The compiler starts Python by the name of this program, which in a frozen one is the program itself.
        self._compiles = acceleration in _COMPILE_AT_USE and not getattr(sys, "frozen", False)
        self._compile_at_use = _COMPILE_AT_USE.get(acceleration, 0)
        self._lock = threading.Lock()
        self._graphs: Recurring[_Key, _Graph] = Recurring(_MAX_GRAPHS)
        self._pool = torch.cuda.graph_pool_handle()  # type: ignore[no-untyped-call, unused-ignore]
        self._uses: dict[tuple[int, int], int] = {}
        self._compiled: dict[tuple[int, int], Dense] = {}
        self._compiler: threading.Thread | None = None
        self._is_broken = False

    @property
    def compiled_sizes(self) -> tuple[tuple[int, int], ...]:
        """Sizes of the network's input for which the dense part is compiled."""
        return tuple(self._compiled)

    def serves(self, options: PredictOptions) -> bool:
        """Whether predictions with these options can come from here."""
        return not (self._is_broken or options.reference or options.with_raw or options.with_uncertainty)

    def predict(
        self, image: NDArray[np.uint8], input_size: tuple[int, int], options: PredictOptions, *, with_features: bool
    ) -> tuple[PanopticResult, Features | None] | None:
        """Labels an image.

        Args:
            image: RGB values. [H, W, 3] uint8.
            input_size: Height and width at which the network sees it.
            options: Such as `serves` takes.
            with_features: Whether to return what prompts need.

        Returns:
            The result without timings, and the features; None if it cannot be done here, now or ever.
        """
        key = _Key(input_size, (image.shape[0], image.shape[1]), options)
        if any(side > _MAX_SHRINKING * seen for side, seen in zip(key.map_size, input_size, strict=True)):
            return None
        kept, graph = self._graphs, None
        try:
            with self._lock:
                kept = self._graphs
                graph = None if self._is_broken else self._graph(key)
            return None if graph is None else self._run(graph, key, image, with_features)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here, the network runs without
            if _is_out_of_memory(error):
                self._keep_fewer(kept, is_for_run=graph is not None)
            else:
                self._give_up(error)
            return None

    def release(self) -> bool:
        """Lets go of the graphs and their memory; whether there were any."""
        with self._lock:
            return self._graphs.clear()

    def _give_up(self, error: Exception) -> None:
        """Has all predictions go on without graphs, and says so once."""
        with self._lock:
            was_broken, self._is_broken = self._is_broken, True
            self._graphs.clear()
        if not was_broken:
            _LOG.warning("CUDA graphs cannot be used, predictions go on without: %s", _first_line(error))

    def _keep_fewer(self, kept: Recurring[_Key, _Graph], *, is_for_run: bool) -> None:
        """Lets go of all graphs, and keeps as many as had room from now on: one less if it was to run one of them.

        Nothing is to be done where another thread has done so since `kept` were the graphs.
        """
        with self._lock:
            if self._graphs is not kept:
                return
            num_kept = max(len(kept) - is_for_run, 0)
            kept.clear()
            self._graphs = Recurring(num_kept)
            self._is_broken = num_kept == 0
            # Memory of a pool can only go as a whole.
            self._pool = torch.cuda.graph_pool_handle()  # type: ignore[no-untyped-call, unused-ignore]
            torch.cuda.empty_cache()
        _LOG.warning("the GPU's memory is short: %d CUDA graphs are kept from now on", num_kept)

    def wait_for_compiler(self) -> None:
        """Waits until whatever is being compiled is done."""
        if self._compiler is not None:
            self._compiler.join()

    def _graph(self, key: _Key) -> _Graph | None:
        self._uses[key.input_size] = self._uses.get(key.input_size, 0) + 1
        if self._compiles and self._uses[key.input_size] >= self._compile_at_use:
            self._start_compiling(key.input_size)
        graph = self._graphs.use(key)
        # A compiler measures kernels and waits for the device, which a capture must not meet.
        if graph is not None or not self._graphs.is_worth(key) or _is_compiling():
            return graph
        dense = self._compiled.get(key.input_size, self._network)
        return self._graphs.keep(key, lambda: _Graph(dense, self._network, key, self._pool))

    def _run(
        self, graph: _Graph, key: _Key, image: NDArray[np.uint8], with_features: bool
    ) -> tuple[PanopticResult, Features | None]:
        with graph.lane() as lane:
            lane.send(image)
            with self._lock:
                computed = graph.replay(lane)
                features = self._features(graph.outputs, key, image) if with_features else None
            answer = lane.receive(computed)
        table = answer.table[:, answer.table[0] > 0]
        result = PanopticResult(
            ids=answer.ids.numpy(),
            categories=table[1].long().numpy(),
            scores=table[2].numpy(),
            is_crowd=(table[3] > 0).numpy(),
            second_choice=None if answer.second_choice is None else answer.second_choice.numpy(),
        )
        return result, features

    def _features(self, outputs: _Outputs, key: _Key, image: NDArray[np.uint8]) -> Features:
        """Copies what the next replay overwrites; waits for the device once."""
        roi, found = self._network.config.roi, outputs.found
        counts = torch.stack([found.num_proposals.sum(), (found.scores > 0).sum()])
        num_proposals, num_found = counts.tolist()
        return Features(
            tuple(level.clone() for level in outputs.levels[: roi.fpn_min_level + roi.fpn_levels]),
            outputs.logits.to(torch.float32, copy=True),
            found.proposals[:num_proposals].clone(),
            Detections(*(x[:num_found].clone() for x in (found.boxes, found.categories, found.scores))),
            key.input_size,
            image,
        )

    def _start_compiling(self, size: tuple[int, int]) -> None:
        if size in self._compiled or len(self._compiled) == _MAX_COMPILED or _is_compiling():
            return
        # No daemon: a thread that the end of the program meets inside a compiler takes it down with an error.
        self._compiler = threading.Thread(target=self._compile, args=(size,), name=_COMPILER)
        self._compiler.start()

    def _compile(self, size: tuple[int, int]) -> None:
        """Compiles the dense part for one size, and has the graphs of that size captured anew."""
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(_cache_folder()))
        parameter = next(self._network.parameters())
        try:
            dense: Dense = torch.compile(self._network, dynamic=False)
            stream = torch.cuda.Stream(parameter.device)  # type: ignore[no-untyped-call, unused-ignore]
            with torch.inference_mode(), torch.cuda.stream(stream):
                # Strides as those of the normalised pixels: a graph compiled for others would be compiled again.
                pixels = torch.zeros((*size, 3), dtype=parameter.dtype, device=parameter.device)
                dense(pixels.permute(2, 0, 1)[None])
                torch.cuda.current_stream(parameter.device).synchronize()
        except Exception as error:  # noqa: BLE001 - whatever a compiler dies of, the network runs without
            _LOG.warning("the network could not be compiled, it runs as it is: %s", _first_line(error))
            self._compiles = False
            return
        finally:
            _end_compile_workers()
        with self._lock:
            self._compiled[size] = dense
            self._graphs.drop(lambda key: key.input_size == size)
            # What is captured from now on needs less: it must not be laid out in the memory of what is dropped.
            self._pool = torch.cuda.graph_pool_handle()  # type: ignore[no-untyped-call, unused-ignore]
            torch.cuda.empty_cache()
        _LOG.info("the network is compiled for %d x %d pixels", *size)


def _is_compiling() -> bool:
    """Whether a network is being compiled in this process: this one, or one that it has taken the place of."""
    return any(thread.name == _COMPILER for thread in threading.enumerate())


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether this, or what it followed from (a capture that breaks off has an error of its own), is lack of memory."""
    if error is None or isinstance(error, torch.OutOfMemoryError):
        return error is not None
    # What CUDA's own libraries lack has another type.
    is_said = isinstance(error, RuntimeError) and any(
        x in str(error).lower() for x in ("out of memory", "alloc_failed")
    )
    return is_said or _is_out_of_memory(error.__context__)


def _to_host(tensor: Tensor) -> Tensor:
    """Begins to copy to memory that belongs to nobody else; PyTorch keeps such memory for the next time."""
    return torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True).copy_(tensor, non_blocking=True)


def _end_compile_workers() -> None:
    """Ends the processes that helped to compile; they would idle for as long as this one lives."""
    with contextlib.suppress(Exception):
        importlib.import_module("torch._inductor.async_compile").shutdown_compile_workers()


def _cache_folder() -> Path:
    return Path(appdirs.user_cache_dir("seamseg-studio", appauthor=False)) / "compiled"
