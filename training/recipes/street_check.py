"""How good a model of street scenes is: the figures of the starter's card.

    python -m seamseg_studio.training.recipes.street_check --data DIR [--model M] [--out FILE.json]

Measured on what `seamseg-label` writes: mean IoU over CamVid's 11 categories on the held-out drive, and how much of
what IDD knows in 7 rough classes is right; on the raw detections: AP50 of the masks of persons and cars on held-out
COCO photos and on the sample photos. A model trained with `--all` has seen the held-out drive and photos: `--unseen`
leaves those out.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from hotcoco import COCO, COCOeval
from numpy.typing import NDArray

from seamseg_studio.engine.formats.rle import encode_mask
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.predictor import Predictor, load_model
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.training.recipes.pack import PackedSample
from seamseg_studio.training.recipes.street_sets import (
    CAMVID_TO_STREET,
    IDD_TO_STREET,
    NUM_STUFF,
    STREET,
    STREET_TO_CAMVID,
    category_set_table,
    read_all,
    read_coco,
    read_unseen,
)
from seamseg_studio.training.sample import FIRST_CATEGORY_SET, VOID_CATEGORY

MASK_THRESHOLD = 0.5
JUDGED = ("person", "car")


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the figures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="street_check", description="Measures a model of street scenes.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default=None)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--unseen", action="store_true", help="only on what the recipe's --all leaves out as well")
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args(argv)
    predictor = load_model(arguments.model, device=arguments.device)
    figures: dict[str, Any] = {}
    if not arguments.unseen:
        held_out = (p for p in read_all(arguments.data) if p.source == "camvid" and p.split == "val")
        photos = (p for p in read_coco(arguments.data / "coco_street" / "train", "coco_street") if p.split == "val")
        figures |= {"camvid_0001TP": category_iou(predictor, held_out), "coco": mask_precision(predictor, photos)}
    unseen = list(read_unseen(arguments.data))
    figures["idd_lite_val"] = rough_accuracy(predictor, (p for p in unseen if p.source == "idd_lite"))
    figures["samples"] = mask_precision(predictor, (p for p in unseen if p.source == "samples"))
    text = json.dumps(figures, indent=1)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    return 0


def category_iou(predictor: Predictor, samples: Iterable[PackedSample]) -> dict[str, Any]:
    """Returns the IoU of CamVid's categories in panoptic results; void pixels of a result count as wrong."""
    names = list(CAMVID_TO_STREET)
    own = np.array([names.index(STREET_TO_CAMVID[name]) for name in STREET] + [len(names)])
    table = category_set_table()
    confusion = np.zeros((len(names), len(names) + 1), dtype=np.int64)
    for packed in samples:
        sample = packed.sample
        first = [
            int(np.flatnonzero(table[v - FIRST_CATEGORY_SET])[0]) if v >= FIRST_CATEGORY_SET else v
            for v in sample.categories.tolist()
        ]
        wanted = np.array(first)[sample.ids]
        result = predictor.predict(sample.image)
        found = np.asarray(result.categories)[result.ids]
        known = wanted != VOID_CATEGORY
        found = np.where(found == VOID_CATEGORY, len(STREET), found)
        pairs = own[wanted[known]] * (len(names) + 1) + own[found[known]]
        confusion += np.bincount(pairs, minlength=confusion.size).reshape(confusion.shape)
    hits = np.diag(confusion[:, :-1]).astype(np.float64)
    unions = confusion.sum(1) + confusion[:, :-1].sum(0) - hits
    iou = hits / np.maximum(unions, 1)
    return {"miou": float(iou.mean()), "iou": dict(zip(names, iou.round(4).tolist(), strict=True))}


def rough_accuracy(predictor: Predictor, samples: Iterable[PackedSample]) -> dict[str, Any]:
    """Returns the share of each IDD class's pixels that the result gives one of the categories that the class holds."""
    allowed = np.zeros((len(IDD_TO_STREET), len(STREET) + 1), dtype=np.bool_)
    for row, value in enumerate(IDD_TO_STREET.values()):
        if value >= FIRST_CATEGORY_SET:
            allowed[row, :-1] = category_set_table()[value - FIRST_CATEGORY_SET]
        else:
            allowed[row, value] = True
    rows = {value: row for row, value in enumerate(IDD_TO_STREET.values())}
    right, total = np.zeros(len(rows)), np.zeros(len(rows))
    for packed in samples:
        sample = packed.sample
        result = predictor.predict(sample.image)
        found = np.asarray(result.categories)[result.ids]
        found = np.where(found == VOID_CATEGORY, len(STREET), found)
        wanted = sample.categories[sample.ids]
        for value, row in rows.items():
            mask = wanted == value
            right[row] += allowed[row, found[mask]].sum()
            total[row] += mask.sum()
    shares = right / np.maximum(total, 1)
    return {
        "mean": float(shares[total > 0].mean()),
        "share": dict(zip(IDD_TO_STREET, shares.round(4).tolist(), strict=True)),
    }


def mask_precision(predictor: Predictor, samples: Iterable[PackedSample]) -> dict[str, float]:
    """Returns AP50 of the masks of persons (riders among them) and cars."""
    images: list[dict[str, Any]] = []
    truths: list[dict[str, Any]] = []
    guesses: list[dict[str, Any]] = []
    for packed in samples:
        sample, number = packed.sample, len(images) + 1
        shape = sample.size
        images.append({"id": number, "height": shape[0], "width": shape[1], "file_name": sample.name})
        for segment in range(1, len(sample.categories)):
            judged = _judged(int(sample.categories[segment]))
            mask = sample.ids == segment
            if judged is not None and mask.any():
                is_crowd = int(sample.is_crowd[segment])
                truth = {"id": len(truths) + 1, "image_id": number, "category_id": judged, "iscrowd": is_crowd}
                truths.append({**truth, **_coded(mask)})
        result = predictor.predict(sample.image, PredictOptions(with_raw=True))
        guesses += [{"image_id": number, **guess} for guess in _detections(result, shape)]
    if not truths or not guesses:
        return dict.fromkeys(JUDGED, 0.0)
    categories = [{"id": i, "name": name} for i, name in enumerate(JUDGED)]
    truth_set = COCO({"images": images, "annotations": truths, "categories": categories})
    evaluation = COCOeval(truth_set, truth_set.load_res(guesses), "segm")
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
    assert evaluation.eval is not None
    precision = np.asarray(evaluation.eval["precision"])[0, :, :, 0, -1]
    return {name: float(precision[:, i][precision[:, i] > -1].mean()) for i, name in enumerate(JUDGED)}


def _detections(result: PanopticResult, shape: tuple[int, int]) -> Iterable[dict[str, Any]]:
    raw = result.raw
    assert raw is not None
    grow = np.array(shape * 2) / np.array(raw.sem_pred.shape * 2)
    for box, thing, score, logits in zip(raw.bbx_pred * grow, raw.cls_pred, raw.obj_pred, raw.msk_pred, strict=True):
        judged = _judged(int(thing) + NUM_STUFF)
        mask = _paste(box, logits, shape)
        if judged is not None and mask.any():
            yield {"category_id": judged, "score": float(score), **_coded(mask)}


def _paste(box: NDArray[np.float64], logits: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.bool_]:
    y0, x0, y1, x1 = box
    bins = logits.shape[0]
    to_bins = np.array([[bins / max(x1 - x0, 1e-3), 0, 0], [0, bins / max(y1 - y0, 1e-3), 0]], dtype=np.float64)
    to_bins[:, 2] = (0.5 - x0) * to_bins[0, 0] - 0.5, (0.5 - y0) * to_bins[1, 1] - 0.5
    share = (1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    pasted = cv2.warpAffine(share, to_bins, (shape[1], shape[0]), flags=flags)
    return np.asarray(pasted > MASK_THRESHOLD)


def _judged(category: int) -> int | None:
    if category >= len(STREET):
        return None
    name = {"rider": "person"}.get(STREET[category], STREET[category])
    return JUDGED.index(name) if name in JUDGED else None


def _coded(mask: NDArray[np.bool_]) -> dict[str, Any]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    code = encode_mask(mask[y0:y1, x0:x1], (y0, x0, y1, x1), (mask.shape[0], mask.shape[1]))
    return {"segmentation": code, "area": int(mask.sum()), "bbox": [x0, y0, x1 - x0, y1 - y0]}


if __name__ == "__main__":
    sys.exit(main())
