"""Calls every op with small and awkward input, to be run under a sanitizer:

compute-sanitizer --tool memcheck python tests/gpu/sanitised.py
compute-sanitizer --tool racecheck python tests/gpu/sanitised.py
python scripts/sanitise.py      (on the CPU, `sanitised.py cpu`, from several threads at once)
"""

from __future__ import annotations

import sys
import threading

import torch
from torch import Tensor

from seamseg_studio.engine.ops import native, native_abn, native_boxes, native_fusion, native_nms, native_sampling

DEVICE = sys.argv[1] if len(sys.argv) > 1 else "cuda"
NUM_THREADS = 4
HARD = [0.0, -5.0, 3e38, -3e38, float("inf"), float("-inf"), float("nan")]


def hard_boxes(num: int, extent: float) -> Tensor:
    """Returns boxes of which some are far outside, empty or no numbers."""
    torch.manual_seed(num)
    corners = torch.rand(num, 2, device=DEVICE) * extent
    boxes = torch.cat([corners, corners + torch.rand(num, 2, device=DEVICE) * extent], dim=1)
    for place, value in enumerate(HARD):
        if place < num:
            boxes[place, place % 4] = value
    return boxes


def suppress() -> None:
    """One block, one launch of several groups, and the bit matrix, with and without categories and thresholds."""
    for groups, num in ((1, 1), (3, 33), (2, 1024), (1, 1100), (2, 1300)):
        boxes = hard_boxes(groups * num, 100.0).view(groups, num, 4)
        scores = torch.rand(groups, num, device=DEVICE)
        scores.view(-1)[0] = float("nan")
        native_nms.nms_groups(boxes, scores, 0.5)
        categories = torch.randint(0, 4, (groups, num), device=DEVICE)
        native_nms.nms_groups(boxes, scores, 0.0, 7, categories_GN=categories, score_threshold=0.3)


def sample() -> None:
    """Forward and backward, every type, both layouts, odd numbers of channels."""
    boxes = hard_boxes(12, 60.0)
    index = torch.arange(12, device=DEVICE) % 2
    if DEVICE == "cuda":
        index[11] = 9  # a GPU answers an index outside with zeros, a CPU with an error
    level = torch.arange(12, device=DEVICE) % 3
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        for channels in (3, 16):
            for layout in (torch.contiguous_format, torch.channels_last):
                maps = [
                    torch.rand(2, channels, side, side + 1, device=DEVICE)
                    .to(dtype, memory_format=layout)
                    .requires_grad_()
                    for side in (16, 8, 4)
                ]
                for nearest in (False, True):
                    y = native_sampling.pyramid_sampling(
                        maps, boxes, index, level, (7, 5), image_size=(64, 68), nearest=nearest, zero_padding=nearest
                    )
                    y.sum().backward()


def normalise() -> None:
    """Both passes, both layouts, sizes that do not divide into packs."""
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        for shape in ((2, 5, 7, 9), (2, 64, 16, 16), (3, 300, 3, 3)):
            for layout in (torch.contiguous_format, torch.channels_last):
                x = torch.randn(shape, device=DEVICE).to(dtype, memory_format=layout).requires_grad_()
                parameters = [torch.ones(shape[1], device=DEVICE, requires_grad=True) for _ in range(2)]
                running = [torch.zeros(shape[1], device=DEVICE), torch.ones(shape[1], device=DEVICE)]
                for activation in native_abn.ACTIVATIONS:
                    y = native_abn.abn(
                        x, *parameters, *running, training=True, momentum=0.1, eps=1e-5, weight_eps=1e-5,
                        activation=activation, slope=0.01, group=None,
                    )  # fmt: skip
                    y.float().sum().backward()


def make_maps() -> None:
    """Fusion, categories and boxes at sizes that do not divide into tiles, packs and rows."""
    for height, width, num in ((1, 1, 1), (37, 201, 9), (130, 300, 60), (64, 128, 0)):
        semantic = torch.randint(0, 9, (height, width), dtype=torch.uint8, device=DEVICE)
        boxes, categories = hard_boxes(num, float(height)), torch.zeros(num, dtype=torch.long, device=DEVICE)
        masks, scores = torch.randn(num, 28, 28, device=DEVICE) + 1, torch.rand(num, device=DEVICE)
        ids, *_ = native_fusion.padded_fusion(semantic, boxes, categories, scores, masks, 5, 0.1, 0.5, 10.0)
        native_boxes.extract_boxes(ids, 20)
        native_boxes.mask_counts(boxes, semantic == 3)
        native_boxes.shift_boxes(boxes, boxes, (height, width))
        native_boxes.box_shifts(boxes, boxes.flip(0))
        for dtype in (torch.float32, torch.float16):
            logits = torch.randn(16, -(-height // 4), -(-width // 4), device=DEVICE).to(dtype)
            beside = logits.permute(1, 2, 0).contiguous().permute(2, 0, 1)
            for given in (logits, logits[:7], beside):
                for with_second in (False, True):
                    native_fusion.best_categories(given, (height, width), with_second=with_second)


def on_threads() -> None:
    """All of it from several threads at once, as requests to the engine and a training come."""
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for part in PARTS:
                part()
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(NUM_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


PARTS = (suppress, sample, normalise, make_maps)


def main() -> None:
    """Calls all and waits for the GPU."""
    assert native.status().kind == DEVICE, str(native.status())
    if DEVICE == "cpu":
        on_threads()
    else:
        for part in PARTS:
            part()
            torch.cuda.synchronize()
    print("every op ran")


if __name__ == "__main__":
    main()
