"""What several tests of the trainer need: stored steps of the original network, and tiny data."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy
from seamseg_studio.training.sample import Sample

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture(scope="session")
def stored() -> Path:
    """The folder of the stored steps."""
    return FIXTURES / "training"


@pytest.fixture(scope="session")
def recipe() -> ModuleType:
    """Weights by name and images by formula."""
    spec = importlib.util.spec_from_file_location("parity_recipe", FIXTURES / "parity" / "recipe.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    """Two stuff and two thing categories."""
    return Taxonomy(
        "tiny",
        (
            Category("road", Kind.STUFF, (128, 64, 128)),
            Category("sky", Kind.STUFF, (70, 130, 180)),
            Category("person", Kind.THING, (220, 20, 60)),
            Category("car", Kind.THING, (0, 0, 142)),
        ),
    )


@pytest.fixture
def make_sample() -> Callable[..., Sample]:
    """Makes a photo of road and sky with squares on it that are things."""

    def make(height: int = 64, width: int = 96, things: int = 2, name: str = "photo") -> Sample:
        rng = np.random.default_rng(things)
        ids = np.ones((height, width), dtype=np.int32)
        ids[: height // 2] = 2
        categories, is_crowd = [255, 0, 1], [False, False, False]
        for number in range(things):
            y, x = 4 + 18 * (number % 2), 4 + 22 * number
            ids[y : y + 16, x : x + 16] = len(categories)
            categories.append(2 + number % 2)
            is_crowd.append(False)
        image = (ids[..., None] * 40 + rng.integers(0, 30, (height, width, 3))).astype(np.uint8)
        return Sample(name, image, ids, np.array(categories, dtype=np.int64), np.array(is_crowd))

    return make


@pytest.fixture
def write_dataset() -> Callable[[Path, list[Sample], Taxonomy], None]:
    """Writes samples as a seamseg dataset: the first is the split "val", the others are "train"."""

    def write(folder: Path, samples: list[Sample], taxonomy: Taxonomy) -> None:
        with FORMATS["seamseg"].writer(folder, taxonomy) as writer:
            for number, sample in enumerate(samples):
                records = zip(sample.categories.tolist(), sample.is_crowd.tolist(), strict=True)
                segments = {i: Segment(category, crowd) for i, (category, crowd) in enumerate(records) if i}
                labels = PanopticMap.from_arrays(sample.ids, segments)
                writer.write(sample.name, None, labels, image=sample.image, split="train" if number else "val")

    return write


TINY = """
[body]
body = efficientnet_lite0
normalization_mode = bn
num_frozen = 0
bn_frozen = no
[fpn]
out_channels = 16
extra_scales = 0
out_strides = (4, 8, 16, 32)
[rpn]
hidden_channels = 16
anchor_scale = 3
num_pre_nms_train = 100
num_post_nms_train = 30
num_pre_nms_val = 50
num_post_nms_val = 10
min_size = 0
num_samples = 64
[roi]
fc_channels = 16
mask_channels = 8
num_samples = 16
[sem]
hidden_channels = 8
pooling_size = (8, 8)
min_stuff_area = 16
[optimizer]
lr = 0.01
[scheduler]
epochs = 2
burn_in_steps = 2
[dataloader]
shortest_size = 64
longest_max_size = 128
train_batch_size = 2
num_workers = 0
random_flip = yes
[general]
log_interval = 1
val_interval = 1
"""


@pytest.fixture
def tiny_config(tmp_path: Path) -> Path:
    """A network that trains a step in a tenth of a second."""
    path = tmp_path / "tiny.ini"
    path.write_text(TINY)
    return path


@pytest.fixture
def torchrun() -> Callable[..., list[subprocess.CompletedProcess[str]]]:
    """The function `run_in_processes`."""
    return run_in_processes


def free_port() -> int:
    """Returns a port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return int(listener.getsockname()[1])


def run_in_processes(
    arguments: list[str], num_processes: int = 2, num_nodes: int = 1
) -> list[subprocess.CompletedProcess[str]]:
    """Runs a program in several processes of several launchers, as on several machines."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    launcher = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={num_processes}"]
    if num_nodes == 1:
        command = [*launcher, "--standalone", *arguments]
        return [subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)]
    launcher += [f"--nnodes={num_nodes}", "--rdzv-backend=c10d", "--rdzv-id=test"]
    launcher.append(f"--rdzv-endpoint=localhost:{free_port()}")
    started = [
        subprocess.Popen(
            [*launcher, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(num_nodes)
    ]
    results = []
    for process in started:
        out, err = process.communicate(timeout=240)
        results.append(subprocess.CompletedProcess(launcher, process.returncode, out, err))
    return results
