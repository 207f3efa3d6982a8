"""Times panoptic quality on a pair of 1024 x 2048 label images: ours, hotcoco and, where installed, panopticapi.

python benchmarks/evaluation.py [--repeat N]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from hotcoco import panoptic
from rich.console import Console
from rich.table import Table

from seamseg_studio.engine.evaluation.panoptic_quality import Labelling, compare
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

_HEIGHT, _WIDTH, _NUM_STUFF, _NUM_THINGS = 1024, 2048, 11, 8


def make_pair(seed: int = 0) -> tuple[PanopticMap, PanopticMap]:
    """Makes a street-like truth (bands of stuff, 60 ellipses of things) and a prediction with moved borders."""
    random = np.random.default_rng(seed)
    shapes = [
        (random.integers(_WIDTH), random.integers(_HEIGHT), random.integers(8, 160), random.integers(8, 120))
        for _ in range(60)
    ]
    maps = []
    for shift in (0, 6):
        columns = np.arange(_WIDTH)
        wave = 30 * np.sin(columns / 90 + shift / 20)
        ids = ((np.arange(_HEIGHT)[:, None] + wave[None]) // (_HEIGHT / _NUM_STUFF)).astype(np.int32)
        ids = np.clip(ids, 0, _NUM_STUFF - 1) + 1
        segments = {index + 1: Segment(index) for index in range(_NUM_STUFF)}
        for number, (x, y, across, down) in enumerate(shapes):
            segment_id = _NUM_STUFF + 1 + number
            cv2.ellipse(ids, (int(x) + shift, int(y)), (int(across), int(down)), number * 7, 0, 360, segment_id, -1)
            segments[segment_id] = Segment(_NUM_STUFF + number % _NUM_THINGS)
        ids[: _HEIGHT // 40] = 0
        maps.append(PanopticMap.from_arrays(ids, segments))
    return maps[0], maps[1]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=20)
    repeat = parser.parse_args().repeat
    taxonomy = Taxonomy(
        "benchmark",
        tuple(
            Category(f"c{i}", Kind.STUFF if i < _NUM_STUFF else Kind.THING, (i, i, i))
            for i in range(_NUM_STUFF + _NUM_THINGS)
        ),
    )
    truth, guess = make_pair()
    table = Table("panoptic quality of one 1024 x 2048 pair", "ms", "of ours")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, panoptic_map in (("gt", truth), ("pred", guess)):
            with FORMATS["coco-panoptic"].writer(root / name, taxonomy) as writer:
                writer.write("a", None, panoptic_map)
        arguments = [
            str(root / part) for part in ("gt/panoptic.json", "pred/panoptic.json", "gt/panoptic", "pred/panoptic")
        ]
        labellings = Labelling.of_map(truth), Labelling.of_map(guess)

        # The JSON is read beforehand, as panopticapi's is below.
        readers = [FORMATS["coco-panoptic"].reader(root / part) for part in ("gt", "pred")]

        def ours_from_files() -> None:
            read = [Labelling.of_map(next(iter(reader)).labels) for reader in readers]
            compare(read[0], read[1], len(taxonomy))

        memory = _time(lambda: compare(*labellings, len(taxonomy)), repeat)
        table.add_row("ours, in memory", f"{memory:.2f}", "1.0")
        files = _time(ours_from_files, repeat)
        table.add_row("ours, from files", f"{files:.2f}", "1.0")
        peers: list[tuple[str, Callable[[], object]]] = [
            ("hotcoco, from files", lambda: panoptic.pq_compute(*arguments))
        ]
        with contextlib.suppress(ImportError):
            from panopticapi.evaluation import pq_compute_single_core  # type: ignore[import-not-found]

            documents = [json.loads(Path(path).read_text()) for path in arguments[:2]]
            pair = [tuple(document["annotations"][0] for document in documents)]
            categories = {category["id"]: category for category in documents[0]["categories"]}
            peers.append(
                ("panopticapi, from files", lambda: pq_compute_single_core(0, pair, *arguments[2:], categories))
            )
        for name, run in peers:
            elapsed = _time(run, repeat)
            table.add_row(name, f"{elapsed:.2f}", f"{elapsed / files:.1f}")
    Console().print(table)


def _time(run: Callable[[], object], repeat: int) -> float:
    """The fastest of `repeat` runs in milliseconds."""
    times = []
    for _ in range(repeat):
        with contextlib.redirect_stdout(io.StringIO()):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
    return min(times) * 1000


if __name__ == "__main__":
    main()
