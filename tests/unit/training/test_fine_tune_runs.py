"""A fine-tune that was interrupted equals one that was not; several processes judge and learn as one does."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from seamseg_studio.engine.checkpoints.bundle import load_bundle, save_bundle
from seamseg_studio.engine.evaluation.panoptic_quality import PanopticStats
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.project.store import Project
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training import ranks
from seamseg_studio.training.budget import Budget
from seamseg_studio.training.config import load_training_config
from seamseg_studio.training.dataset import MemorySource
from seamseg_studio.training.events import EventLog, read_events
from seamseg_studio.training.fine_tune import train_from_corrections
from seamseg_studio.training.runs import RunOptions
from seamseg_studio.training.sample import Sample
from seamseg_studio.training.trainer import Trainer
from seamseg_studio.training.validation import measure_panoptic

MakeSample = Callable[..., Sample]


@pytest.fixture
def base(tiny_config: Path, taxonomy: Taxonomy, tmp_path: Path) -> Path:
    config, _ = load_training_config(tiny_config)
    torch.manual_seed(0)
    state = build_network(config, taxonomy).state_dict()
    save_bundle(tmp_path / "base", name="tiny", config=config, taxonomy=taxonomy, state_dict=state, card="# Tiny\n")
    return tmp_path / "base"


@pytest.fixture
def project(taxonomy: Taxonomy, make_sample: MakeSample, tmp_path: Path) -> Path:
    """Four accepted photos, and two that nobody has labelled."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    samples = [make_sample(64, 96, 1 + i % 3, f"{name}photo") for i, name in enumerate("abcdef")]
    for sample in samples:
        Image.fromarray(rng.integers(0, 255, sample.image.shape, dtype=np.uint8)).save(folder / f"{sample.name}.png")
    path = tmp_path / "work.seamseg"
    with Project.create(path, taxonomy) as opened:
        records = opened.add_images(sorted(folder.iterdir()))
        for record, sample in list(zip(records, samples, strict=True))[:4]:
            segments = {i: Segment(int(sample.categories[i])) for i in range(1, len(sample.categories))}
            opened.store_labels(record.id, PanopticMap.from_arrays(sample.ids, segments))
            opened.set_status(record.id, Status.ACCEPTED)
    return path


def test_a_fine_tune_that_was_stopped_and_goes_on_equals_one_that_was_not(
    base: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = Budget(max_steps=4, max_minutes=30, heads_only=True)

    def train(out: str, *, resume: bool = False) -> Path | None:
        run = RunOptions(tmp_path / out, "cpu", resume=resume)
        return train_from_corrections(project, str(base), run, budget, EventLog(None))

    # Without a clock, which no two runs share.
    real = Trainer.__init__

    def without_clock(self: Trainer, network: Any, config: Any, options: Any, *args: Any, **kwargs: Any) -> None:
        real(self, network, config, dataclasses.replace(options, max_minutes=0.0), *args, **kwargs)

    monkeypatch.setattr(Trainer, "__init__", without_clock)
    whole = train("whole")
    step = Trainer.train_step

    def stopping(self: Trainer, group: Any) -> Any:
        if self.progress.step == 2:
            self.stop_requested.set()
        return step(self, group)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_step", stopping)
        assert train("parts") is None
    parts = train("parts", resume=True)
    assert whole
    assert parts
    assert load_bundle(parts).manifest["lineage"]["steps"] == 4
    assert (whole / "model.safetensors").read_bytes() == (parts / "model.safetensors").read_bytes()
    assert (whole / "model.safetensors").read_bytes() != (base / "model.safetensors").read_bytes()


def test_two_processes_fine_tune_together(
    base: Path, project: Path, torchrun: Callable[..., list[subprocess.CompletedProcess[str]]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ["-m", "seamseg_studio.training.cli", "--from-corrections", str(project), "--base", str(base)]
    command += ["--device", "cpu", "--max-steps", "2"]
    for parts in ("all", "heads"):
        (result,) = torchrun([*command, "--out", str(out / parts), "--train-parts", parts])
        assert result.returncode == 0, result.stderr[-2000:]
        lineage = load_bundle(out / parts / "model").manifest["lineage"]
        assert lineage["steps"] == 2
        events = read_events(out / parts / "events.jsonl")
        assert [event["event"] for event in events].count("start") == 1, "each process has written"
        assert events[-1]["event"] == "done"
        assert events[-1]["gate"]["status"] in ("promoted", "candidate")
        before, after = load_bundle(base).state_dict(), load_bundle(out / parts / "model").state_dict()
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        assert any(name.startswith("sem_head") for name in changed)
        assert any(name.startswith("body") and name.endswith("conv1.weight") for name in changed) == (parts == "all")


def test_processes_that_share_the_images_find_the_scores_of_one(
    tiny_config: Path, taxonomy: Taxonomy, make_sample: MakeSample, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, _ = load_training_config(tiny_config)
    torch.manual_seed(0)
    network = build_network(config, taxonomy)
    samples = MemorySource([make_sample(64, 96, i % 3, f"photo{i}") for i in range(5)])
    alone = measure_panoptic(network, samples, taxonomy)
    found: list[PanopticStats] = []
    monkeypatch.setattr(ranks, "count", lambda: 2)
    for number in range(2):
        monkeypatch.setattr(ranks, "rank", lambda number=number: number)
        monkeypatch.setattr(ranks, "gather", lambda stats: found.append(stats) or list(found))
        together = measure_panoptic(network, samples, taxonomy)
    assert [stats.num_images for stats in found] == [3, 2]
    for name in ("pq", "miou"):
        assert together[name] == pytest.approx(alone[name], abs=1e-12)
    for name, values in alone["categories"].items():
        assert together["categories"][name] == pytest.approx(values, abs=1e-12)
    assert alone["miou"] is not None
