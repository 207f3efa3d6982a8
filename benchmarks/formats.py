"""Measures time and memory that opening and listing large dataset indexes takes, and writing them.

python benchmarks/formats.py [--images N] [--segments N] [--format F ...]

Every row is a process of its own. Label images are not read: the index is what grows with the dataset.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgpack
from rich.console import Console
from rich.table import Table

from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.taxonomy import VOID_CATEGORY, Category, Kind, Taxonomy

_NUM_CATEGORIES = 20
_INDEX_NAMES = {"coco-panoptic": "panoptic.json", "coco-instances": "instances.json", "seamseg": "metadata.bin"}


def make_index(name: str, folder: Path, num_images: int, num_segments: int) -> None:
    """Writes the index of a dataset whose label images are not there."""
    if name == "seamseg":
        _write_metadata(folder / _INDEX_NAMES[name], num_images, num_segments)
    else:
        _write_coco(name, folder / _INDEX_NAMES[name], num_images, num_segments)


def _write_coco(name: str, path: Path, num_images: int, num_segments: int) -> None:
    images = ({"id": i, "file_name": f"{i:012}.jpg", "height": 480, "width": 640} for i in range(num_images))
    categories = [{"id": i, "name": f"category {i}", "isthing": i % 2} for i in range(_NUM_CATEGORIES)]
    with path.open("w") as file:
        file.write('{"info": {"description": "large"}')
        for key, items in (("images", images), ("annotations", _annotations(name, num_images, num_segments))):
            file.write(f', "{key}": [')
            file.writelines((", " if number else "") + json.dumps(item) for number, item in enumerate(items))
            file.write("]")
        file.write(f', "categories": {json.dumps(categories)}}}')


def _annotations(name: str, num_images: int, num_segments: int) -> Iterator[dict[str, object]]:
    box = [10, 20, 30, 40]
    for image in range(num_images):
        if name == "coco-panoptic":
            infos = [
                {"id": 1000 * n + 7, "category_id": n % _NUM_CATEGORIES, "area": 900, "bbox": box, "iscrowd": 0}
                for n in range(num_segments)
            ]
            yield {"image_id": image, "file_name": f"{image:012}.png", "segments_info": infos}
            continue
        for n in range(num_segments):
            yield {
                "id": image * num_segments + n,
                "image_id": image,
                "category_id": n % _NUM_CATEGORIES,
                "iscrowd": 0,
                "area": 900,
                "bbox": box,
                "segmentation": [[10.5, 20.5, 40.5, 20.5, 40.5, 60.5, 25.0, 70.0, 10.5, 60.5, 8.0, 44.0]],
            }


def _write_metadata(path: Path, num_images: int, num_segments: int) -> None:
    packer = msgpack.Packer()
    meta = {
        "num_stuff": _NUM_CATEGORIES // 2,
        "num_thing": _NUM_CATEGORIES // 2,
        "categories": [f"category {i}" for i in range(_NUM_CATEGORIES)],
        "palette": [[i, i, i] for i in range(_NUM_CATEGORIES)],
        "original_ids": list(range(_NUM_CATEGORIES)),
    }
    cat = [VOID_CATEGORY, *(n % _NUM_CATEGORIES for n in range(num_segments))]
    with path.open("wb") as file:
        file.write(packer.pack_map_header(2) + packer.pack("images") + packer.pack_array_header(num_images))
        for i in range(num_images):
            file.write(packer.pack({"id": f"{i:012}", "cat": cat, "size": [480, 640], "iscrowd": [0] * len(cat)}))
        file.write(packer.pack("meta") + packer.pack(meta))


def read(name: str, folder: Path) -> dict[str, float]:
    """Opens the dataset and lists its images; run in a process of its own."""
    FORMATS[name].reader  # noqa: B018
    __import__(f"seamseg_studio.engine.formats.{FORMATS[name].module}")
    before = _peak_mb()
    start = time.perf_counter()
    reader = FORMATS[name].reader(folder)
    opened = time.perf_counter()
    number = sum(1 for _ in reader)
    listed = time.perf_counter()
    return {"images": number, "open": opened - start, "list": listed - opened, "mb": _peak_mb() - before}


def write(name: str, folder: Path, num_images: int) -> dict[str, float]:
    """Writes the records and the index of a dataset, its label images left out; run in a process of its own."""
    kinds = [Kind.STUFF, Kind.THING]
    half = _NUM_CATEGORIES // 2
    taxonomy = Taxonomy("t", tuple(Category(f"c{i}", kinds[i // half], (i, i, i)) for i in range(_NUM_CATEGORIES)))
    writer = FORMATS[name].writer(folder, taxonomy)
    info = {"id": 7, "category_id": 3, "area": 900, "bbox": [10, 20, 30, 40], "iscrowd": 0}
    mask = {"size": [480, 640], "counts": "aRm02n>5K4M2O1N2O0O2O0O1O100O10000O01000O10O10O1O100O1O2N1O2N2M3N2Mf^g5"}
    thing = {"category_id": 13, "iscrowd": 0, "area": 900, "bbox": [10, 20, 30, 40], "segmentation": mask}
    record = {
        "file_name": "a.jpg", "height": 480, "width": 640, "size": [480, 640], "split": "all",
        "segments_info": [info] * 20, "instances": [thing] * 20, "coco": [thing] * 20,
        "cat": [VOID_CATEGORY, *[3] * 20], "iscrowd": [0] * 21,
    }  # fmt: skip
    before = _peak_mb()
    start = time.perf_counter()
    for number in range(num_images):
        writer._log.append({"name": f"{number:012}", **record})  # type: ignore[attr-defined]
    logged = time.perf_counter()
    writer.close()
    return {
        "images": num_images, "open": logged - start, "list": time.perf_counter() - logged, "mb": _peak_mb() - before
    }  # fmt: skip


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--segments", type=int, default=20)
    parser.add_argument("--format", action="append", choices=list(_INDEX_NAMES))
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        task, name, folder = args.worker
        print(json.dumps(read(name, Path(folder)) if task == "read" else write(name, Path(folder), args.images)))
        return
    table = Table("index", "MB on disk", "open s", "list s", "peak memory MB", title=f"{args.images:,} images")
    with tempfile.TemporaryDirectory() as root:
        for name in args.format or _INDEX_NAMES:
            for task in ("read", "write"):
                folder = Path(root, name, task)
                folder.mkdir(parents=True)
                if task == "read":
                    make_index(name, folder, args.images, args.segments)
                command = [sys.executable, __file__, "--images", str(args.images), "--worker", task, name, str(folder)]
                got = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                size = sum(path.stat().st_size for path in folder.rglob("*") if path.name == _INDEX_NAMES[name]) / 1e6
                row = (f"{size:.0f}", f"{got['open']:.1f}", f"{got['list']:.1f}", f"{got['mb']:.0f}")
                table.add_row(f"{name}, {task}", *row)
    Console().print(table)


if __name__ == "__main__":
    main()
