"""The mean of models' weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from seamseg_studio.engine.checkpoints.bundle import load_bundle, save_bundle
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.config import load_training_config
from seamseg_studio.training.recipes.average import main


def write_part(folder: Path, config_path: Path, taxonomy: Taxonomy, *, seed: int, saw_validation: bool = False) -> Path:
    config, _ = load_training_config(config_path)
    torch.manual_seed(seed)
    weights = build_network(config, taxonomy).state_dict()
    lineage = {"steps": seed, "trained_on_validation": saw_validation}
    save_bundle(
        folder, name=folder.name, config=config, taxonomy=taxonomy, state_dict=weights, card="# Part", lineage=lineage
    )
    return folder


def test_every_weight_is_the_mean(tmp_path: Path, tiny_config: Path, taxonomy: Taxonomy) -> None:
    parts = [
        write_part(tmp_path / "one", tiny_config, taxonomy, seed=1, saw_validation=True),
        write_part(tmp_path / "two", tiny_config, taxonomy, seed=2),
    ]
    assert main([*map(str, parts), "--out", str(tmp_path / "mean")]) == 0
    first, second = (load_bundle(part).state_dict() for part in parts)
    mean = load_bundle(tmp_path / "mean")
    assert any(not torch.equal(first[name], second[name]) for name in first)
    for name, value in mean.state_dict().items():
        if value.is_floating_point():
            wanted = (first[name].double() + second[name].double()) / 2
            torch.testing.assert_close(value.double(), wanted, rtol=1e-3, atol=1e-4)
    # What one part has seen, the mean has seen.
    assert mean.manifest["lineage"]["trained_on_validation"] is True
    assert [part["steps"] for part in mean.manifest["lineage"]["parts"]] == [1, 2]


def test_other_categories_are_refused(
    tmp_path: Path, tiny_config: Path, taxonomy: Taxonomy, capsys: pytest.CaptureFixture[str]
) -> None:
    fewer = Taxonomy(taxonomy.name, taxonomy.categories[:-1])
    parts = [
        write_part(tmp_path / "one", tiny_config, fewer, seed=1),
        write_part(tmp_path / "two", tiny_config, taxonomy, seed=2),
    ]
    assert main([*map(str, parts), "--out", str(tmp_path / "mean")]) == 1
    assert f"{parts[0]}: has another network or other categories" in capsys.readouterr().err
    assert not (tmp_path / "mean").exists()
