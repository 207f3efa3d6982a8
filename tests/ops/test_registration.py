"""Every op is registered as PyTorch wants it: schema, fake kernel, gradient, and tracing with unknown sizes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from seamseg_studio.engine.ops import native
from seamseg_studio.engine.ops.nms import nms
from seamseg_studio.engine.ops.roi_sampling import pyramid_sampling
from seamseg_studio.engine.ops.semantic import best_categories

MakeBoxes = Callable[..., Tensor]
LAYOUTS = [torch.contiguous_format, torch.channels_last]


def samples(op: str, make_boxes: MakeBoxes) -> list[tuple[Any, ...]]:
    """Returns arguments of an op, small and of several kinds."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    boxes, index = make_boxes(6, 0, 20.0), torch.arange(6) % 2
    x = normal(2, 4, 5, 6)
    per_channel = (torch.rand(4) + 0.5, torch.zeros(4))
    image = torch.randint(0, 5, (8, 9), generator=generator)
    maps = [[normal(2, 3, s, s + 1).contiguous(memory_format=layout) for s in (8, 4)] for layout in LAYOUTS]
    layouts = [x.contiguous(memory_format=layout) for layout in LAYOUTS]
    return {
        "nms": [
            (boxes[None], torch.rand(1, 6), None, 0.5, -1, None),
            (boxes.reshape(2, 3, 4), torch.rand(2, 3), index.reshape(2, 3), 0.3, 2, 0.1),
        ],
        "pyramid_sampling": [
            ([m.requires_grad_() for m in levels], boxes, index, index, [3, 2], [20, 24], False, False)
            for levels in maps
        ],
        "pyramid_sampling_backward": [
            (normal(6, 3, 2, 2), boxes, index, index, [2, 3, 8, 9, 4, 5], [20, 24], False, True, False)
        ],
        "abn_statistics": [(value,) for value in layouts],
        "abn_apply": [(value, *per_channel, *per_channel, 1e-5, 1e-5, 1, 0.01) for value in layouts],
        "abn_sums": [(value, value.cos(), *per_channel, 1e-5, 2, 0.01) for value in layouts],
        "abn_gradient": [
            (value, value.cos(), *per_channel[:1] * 2, *per_channel[1:] * 3, 30.0, 1e-5, 1e-5, 0, 0.01)
            for value in layouts
        ],
        "extract_boxes": [(image.int(), 4), (image, 9)],
        "mask_counts": [(boxes, image == 1), (boxes, image.byte())],
        "shift_boxes": [(boxes, normal(6, 4), -1.0, -1.0), (boxes, normal(6, 4), 9.0, 8.0)],
        "box_shifts": [(boxes, boxes + 1)],
        "panoptic_fusion": [
            (image.byte(), boxes, index, torch.rand(6), normal(6, 7, 7), 3, 0.3, 0.5, 4.0),
        ],
        "best_categories": [
            (normal(3, 4, 5), 9, 11, True),
            (normal(3, 4, 5).half().transpose(1, 2), 3, 2, False),
        ],
    }[op]


OPS = (
    "nms", "pyramid_sampling", "pyramid_sampling_backward", "abn_statistics", "abn_apply", "abn_sums", "abn_gradient",
    "extract_boxes", "mask_counts", "shift_boxes", "box_shifts", "panoptic_fusion", "best_categories",
)  # fmt: skip


def to(value: Any, device: torch.device) -> Any:
    if isinstance(value, list):
        return [to(item, device) for item in value]
    return value.detach().to(device).requires_grad_(value.requires_grad) if isinstance(value, Tensor) else value


@pytest.mark.parametrize("op", OPS)
def test_op_is_registered_whole(device: torch.device, make_boxes: MakeBoxes, op: str) -> None:
    for arguments in samples(op, make_boxes):
        torch.library.opcheck(getattr(torch.ops.seamseg, op).default, to(list(arguments), device))


def test_every_op_of_the_library_is_tested() -> None:
    source = (Path(__file__).resolve().parents[2] / "csrc" / "library.cpp").read_text()
    assert set(re.findall(r'^\s+(?:m\.def\()?"(\w+)\(', source, re.MULTILINE)) == set(OPS)


def test_a_compiled_graph_holds_the_ops(device: torch.device, make_boxes: MakeBoxes) -> None:
    boxes = make_boxes(8, 1, 60.0).to(device)
    levels = [torch.rand(1, 3, side, side, device=device) for side in (16, 8)]
    index = torch.zeros(8, dtype=torch.long, device=device)
    graphs: list[torch.fx.GraphModule] = []

    def run(boxes: Tensor, *levels: Tensor) -> tuple[Tensor, Tensor]:
        best, *_ = best_categories(levels[0][0], (32, 32), with_second=False)
        return pyramid_sampling(levels, boxes, index, (3, 3), (64, 64)), best

    def keep(graph: torch.fx.GraphModule, inputs: list[Tensor]) -> Callable[..., Any]:
        graphs.append(graph)
        return graph.forward

    torch.compiler.reset()
    got = torch.compile(run, backend=keep, fullgraph=True)(boxes, *levels)
    for found, wanted in zip(got, run(boxes, *levels), strict=True):
        torch.testing.assert_close(found, wanted)
    called = {str(node.target) for graph in graphs for node in graph.graph.nodes if node.op == "call_function"}
    assert {"seamseg.pyramid_sampling", "seamseg.best_categories"} <= called
    torch.compiler.reset()


def test_inside_reference_only_nothing_compiled_is_called(
    device: torch.device, make_boxes: MakeBoxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes, scores = make_boxes(30, 1).to(device), torch.rand(30, device=device)
    expected = nms(boxes, scores, 0.3)
    calls: list[str] = []
    monkeypatch.setattr("seamseg_studio.engine.ops.native_nms.nms", lambda *a: calls.append("nms") or expected)
    nms(boxes, scores, 0.3)
    with native.reference_only():
        assert torch.equal(nms(boxes, scores, 0.3), expected)
    assert calls == ["nms"]
