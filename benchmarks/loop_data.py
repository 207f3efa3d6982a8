"""What `loop.py` measures on: a drive that the base has never seen, photos of its old world, and a simulated person."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seamseg_studio.engine.checkpoints.bundle import Bundle
from seamseg_studio.engine.evaluation.panoptic_quality import Labelling, PanopticStats, compare, score
from seamseg_studio.engine.inference.predictor import Predictor, load_model
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.project.store import Project
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import VOID_CATEGORY, Category, Kind, Taxonomy
from seamseg_studio.training.fine_tune import REPLAY_PACK
from seamseg_studio.training.recipes.pack import PackedSample, write_pack
from seamseg_studio.training.recipes.street import LONGEST_PX, QUALITY
from seamseg_studio.training.recipes.street_sets import category_set_table, read_all
from seamseg_studio.training.sample import FIRST_CATEGORY_SET, VOID, Sample

# The validation images of IDD Lite, which the starter's recipe does not touch, know these categories only.
OLD_CATEGORIES = ("drivable", "non-drivable", "living things", "vehicles", "roadside objects", "far objects", "sky")
TO_OLD = {
    "road": "drivable",
    "pavement": "non-drivable",
    "building": "far objects",
    "fence": "roadside objects",
    "pole": "roadside objects",
    "traffic sign or light": "roadside objects",
    "vegetation": "far objects",
    "sky": "sky",
    "person": "living things",
    "rider": "living things",
    "car": "vehicles",
    "truck or bus": "vehicles",
    "bicycle or motorcycle": "vehicles",
}
MIXED = {"camvid": 16, "labelmefacade": 12, "idd_lite": 12, "coco_street": 8}  # photos of a replay set

OldPhoto = tuple[NDArray[np.uint8], NDArray[np.int64]]


def read_drive(data: Path) -> list[Sample]:
    """Returns the frames of the held-out drive in their order."""
    table = category_set_table()
    held_out = [p.sample for p in read_all(data) if p.source == "camvid" and p.split == "val"]
    return sorted((with_single_categories(sample, table) for sample in held_out), key=lambda sample: sample.name)


def with_single_categories(sample: Sample, table: np.ndarray) -> Sample:
    """Returns a sample that says the first category where it said one of several; sets of many become void."""
    categories = sample.categories.copy()
    for index, value in enumerate(categories.tolist()):
        if value >= FIRST_CATEGORY_SET:
            members = np.flatnonzero(table[value - FIRST_CATEGORY_SET])
            categories[index] = int(members[0]) if len(members) <= 2 else VOID_CATEGORY
    return replace(sample, categories=categories)


def read_old(data: Path, count: int) -> list[OldPhoto]:
    """Returns as many photos of the old world, evenly chosen, with the old category of each pixel."""
    folder = data / "idd_lite"
    classes = json.loads((folder / "classes.json").read_text(encoding="utf-8"))["classes"]
    table = np.full(256, VOID_CATEGORY, dtype=np.int64)
    for entry in classes:
        if entry["name"] in OLD_CATEGORIES:
            table[entry["id"]] = OLD_CATEGORIES.index(entry["name"])
    paths = sorted((folder / "val" / "images").glob("*.jpg"))
    chosen = [paths[int(i)] for i in np.linspace(0, len(paths) - 1, min(count, len(paths)))]
    return [
        (
            np.array(Image.open(p).convert("RGB")),
            table[np.array(Image.open(folder / "val" / "labels" / f"{p.stem}.png"))],
        )
        for p in chosen
    ]


def write_replay(data: Path, base: Bundle, out: Path) -> Path:
    """Returns a copy of the base that carries photos of its own training to learn again."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(base.path, out)
    table = category_set_table()
    by_source: dict[str, list[PackedSample]] = {name: [] for name in MIXED}
    for packed in read_all(data):
        if packed.split == "train":
            by_source[packed.source].append(packed)
    chosen = []
    for name, count in MIXED.items():
        for i in np.linspace(0, len(by_source[name]) - 1, count):
            packed = by_source[name][int(i)]
            chosen.append(replace(packed, sample=with_single_categories(packed.sample, table)))
    write_pack(out / REPLAY_PACK, chosen, longest_px=LONGEST_PX, quality=QUALITY)
    return out


def make_project(folder: Path, taxonomy: Taxonomy, pool: Sequence[Sample], corrected: set[int]) -> Path:
    """Returns a project with the frames, some of them corrected and accepted by a person."""
    shutil.rmtree(folder, ignore_errors=True)
    photos = folder / "photos"
    photos.mkdir(parents=True)
    for sample in pool:
        Image.fromarray(sample.image).save(photos / f"{sample.name}.png")
    path = folder / "drive.seamseg"
    by_name = {sample.name: i for i, sample in enumerate(pool)}
    with Project.create(path, taxonomy) as project:
        for record in project.add_images(sorted(photos.iterdir())):
            number = by_name[Path(record.name).stem]
            if number in corrected:
                project.store_labels(record.id, to_map(pool[number]))
                project.set_status(record.id, Status.ACCEPTED)
    return path


def to_map(sample: Sample) -> PanopticMap:
    """Returns the ground truth as a person would have drawn it."""
    segments = {
        i: Segment(int(category), bool(sample.is_crowd[i]), origin=Origin.HUMAN)
        for i, category in enumerate(sample.categories)
        if i != VOID and category != VOID_CATEGORY
    }
    ids = np.where(np.isin(sample.ids, list(segments)), sample.ids, VOID).astype(np.int32)
    present = set(np.unique(ids).tolist())
    return PanopticMap.from_arrays(ids, {i: segment for i, segment in segments.items() if i in present})


def scores(spec: str | None, untouched: Sequence[Sample], old: Sequence[OldPhoto], device: str) -> dict[str, Any]:
    """Returns PQ and mIoU of a bundle on both, in points, over the categories that occur.

    `pq_there` leaves out the categories that are only in the predictions.
    """
    predictor = load_model(spec, device=device)
    result: dict[str, Any] = {}
    found = {
        "untouched": (_on_frames(predictor, untouched), predictor.taxonomy),
        "old": (_on_photos(predictor, old), old_taxonomy()),
    }
    for name, (stats, taxonomy) in found.items():
        scored = score(stats, taxonomy)
        result[f"{name}_pq"] = round(100 * scored.all.pq, 2)
        # A single false alarm of a category that is not there moves the mean over "categories that occur".
        is_there = stats.true_positives + stats.false_negatives > 0
        result[f"{name}_pq_there"] = round(100 * float(scored.pq[is_there].mean()), 2)
        result[f"{name}_miou"] = round(100 * scored.all.iou, 2)
        result[f"{name}_categories"] = {
            category.name: round(100 * float(pq), 1)
            for category, pq in zip(taxonomy.categories, scored.pq, strict=True)
            if np.isfinite(pq)
        }
    return result


def _on_frames(predictor: Predictor, frames: Sequence[Sample]) -> PanopticStats:
    stats = PanopticStats.zeros(len(predictor.taxonomy))
    for frame in frames:
        result = predictor.predict(frame.image)
        truth = Labelling.of_arrays(frame.ids, frame.categories, frame.is_crowd)
        found = Labelling.of_arrays(result.ids, result.categories, result.is_crowd)
        stats += compare(truth, found, len(predictor.taxonomy))
    return stats


def _on_photos(predictor: Predictor, photos: Sequence[OldPhoto]) -> PanopticStats:
    """Compares the regions of the old categories: nobody has told instances apart there."""
    names = [category.name for category in predictor.taxonomy.categories]
    table = np.array([OLD_CATEGORIES.index(TO_OLD[name]) for name in names] + [VOID_CATEGORY])
    stats = PanopticStats.zeros(len(OLD_CATEGORIES))
    for image, categories in photos:
        result = predictor.predict(image)
        found = table[np.minimum(result.categories, len(names))][result.ids]
        stats += compare(_regions(categories), _regions(found), len(OLD_CATEGORIES))
    return stats


def _regions(categories: NDArray[np.int64]) -> Labelling:
    ids = np.where(categories == VOID_CATEGORY, VOID, categories + 1)
    return Labelling.of_arrays(ids, np.array([VOID_CATEGORY, *range(len(OLD_CATEGORIES))]))


def old_taxonomy() -> Taxonomy:
    """The categories of the old world, all of them regions."""
    return Taxonomy("old", tuple(Category(name, Kind.STUFF, (i, i, i)) for i, name in enumerate(OLD_CATEGORIES)))
