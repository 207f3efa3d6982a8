"""Whether labelling stays as fast and as small over 10,000 files: `python benchmarks/many_files.py [--files 10000]`.

Runs `seamseg-label` on a folder of tiny photos with a tiny network of random weights, and prints images a second,
processor time an image (which other programs disturb less), resident memory, open files and threads of the program as
the run goes on (Linux). The network is so small that what is
around it (reading, fusing, writing, the log) is most of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from seamseg_studio.engine.checkpoints.bundle import save_bundle
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

SIZES = ((48, 64), (64, 48), (60, 60))
TAXONOMY = Taxonomy(
    "tiny", tuple(Category(name, kind, (9, 9, 9)) for name, kind in (("road", Kind.STUFF), ("car", Kind.THING)))
)


def save_tiny_model(path: Path) -> None:
    """Saves a network that finds something almost anywhere."""
    torch.manual_seed(3)
    config = Config().replace(
        body={"body": "efficientnet_lite0", "normalization_mode": "bn"},
        fpn={"out_channels": 16},
        rpn={"hidden_channels": 16, "num_post_nms_val": 20, "anchor_scale": 4.0, "min_size": 2.0},
        roi={"fc_channels": 16, "mask_channels": 16},
        sem={"hidden_channels": 8, "min_stuff_area": 100.0},
        dataloader={"shortest_size": 48},
    )
    weights = build_network(config, TAXONOMY).state_dict()
    save_bundle(path, name="tiny", config=config, taxonomy=TAXONOMY, state_dict=weights, card="# Tiny\n\ntext")


def save_photos(folder: Path, num_files: int) -> None:
    """Saves photos of three sizes, a hundred different ones."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(num_files):
        path = folder / f"{number:06}.jpg"
        if number < 100:
            size = SIZES[number % len(SIZES)]
            coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
            coarse.resize(size[::-1], Image.Resampling.BILINEAR).save(path)
        else:
            path.write_bytes((folder / f"{number % 100:06}.jpg").read_bytes())


def processor_s(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def held(pid: int) -> tuple[float, int, int]:
    """Resident memory in MiB, open files and threads of a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return int(status["VmRSS"].split()[0]) / 1024, len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"])


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    step = max(args.files // 10, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_tiny_model(folder / "tiny")
        save_photos(folder / "photos", args.files)
        command = [sys.executable, "-m", "seamseg_studio.engine.cli.label", str(folder / "photos"), "--json"]
        command += ["--model", str(folder / "tiny"), "--device", args.device, "--out", str(folder / "out")]
        print(f"{'files':>8} img/s  CPU ms/img   MiB  open files  threads")
        costs, memories = [], []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            num_done, start_s, used_s = 0, time.perf_counter(), 0.0
            for line in program.stdout:
                event = json.loads(line)
                num_done += event.get("status") == "done"
                if event["event"] == "image" and num_done % step == 0:
                    rate = step / (time.perf_counter() - start_s)
                    memory, num_files, num_threads = held(program.pid)
                    now_s = processor_s(program.pid)
                    cost_ms = 1e3 * (now_s - used_s) / step
                    print(
                        f"{num_done:8}{rate:6.1f}{cost_ms:12.1f}{memory:6.0f}{num_files:9}{num_threads:11}", flush=True
                    )
                    costs.append(cost_ms)
                    memories.append(memory)
                    start_s, used_s = time.perf_counter(), now_s
        index = json.loads((folder / "out" / "panoptic.json").read_text())
        assert len({entry["file_name"] for entry in index["annotations"]}) == args.files
    print(
        f"from the second tenth to the last: processor time an image x {costs[-1] / costs[1]:.2f}, "
        f"memory {memories[-1] - memories[1]:+.0f} MiB"
    )
    return program.returncode


if __name__ == "__main__":
    sys.exit(main())
