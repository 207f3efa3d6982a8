"""Several processes learn as one with the joint batch would; the first one writes; all end together."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seamseg_studio.engine.checkpoints.bundle import load_bundle
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.batch import Collate
from seamseg_studio.training.cli import main
from seamseg_studio.training.config import load_training_config
from seamseg_studio.training.events import read_events
from seamseg_studio.training.forward import ForwardOptions, LossModel, normalise
from seamseg_studio.training.sample import Sample

MakeSample = Callable[..., Sample]
Torchrun = Callable[..., list[subprocess.CompletedProcess[str]]]

# What each process runs: its own half of the samples, then the gradients as every process has them.
_HALF = """
import sys, torch
from pathlib import Path
from torch.nn.parallel import DistributedDataParallel
from seamseg_studio.training import ranks
folder = Path(sys.argv[1])
torch.set_num_threads(1)
ranks.join("cpu")
state = torch.load(folder / "state.pt", weights_only=False)
from seamseg_studio.training.forward import LossModel, normalise
batch = state["batches"][ranks.rank()]
found = {}
for mode, network in state["networks"].items():
    model = DistributedDataParallel(LossModel(network, state["options"], None), find_unused_parameters=True)
    losses = model(normalise(batch.images, batch.sizes, (0.5,) * 3, (0.5,) * 3), batch)
    losses.sum().backward()
    grads = {name: p.grad for name, p in network.named_parameters()}
    found[mode] = {"losses": ranks.mean(losses.detach()), "grads": grads}
torch.save(found, folder / f"rank{ranks.rank()}.pt")
ranks.leave()
"""


def test_two_processes_have_the_gradients_of_one_with_the_joint_batch(
    tiny_config: Path, make_sample: MakeSample, torchrun: Torchrun, tmp_path: Path
) -> None:
    # So many samples that none is left out by chance. The second half has no things at all.
    text = tiny_config.read_text().replace("num_samples = 64", "num_samples = 100000")
    text = text.replace("num_samples = 16", "num_samples = 4000")
    networks = {}
    for mode in ("bn", "syncbn"):
        torch.manual_seed(1)
        networks[mode] = build_network(load_training_config(text.replace("= bn\n", f"= {mode}\n"))[0], (2, 2))
        networks[mode].train(mode == "syncbn")
    samples = [make_sample(64, 96, 3, "a"), make_sample(64, 96, 1, "b"), make_sample(64, 96, 0, "c")]
    samples.append(make_sample(64, 96, 0, "d"))
    options = ForwardOptions(negatives_everywhere=True, mask_positives_only=True)
    collate = Collate(2, 2)
    batches = [collate(samples[:2]), collate(samples[2:])]
    torch.save({"networks": networks, "batches": batches, "options": options}, tmp_path / "state.pt")
    script = tmp_path / "half.py"
    script.write_text(_HALF)
    (result,) = torchrun([str(script), str(tmp_path)])
    assert result.returncode == 0, result.stderr[-2000:]

    joint = collate(samples)
    images = normalise(joint.images, joint.sizes, (0.5,) * 3, (0.5,) * 3)
    halves = [torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in range(2)]
    for mode, network in networks.items():
        losses = LossModel(network, options, None)(images, joint)
        losses.sum().backward()
        for half in halves:
            found = half[mode]
            assert torch.allclose(found["losses"], losses.detach(), rtol=1e-4), (mode, found["losses"], losses)
            for name, parameter in network.named_parameters():
                wanted, got = parameter.grad, found["grads"][name]
                if wanted is None:
                    assert got is None or not got.any(), name
                    continue
                # Before a norm a bias has no gradient but rounding errors.
                scale = float(wanted.abs().max())
                assert torch.allclose(got, wanted, rtol=1e-3, atol=2e-4 * scale + 1e-5), (mode, name)


def test_processes_of_two_launchers_train_validate_and_resume_together(
    tiny_config: Path, make_sample: MakeSample, write_dataset: Callable[..., None], taxonomy: Taxonomy,
    torchrun: Torchrun, tmp_path: Path,
) -> None:  # fmt: skip
    samples = [make_sample(64, 96, i % 3, f"photo{i}") for i in range(6)]
    write_dataset(tmp_path / "data", samples, taxonomy)
    tiny_config.write_text(tiny_config.read_text() + "[training]\nmax_steps = 2\naccumulate = 2\nema_decay = .9\n")
    out = tmp_path / "out"
    command = ["-m", "seamseg_studio.training.cli", str(tiny_config), str(tmp_path / "data"), "--out", str(out)]
    for result in torchrun([*command, "--device", "cpu"], num_processes=1, num_nodes=2):
        assert result.returncode == 0, result.stderr[-2000:]
    events = read_events(out / "events.jsonl")
    assert [event["event"] for event in events if event["event"] in ("start", "validation", "done")] == [
        "start", "validation", "validation", "done",
    ]  # fmt: skip
    steps = [event for event in events if event["event"] == "step"]
    assert [event["images"] for event in steps] == [5, 10] or [event["images"] for event in steps] == [6, 12]
    assert load_bundle(out / "model").manifest["lineage"]["steps"] == 2
    assert main([*command[2:], "--device", "cpu", "--resume"]) == 2  # made by two processes


def test_fewer_images_than_processes_are_named(
    tiny_config: Path, make_sample: MakeSample, write_dataset: Callable[..., None], taxonomy: Taxonomy,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from seamseg_studio.training import ranks

    write_dataset(tmp_path / "data", [make_sample(name="a"), make_sample(name="b")], taxonomy)
    monkeypatch.setattr(ranks, "count", lambda: 2)
    monkeypatch.setattr(ranks, "join", lambda device: (device, False))
    assert main([str(tiny_config), str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--device", "cpu"]) == 2
    assert "1 image for 2 processes" in capsys.readouterr().err
