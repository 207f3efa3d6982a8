"""When graphs are made, kept and given up; that they answer rightly is tested on a GPU."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from seamseg_studio.engine.inference import graphs as graphs_module
from seamseg_studio.engine.inference.graphs import Acceleration, Graphs
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.padded import PaddedDetections

OPTIONS = PredictOptions()
SIZES = [(8, 8), (8, 9), (8, 10)]


class Making:
    """Stands in for the capture of a graph.

    Attributes:
        made: The sizes of what was captured.
        fail: Called before each; what it raises is what goes wrong.
    """

    def __init__(self) -> None:
        self.made: list[tuple[int, int]] = []
        self.fail: Callable[[], None] = lambda: None

    def __call__(self, dense: object, network: object, key: Any, pool: object) -> object:
        self.fail()
        self.made.append(key.map_size)
        return object()


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> Making:
    """Graphs without a GPU: those that there are answer "graph"."""
    made = Making()
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", object)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    monkeypatch.setattr(graphs_module, "_Graph", made)
    monkeypatch.setattr(graphs_module, "_end_compile_workers", lambda: None)
    monkeypatch.setattr(Graphs, "_run", lambda *_: ("graph", None))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "unused")
    return made


def new_graphs(acceleration: Acceleration = "graph") -> Graphs:
    return Graphs(cast(Any, torch.nn.Linear(1, 1)), acceleration)


def predict(graphs: Graphs, size: tuple[int, int]) -> object:
    """What comes of an image of a size; None if it is for the network without graphs."""
    answer = graphs.predict(np.zeros((*size, 3), np.uint8), size, OPTIONS, with_features=False)
    return None if answer is None else answer[0]


def short_of_memory() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory")


def beside(graphs: Graphs, monkeypatch: pytest.MonkeyPatch, method: str, size: tuple[int, int]) -> None:
    """Has another thread predict at the moment when one has failed, and is about to draw the consequences."""
    whole = getattr(Graphs, method)

    def after_another(self: Graphs, *arguments: Any, **options: Any) -> None:
        monkeypatch.setattr(Graphs, method, whole)
        assert predict(graphs, size) is None
        whole(self, *arguments, **options)

    monkeypatch.setattr(Graphs, method, after_another)


def test_two_images_that_lack_memory_at_once_cost_one_graph(making: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = new_graphs()
    for size in SIZES[:2]:
        assert [predict(graphs, size) for _ in range(3)] == [None, "graph", "graph"]
    predict(graphs, SIZES[2])
    making.fail = short_of_memory
    beside(graphs, monkeypatch, "_keep_fewer", SIZES[2])
    assert predict(graphs, SIZES[2]) is None
    making.fail = lambda: None
    assert graphs.serves(OPTIONS)
    for size in SIZES[:2]:
        assert [predict(graphs, size) for _ in range(3)] == [None, "graph", "graph"]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_where_no_graph_has_room_the_next_image_does_without(
    making: Making, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail() -> None:
        raise error

    graphs, making.fail = new_graphs(), fail
    with caplog.at_level(logging.WARNING):
        assert [predict(graphs, SIZES[0]) for _ in range(5)] == [None] * 5
    assert not graphs.serves(OPTIONS)
    assert caplog.text.count("0 CUDA graphs are kept") == 1


@pytest.mark.parametrize("error", [RuntimeError("no graphs\nhere"), AssertionError(), KeyError("size")])
def test_what_goes_wrong_is_said_once(
    making: Making, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail() -> None:
        raise error

    graphs, making.fail = new_graphs(), fail
    predict(graphs, SIZES[0])
    beside(graphs, monkeypatch, "_give_up", SIZES[0])
    with caplog.at_level(logging.WARNING):
        assert [predict(graphs, SIZES[0]) for _ in range(3)] == [None] * 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "CUDA graphs cannot be used" in caplog.text
    assert "here" not in caplog.text


def test_a_compiler_that_dies_without_a_word_is_not_asked_again(
    making: Making, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    num_asked = 0

    def dies(*_: object, **__: object) -> object:
        nonlocal num_asked
        num_asked += 1
        raise AssertionError

    monkeypatch.setattr(torch, "compile", dies)
    graphs = new_graphs("compiled")
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            predict(graphs, SIZES[0])
            graphs.wait_for_compiler()
    assert num_asked == 1
    assert "could not be compiled, it runs as it is: AssertionError" in caplog.text
    assert making.made == [SIZES[0]]


def test_no_graph_is_captured_while_a_former_model_is_compiled(making: Making) -> None:
    done = threading.Event()
    compiler = threading.Thread(target=done.wait, name="network-compile")
    compiler.start()
    graphs = new_graphs()
    try:
        assert [predict(graphs, SIZES[0]) for _ in range(4)] == [None] * 4
    finally:
        done.set()
        compiler.join()
    assert predict(graphs, SIZES[0]) == "graph"


def test_what_a_gpu_cannot_shrink_costs_the_other_images_nothing(making: Making) -> None:
    graphs, strip = new_graphs(), np.zeros((4, 65, 3), np.uint8)
    for _ in range(3):
        assert graphs.predict(strip, (4, 1), OPTIONS, with_features=False) is None
    assert making.made == []
    assert [predict(graphs, SIZES[0]) for _ in range(2)] == [None, "graph"]


class _Waits(TorchDispatchMode):
    """Counts what would make a host wait for a GPU to learn a size."""

    num = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.num += any(name in str(func) for name in ("_local_scalar_dense", "nonzero", "aten.index."))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("num_found", [0, 2, 4])
def test_features_are_copies_of_what_counts(making: Making, num_found: int) -> None:
    del making
    scores = torch.tensor([0.9, 0.5, 0.4, 0.1]) * (torch.arange(4) < num_found)
    found = PaddedDetections(
        torch.rand(6, 4), torch.tensor([3]), torch.rand(4, 4), torch.arange(4), scores, torch.rand(4, 2, 2)
    )
    graphs = new_graphs()
    network: Any = SimpleNamespace(config=SimpleNamespace(roi=SimpleNamespace(fpn_min_level=0, fpn_levels=1)))
    graphs._network = network
    outputs: Any = SimpleNamespace(levels=[torch.rand(1, 2, 3, 3)] * 2, logits=torch.rand(5, 3, 3), found=found)
    image = np.zeros((8, 8, 3), np.uint8)
    with _Waits() as waits:
        features = graphs._features(outputs, graphs_module._Key((8, 8), (8, 8), OPTIONS), image)
    assert waits.num == 0
    assert torch.equal(features.proposals, found.proposals[:3])
    assert torch.equal(features.found.boxes, found.boxes[:num_found])
    assert features.found.categories.tolist() == list(range(num_found))
    assert torch.equal(features.found.scores, scores[:num_found])
    assert len(features.levels) == 1
    kept = [*features.levels, features.logits, features.proposals, features.found.boxes, features.found.scores]
    before = [tensor.clone() for tensor in kept]
    for tensor in (*outputs.levels, outputs.logits, found.proposals, found.boxes, found.scores):
        tensor.zero_()  # as the next replay overwrites them
    assert all(torch.equal(tensor, old) for tensor, old in zip(kept, before, strict=True))
