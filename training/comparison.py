"""Pictures for people who compare a new model with its base: OUT/compare/index.json and three pictures an image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from seamseg_studio.engine.evaluation.panoptic_quality import Labelling, compare, score
from seamseg_studio.engine.files import atomic_write
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.dataset import SampleSource
from seamseg_studio.training.sample import VOID_CATEGORY, Sample

FOLDER, INDEX = "compare", "index.json"
MAX_IMAGES = 24
_LONGEST_PX = 1024


@torch.no_grad()
def write_comparison(
    out: Path,
    base: tuple[PanopticNet, Taxonomy],
    new: tuple[PanopticNet, Taxonomy],
    samples: SampleSource,
    gate: Mapping[str, Any],
) -> Path:
    """Writes what the first MAX_IMAGES images look like to both models, the greatest gain first.

    Args:
        out: Folder of the run.
        base, new: The models, in evaluation mode, with their taxonomies.
        samples: Images that neither has learned from.
        gate: What the gate says, kept in the index.

    Raises:
        OSError: They cannot be written.
    """
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    images = []
    predictors = {"base": Predictor(*base), "new": Predictor(*new)}
    wanted = new[1]
    for index in range(min(len(samples), MAX_IMAGES)):
        sample = samples[index]
        entry: dict[str, Any] = {"name": sample.name, "photo": _write(folder, index, "photo", sample.image)}
        for kind, predictor in predictors.items():
            result = predictor.predict(sample.image)
            own = predictor.taxonomy
            places = [wanted.index_of(category.name) for category in own.categories]
            categories = np.array([*places, VOID_CATEGORY])[np.minimum(result.categories, len(own))]
            guess = Labelling.of_arrays(result.ids, categories, result.is_crowd)
            entry[f"{kind}_pq"] = _pq(sample, guess, wanted)
            picture = painted(sample.image, categories[result.ids], wanted)
            entry[kind] = _write(folder, index, kind, picture)
        images.append(entry)
    images.sort(key=lambda entry: (entry["base_pq"] or 0.0) - (entry["new_pq"] or 0.0))
    document = {"base": base[1].name, "gate": dict(gate), "images": images}
    atomic_write(folder / INDEX, json.dumps(document, ensure_ascii=False).encode())
    return folder / INDEX


def painted(image: NDArray[np.uint8], labels: NDArray[np.int64], taxonomy: Taxonomy) -> NDArray[np.uint8]:
    """Returns a photo under the colours of its categories, borders between them dark."""
    colors = np.concatenate([taxonomy.palette, np.zeros((1, 3), np.uint8)])
    kinds = np.minimum(labels, len(taxonomy))
    overlay = (0.45 * image + 0.55 * colors[kinds]).astype(np.uint8)
    edge = np.zeros(kinds.shape, dtype=bool)
    edge[:, 1:] |= kinds[:, 1:] != kinds[:, :-1]
    edge[1:] |= kinds[1:] != kinds[:-1]
    overlay[edge] = overlay[edge] // 2
    return overlay


def _pq(sample: Sample, guess: Labelling, taxonomy: Taxonomy) -> float | None:
    known = np.where(sample.categories < len(taxonomy), sample.categories, VOID_CATEGORY)
    truth = Labelling.of_arrays(sample.ids, known, sample.is_crowd)
    value = score(compare(truth, guess, len(taxonomy)), taxonomy).all.pq
    return float(value) if np.isfinite(value) else None


def _write(folder: Path, index: int, kind: str, picture: NDArray[np.uint8]) -> str:
    scale = min(1.0, _LONGEST_PX / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
    name = f"{index:03d}-{kind}.jpg"
    atomic_write(folder / name, data.tobytes(), durable=False)
    return name
