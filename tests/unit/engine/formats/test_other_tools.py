"""What the formats' own tools make of our files: they load them, and score them as we do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from seamseg_studio.engine.evaluation.average_precision import InstanceCollector
from seamseg_studio.engine.evaluation.pairing import evaluate, lookup
from seamseg_studio.engine.evaluation.panoptic_quality import score
from seamseg_studio.engine.formats.cityscapes_labels import standard_labels
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

needs_pycocotools = pytest.mark.skipif(find_spec("pycocotools") is None, reason="pycocotools is not installed")
needs_panopticapi = pytest.mark.skipif(find_spec("panopticapi") is None, reason="panopticapi is not installed")
needs_cityscapes = pytest.mark.skipif(
    find_spec("cityscapesscripts") is None, reason="cityscapesscripts is not installed"
)


def _run(module: str, *arguments: str | Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def _moved(panoptic_map: PanopticMap, seed: int) -> PanopticMap:
    """A prediction that is right in places: shifted, some segments of another category, some lost."""
    random = np.random.default_rng(seed)
    ids = np.roll(panoptic_map.ids, int(random.integers(0, 4)), axis=1)
    segments = dict(panoptic_map.segments)
    for segment_id in list(segments):
        chance = random.random()
        if chance < 0.15:
            ids = np.where(ids == segment_id, np.int32(0), ids)
        elif chance < 0.3:
            segments[segment_id] = Segment(5, score=0.5)
        else:
            segments[segment_id] = Segment(segments[segment_id].category, score=round(float(random.random()), 3))
    return PanopticMap.from_arrays(np.ascontiguousarray(ids), segments)


SAMPLES = Path(__file__).resolve().parents[4] / "resources" / "samples" / "instances.json"


def _real_pairs() -> tuple[Taxonomy, dict[str, tuple[PanopticMap, PanopticMap]]]:
    """The things that people outlined on the sample photos, above a ground, and the same moved."""
    reader = FORMATS["coco-instances"].reader(SAMPLES)
    taxonomy = Taxonomy("real", (Category("ground", Kind.STUFF, (9, 9, 9)), *reader.taxonomy.categories))
    pairs = {}
    for number, image in enumerate(reader):
        ground = image.map.next_id()
        low = np.arange(image.map.shape[0])[:, None] > image.map.shape[0] // 2
        ids = np.where((image.map.ids == 0) & low, np.int32(ground), image.map.ids)
        segments = {i: replace(s, category=s.category + 1) for i, s in image.map.segments.items()}
        truth = PanopticMap.from_arrays(ids, {**segments, ground: Segment(0)})
        guess = _moved(truth, number)
        found = {i: replace(s, category=truth.segments[i].category) for i, s in guess.segments.items()}
        pairs[image.name] = (truth, PanopticMap.from_arrays(guess.ids, found))
    return taxonomy, pairs


def _pairs(make_map: Callable[..., PanopticMap], number: int) -> dict[str, tuple[PanopticMap, PanopticMap]]:
    maps = {}
    for n in range(number):
        small = make_map(n, 24, 30)
        maps[f"im{n}"] = PanopticMap.from_arrays(np.kron(small.ids, np.ones((4, 4), np.int32)), small.segments)
    return {name: (truth, _moved(truth, n)) for n, (name, truth) in enumerate(maps.items())}


@needs_panopticapi
@pytest.mark.parametrize("kind", ["random", "real"])
def test_panopticapi_scores_our_coco_panoptic_as_we_do(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], kind: str
) -> None:
    if kind == "real":
        taxonomy, pairs = _real_pairs()
    else:
        pairs = _pairs(make_map, 6)
    for side, part in enumerate(("truth", "guess")):
        with FORMATS["coco-panoptic"].writer(tmp_path / part, taxonomy) as writer:
            for name, pair in pairs.items():
                writer.write(name, None, pair[side])

    def theirs(guess: str) -> list[float]:
        indexes = tmp_path / "truth" / "panoptic.json", tmp_path / guess / "panoptic.json"
        printed = _run("panopticapi.evaluation", "--gt_json_file", indexes[0], "--pred_json_file", indexes[1])
        rows = (line.split("|") for line in printed.splitlines() if "|" in line)
        return [float(row[1].split()[0]) for row in rows if row[0].strip() in ("All", "Things", "Stuff")]

    readers = [FORMATS["coco-panoptic"].reader(tmp_path / part) for part in ("truth", "guess")]
    found = evaluate(readers[0], taxonomy, lookup(readers[1]), taxonomy)
    ours = score(found.stats, taxonomy)
    assert theirs("truth") == [100.0, 100.0, 100.0]
    expected = [round(100 * group.pq, 1) for group in (ours.all, ours.things, ours.stuff)]
    assert theirs("guess") == pytest.approx(expected, abs=0.051)
    assert 5 < expected[0] < 95


@needs_panopticapi
def test_panopticapi_and_pycocotools_take_one_part(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]
) -> None:
    for name in ("coco-panoptic", "coco-instances"):
        with FORMATS[name].writer(tmp_path / name, taxonomy) as writer:
            for number, (truth, _) in enumerate(_pairs(make_map, 4).values()):
                writer.write(f"im{number}", None, truth, split="val" if number == 2 else "train")
    index, folder = tmp_path / "coco-panoptic" / "panoptic_val.json", tmp_path / "coco-panoptic" / "panoptic"
    same = ["--gt_json_file", index, "--pred_json_file", index, "--gt_folder", folder, "--pred_folder", folder]
    printed = _run("panopticapi.evaluation", *same)
    (row,) = (line for line in printed.splitlines() if line.startswith("All"))
    assert float(row.split("|")[1].split()[0]) == 100.0
    if find_spec("pycocotools") is not None:
        from pycocotools.coco import COCO

        parts = {part: COCO(str(tmp_path / "coco-instances" / f"instances_{part}.json")) for part in ("train", "val")}
        assert [len(parts[part].imgs) for part in ("train", "val")] == [3, 1]
        assert {image["file_name"] for image in parts["val"].imgs.values()} == {"im2.jpg"}
        assert parts["val"].anns


@needs_cityscapes
def test_cityscapesscripts_scores_our_cityscapes_as_we_do(tmp_path: Path, make_map: Callable[..., PanopticMap]) -> None:
    """By its own way: gtFine is made into its panoptic images, which its evaluation compares."""
    from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic

    labels = standard_labels()
    table = [labels.taxonomy.index_of(n) for n in ("road", "building", "sky", "car", "person", "bicycle")]
    for side, part in enumerate(("truth", "guess")):
        with FORMATS["cityscapes"].writer(tmp_path / part, labels.taxonomy) as writer:
            for number, pair in enumerate(_pairs(make_map, 4).values()):
                # Their tool leaves crowds of a prediction out; ours are none here.
                segments = {i: Segment(table[s.category]) for i, s in pair[side].segments.items()}
                seen: set[int] = set()
                for segment_id, segment in list(segments.items()):
                    if labels.taxonomy.is_stuff(segment.category) and segment.category in seen:
                        segments[segment_id] = Segment(table[3])
                    seen.add(segment.category)
                street = PanopticMap.from_arrays(pair[side].ids, segments)
                writer.write(f"ulm_{number:06}_000019", None, street, split="val")
        convert2panoptic(str(tmp_path / part / "gtFine"), setNames=["val"])

    def theirs(guess: str) -> dict[str, float]:
        results = tmp_path / "results.json"
        indexes = [tmp_path / part / "gtFine/cityscapes_panoptic_val.json" for part in ("truth", guess)]
        arguments = ["--gt-json-file", indexes[0], "--prediction-json-file", indexes[1], "--results_file", results]
        _run("cityscapesscripts.evaluation.evalPanopticSemanticLabeling", *arguments)
        document = json.loads(results.read_text())
        return {group: document[group]["pq"] for group in ("All", "Things", "Stuff")}

    readers = [FORMATS["cityscapes"].reader(tmp_path / part) for part in ("truth", "guess")]
    found = evaluate(readers[0], labels.taxonomy, lookup(readers[1]), labels.taxonomy)
    ours = score(found.stats, labels.taxonomy)
    assert theirs("truth") == {"All": 1.0, "Things": 1.0, "Stuff": 1.0}
    assert theirs("guess") == pytest.approx({"All": ours.all.pq, "Things": ours.things.pq, "Stuff": ours.stuff.pq})
    assert 0.05 < ours.all.pq < 0.95


@needs_pycocotools
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("kind", ["random", "real"])
def test_pycocotools_reads_our_instances_and_finds_the_same_precision(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], kind: str
) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    taxonomy, pairs = _real_pairs() if kind == "real" else (taxonomy, _pairs(make_map, 6))
    collector = InstanceCollector(taxonomy)
    for side, part in enumerate(("truth", "guess")):
        with FORMATS["coco-instances"].writer(tmp_path / part, taxonomy) as writer:
            for name, pair in pairs.items():
                writer.write(name, None, pair[side])
    for truth, guess in pairs.values():
        collector.add(truth.ids, truth.segments, guess.ids, guess.segments)
    coco = COCO(str(tmp_path / "truth" / "instances.json"))
    assert len(coco.imgs) == len(pairs)
    for annotation in coco.loadAnns(coco.getAnnIds()):
        truth = pairs[Path(coco.imgs[annotation["image_id"]]["file_name"]).stem][0]
        mask = coco.annToMask(annotation).astype(bool)
        (segment_id,) = np.unique(truth.ids[mask]).tolist()
        assert mask.sum() == annotation["area"] == truth.area(segment_id)
        assert truth.segments[segment_id].category == annotation["category_id"] - 1
        assert truth.segments[segment_id].is_crowd == annotation["iscrowd"]
    guesses = json.loads((tmp_path / "guess" / "instances.json").read_text())["annotations"]
    ours = collector.compute()
    for kind, found in (("bbox", ours.box), ("segm", ours.mask)):
        evaluation = COCOeval(coco, coco.loadRes(guesses), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        assert [found.ap, found.ap_50, found.ap_75] == pytest.approx(evaluation.stats[:3].tolist())
        assert 0.01 < found.ap < 0.99
