"""What only a GPU shows: no waiting, captured graphs, streams, memory, sizes past 32 bits, and the sanitizer.

That every op gives on a GPU what it gives on a CPU is tested by `tests/ops`, whose tests run on each kind of device.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from seamseg_studio.engine.ops import native_abn, native_boxes, native_fusion, native_nms, native_sampling, reference
from seamseg_studio.engine.ops.nms import nms

SANITISED = Path(__file__).resolve().with_name("sanitised.py")


def boxes_within(num: int, height: float, width: float, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    limits = torch.tensor([height, width])
    sides = 8 * (0.3 * limits / 8) ** torch.rand(num, 2, generator=generator)
    corners = torch.rand(num, 2, generator=generator) * (limits - sides)
    return torch.cat([corners, corners + sides], dim=1).cuda()


def scene(num: int, height: int, width: int) -> tuple[Any, ...]:
    generator = torch.Generator().manual_seed(1)
    semantic = torch.randint(0, 19, (height // 32, width // 32), generator=generator).to(torch.uint8)
    semantic = semantic.repeat_interleave(32, 0).repeat_interleave(32, 1).cuda()
    categories = torch.randint(0, 8, (num,), generator=generator).cuda()
    scores = (torch.rand(num, generator=generator) / 2 + 0.5).cuda()
    masks = (torch.randn(num, 28, 28, generator=generator) + 2).cuda()
    return semantic, boxes_within(num, height, width), categories, scores, masks, 11, 0.5, 0.5, 4096.0


@contextmanager
def no_waiting() -> Iterator[None]:
    """Fails where the host waits for the GPU."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def calls() -> dict[str, Callable[[], Any]]:
    """Returns a call of every op that inference makes."""
    boxes = boxes_within(1500, 512, 1024)
    scores = torch.rand(1500, device="cuda")
    index = torch.zeros(1500, dtype=torch.long, device="cuda")
    maps = [torch.rand(1, 32, 512 // s, 1024 // s, device="cuda") for s in (4, 8)]
    logits = torch.rand(19, 128, 256, device="cuda")
    arguments = scene(60, 512, 1024)
    ids = torch.randint(0, 50, (512, 1024), dtype=torch.int32, device="cuda")
    return {
        "nms": lambda: native_nms.nms_groups(boxes[None], scores[None], 0.5, 300),
        "small nms": lambda: native_nms.nms_groups(boxes[None, :900], scores[None, :900], 0.5),
        "sampling": lambda: native_sampling.pyramid_sampling(
            maps, boxes, index, index, (14, 14), image_size=(512, 1024)
        ),
        "categories": lambda: native_fusion.best_categories(logits, (512, 1024), with_second=True),
        "fusion": lambda: native_fusion.padded_fusion(*arguments),
        "ids": lambda: native_boxes.extract_boxes(ids, 50),
        "counts": lambda: native_boxes.mask_counts(boxes, ids == 3),
        "decode": lambda: native_boxes.shift_boxes(boxes, boxes * 0.01, (512, 1024)),
    }


NAMES = ("nms", "small nms", "sampling", "categories", "fusion", "ids", "counts", "decode")


@pytest.mark.parametrize("name", NAMES)
def test_the_host_never_waits(gpu: torch.device, name: str) -> None:
    call = calls()[name]
    call()
    with no_waiting():
        call()
    torch.cuda.synchronize()


@pytest.mark.parametrize("name", NAMES)
def test_a_captured_graph_gives_the_same(gpu: torch.device, name: str) -> None:
    call = calls()[name]
    expected = call()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        call()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = call()
    for _ in range(3):
        graph.replay()
    for found, wanted in zip(_tensors(captured), _tensors(expected), strict=True):
        assert torch.equal(found, wanted)


def _tensors(value: Any) -> list[Tensor]:
    return [value] if isinstance(value, Tensor) else list(value)


@pytest.mark.parametrize("num", [100, 400])
def test_fusion_is_the_same_every_time_and_as_the_reference(gpu: torch.device, num: int) -> None:
    arguments = scene(num, 1024, 2048)
    first = native_fusion.padded_fusion(*arguments)
    for _ in range(20):
        again = native_fusion.padded_fusion(*arguments)
        assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    expected = reference.fusion(*(a.cpu() if isinstance(a, Tensor) else a for a in arguments))
    count = int(first[4])
    assert first[1][:count].tolist() == expected[1].tolist()
    assert (first[0].cpu() == expected[0]).float().mean() > 0.9999


def test_instances_that_all_cover_everything_end(gpu: torch.device) -> None:
    semantic, _, categories, scores, masks, *rest = scene(100, 1024, 2048)
    boxes = torch.tensor([[0.0, 0, 1024, 2048]], device="cuda").repeat(100, 1)
    ids, _, _, _, count = native_fusion.padded_fusion(semantic, boxes, categories, scores, masks, *rest)
    assert int(ids.max()) < int(count)


def test_fusion_takes_little_memory(gpu: torch.device) -> None:
    arguments = scene(100, 1024, 2048)
    native_fusion.padded_fusion(*arguments)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    native_fusion.padded_fusion(*arguments)
    assert torch.cuda.max_memory_allocated() - before < 64 << 20


def test_more_than_two_billion_values(gpu: torch.device) -> None:
    if torch.cuda.mem_get_info()[0] < 30 << 30:
        pytest.skip("needs 30 GB")
    channels = 64
    x = torch.zeros(1, channels, 6000, 6000, dtype=torch.float16, device="cuda")
    x[0, -1, -1, -1] = 1.0
    box, index = (
        torch.tensor([[5999.0, 5999.0, 6000.0, 6000.0]], device="cuda"),
        torch.zeros(1, dtype=torch.long).cuda(),
    )
    y = native_sampling.pyramid_sampling([x], box, index, index, (1, 1))
    assert y.flatten()[-1] == 1.0
    per_channel = torch.ones(channels, device="cuda")
    mean, _ = torch.ops.seamseg.abn_statistics(x)
    assert mean[-1] > 0
    z = torch.ops.seamseg.abn_apply(x, torch.zeros_like(mean), per_channel, per_channel, 0 * mean, 0.0, 0.0, 0, 0.01)
    assert z[0, -1, -1, -1] == 1.0
    assert z[0, 0, 0, 0] == 0.0


def test_another_stream_and_another_device_are_respected(gpu: torch.device) -> None:
    boxes, scores = boxes_within(2000, 512, 512), torch.rand(2000, device="cuda")
    expected = native_nms.nms(boxes, scores, 0.5, -1)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        found = native_nms.nms(boxes * 1, scores * 1, 0.5, -1)
    assert torch.equal(found, expected)
    with pytest.raises(ValueError, match="on one device"):
        nms(boxes, scores.cpu(), 0.5)
    with pytest.raises(RuntimeError):
        native_nms.nms_groups(boxes[None], scores.cpu()[None], 0.5)
    if torch.cuda.device_count() > 1:
        other = native_nms.nms(boxes.to("cuda:1"), scores.to("cuda:1"), 0.5, -1)
        assert torch.equal(other.cpu(), expected.cpu())


def test_a_network_in_mixed_precision_learns_with_the_compiled_norm(gpu: torch.device) -> None:
    assert native_abn.serves(torch.zeros(1, 2, 3, 3, device=gpu), "leaky_relu", 0.01)
    from seamseg_studio.engine.model.norm import ABN

    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3, bias=False), ABN(16), torch.nn.Conv2d(16, 4, 1)).cuda()
    x, wanted = torch.randn(4, 3, 32, 32, device=gpu), torch.randint(0, 4, (4, 30, 30), device=gpu)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        with torch.autocast("cuda", torch.float16):
            loss = torch.nn.functional.cross_entropy(network(x).float(), wanted)
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < losses[0] - 0.01


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["memcheck", "racecheck"])
def test_the_sanitizer_finds_nothing(gpu: torch.device, tool: str) -> None:
    sanitizer = shutil.which("compute-sanitizer") or shutil.which("/usr/local/cuda/bin/compute-sanitizer")
    if sanitizer is None:
        pytest.skip("there is no compute-sanitizer")
    result = subprocess.run(
        [sanitizer, "--tool", tool, "--error-exitcode", "9", sys.executable, str(SANITISED)],
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
    assert "every op ran" in result.stdout
