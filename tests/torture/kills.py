"""Processes killed at random moments: python -m tests.torture.kills window|label|train [--kills 100] [--seed 1]

window: the studio, offscreen, painting with mouse events; after each kill all steps that it had called saved must be in
        the project, and every map must be a partition.
label:  `seamseg-label` on a folder; killed and resumed until it is done, its dataset must be that of a run that was
        left alone.
train:  `seamseg-train`; killed and resumed until it is done, it must end with a model, and no snapshot may be damaged.

Prints a JSON line: kills, survived, lost. Kills of the engine's process are `benchmarks/chaos.py`'s, kills of a program
that edits a project at full speed `benchmarks/durability.py`'s.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from seamseg_studio.engine.project import Project

REPOSITORY = Path(__file__).resolve().parents[2]
GUI_TESTS = REPOSITORY / "tests" / "gui"
sys.path.insert(0, str(REPOSITORY / "benchmarks"))


def start(module: str, arguments: Sequence[object], log: Path) -> subprocess.Popen[bytes]:
    """Starts a Python module in a group of its own, so that nothing of it is left behind."""
    folders = [str(GUI_TESTS), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": os.pathsep.join(filter(None, folders))}
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            stdout=file, stderr=file, env=environment, cwd=REPOSITORY, start_new_session=True,
        )  # fmt: skip


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and all it started, at once."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
    process.wait()


def kill_windows(folder: Path, kills: int, rng: random.Random) -> dict[str, int]:
    """Kills studios that paint."""
    photos = folder / "photos"
    photos.mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 255, (240, 320, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(photos / f"{number}.png")
    done, log = folder / "saved", folder / "log"
    saved: dict[int, int] = {}
    counts = {"kills": 0, "survived": 0, "steps_saved": 0, "lost": 0, "in_flight": 0}
    for number in range(kills):
        done.unlink(missing_ok=True)
        process = start("tests.torture.painting_window", (folder, done, number), log)
        deadline = time.monotonic() + 120
        while not (done.exists() and done.stat().st_size) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 1.5))
        if process.poll() is not None:
            raise AssertionError(f"the window ended by itself:\n{log.read_text()[-3000:]}")
        kill(process)
        counts["kills"] += 1
        tried: dict[int, int] = {}
        for line in done.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                what, image_id, steps = line.split()
                (saved if what == "saved" else tried)[int(image_id)] = int(steps)
        with Project.open(folder / "photos.seamseg") as project:
            for record in project.images():
                project.load_map(record.id).check(project.taxonomy)
                found = len(project.history(record.id))
                counts["lost"] += max(0, saved.get(record.id, 0) - found)
                counts["in_flight"] += max(0, tried.get(record.id, 0) - found)
                saved[record.id] = found
        counts["survived"] += 1
    counts["steps_saved"] = sum(saved.values())
    return counts


def kill_labelling(folder: Path, kills: int, rng: random.Random) -> dict[str, int]:
    """Kills `seamseg-label` again and again, and compares what comes of it in the end."""
    from many_files import save_photos, save_tiny_model

    save_tiny_model(folder / "tiny")
    save_photos(folder / "photos", 150)
    log = folder / "log"
    common = [folder / "photos", "--model", folder / "tiny", "--device", "cpu", "--workers", "1"]
    module = "seamseg_studio.engine.cli.label"
    whole = start(module, [*common, "--out", folder / "whole"], log)
    assert whole.wait() == 0, log.read_text()[-2000:]
    counts = {"kills": 0, "survived": 0, "runs": 0, "lost": 0}
    wanted = _dataset(folder / "whole")
    while counts["kills"] < kills:
        shutil.rmtree(folder / "out", ignore_errors=True)
        counts["runs"] += 1
        while counts["kills"] < kills:
            process = start(module, [*common, "--out", folder / "out", "--resume"], log)
            try:
                process.wait(rng.uniform(2.0, 9.0))
                break
            except subprocess.TimeoutExpired:
                kill(process)
                counts["kills"] += 1
        else:
            process = start(module, [*common, "--out", folder / "out", "--resume"], log)
        assert process.wait() == 0, log.read_text()[-2000:]
        found = _dataset(folder / "out")
        counts["lost"] += len(wanted.items() - found.items())
        counts["survived"] = counts["kills"]
    return counts


def _dataset(folder: Path) -> dict[str, bytes]:
    """The files of a dataset, its index without the order of things."""
    found = {path.name: path.read_bytes() for path in (folder / "panoptic").iterdir()}
    index = json.loads((folder / "panoptic.json").read_text())
    for annotation in index["annotations"]:
        found[f"{annotation['file_name']} segments"] = json.dumps(annotation["segments_info"]).encode()
    return found


def kill_training(folder: Path, kills: int, rng: random.Random) -> dict[str, int]:
    """Kills `seamseg-train` until a run has come to its end."""
    from seamseg_studio.engine.formats.registry import FORMATS
    from tests.torture import seeds
    from tests.unit.training.conftest import TINY

    with FORMATS["seamseg"].writer(folder / "data", seeds.TAXONOMY) as writer:
        for number in range(6):
            image = np.random.default_rng(number).integers(0, 255, (seeds.HEIGHT, seeds.WIDTH, 3), np.uint8)
            split = "train" if number else "val"
            writer.write(f"{number}", None, seeds.make_map(number), image=image, split=split)
    config = folder / "tiny.ini"
    config.write_text(TINY.replace("epochs = 2", "epochs = 12"))
    log = folder / "log"
    counts = {"kills": 0, "survived": 0, "runs": 0, "lost": 0}
    while counts["kills"] < kills:
        out = folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        counts["runs"] += 1
        for attempt in range(1000):
            resume = ["--resume"] if attempt and list(out.glob("snapshot*.pt")) else []
            arguments = [config, folder / "data", "--out", out, "--device", "cpu", *resume]
            if not resume:
                shutil.rmtree(out, ignore_errors=True)
            process = start("seamseg_studio.training.cli", arguments, log)
            try:
                code = process.wait(rng.uniform(3.0, 15.0) if counts["kills"] < kills else None)
            except subprocess.TimeoutExpired:
                kill(process)
                counts["kills"] += 1
                continue
            counts["lost"] += code != 0 or not list(out.rglob("model.safetensors"))
            if code:
                print(log.read_text()[-1500:], file=sys.stderr)
            break
        counts["survived"] = counts["kills"]
    return counts


KILLERS = {"window": kill_windows, "label": kill_labelling, "train": kill_training}


def main() -> int:
    """Runs one kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=KILLERS)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    begin = time.monotonic()
    with TemporaryDirectory(prefix="kills-") as name:
        counts = KILLERS[args.what](Path(name), args.kills, random.Random(args.seed))
    print(json.dumps({"what": args.what, "seconds": round(time.monotonic() - begin), **counts}))
    return int(bool(counts["lost"]))


if __name__ == "__main__":
    sys.exit(main())
