"""A tiny network on disk, as a bundle and as an archive of the original project."""

from __future__ import annotations

import zipfile
from pathlib import Path

import msgpack
import pytest
import torch

from seamseg_studio.engine.checkpoints.bundle import save_bundle
from seamseg_studio.engine.model.config import Config, dump_config, load_config
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_network
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy


@pytest.fixture(scope="session")
def tiny_config() -> Config:
    """The smallest network of the usual shape."""
    return load_config("\n").replace(
        body={"body": "efficientnet_lite0", "normalization_mode": "bn"},
        fpn={"out_channels": 8},
        rpn={"hidden_channels": 8},
        roi={"fc_channels": 8, "mask_channels": 8},
        sem={"hidden_channels": 8},
    )


@pytest.fixture(scope="session")
def tiny_taxonomy() -> Taxonomy:
    """Two stuff categories and one thing."""
    kinds = [("road", Kind.STUFF), ("sky", Kind.STUFF), ("car", Kind.THING)]
    return Taxonomy("tiny", tuple(Category(name, kind, (1, 2, 3)) for name, kind in kinds))


@pytest.fixture(scope="session")
def tiny_network(tiny_config: Config, tiny_taxonomy: Taxonomy) -> PanopticNet:
    """Random weights."""
    torch.manual_seed(0)
    return build_network(tiny_config, tiny_taxonomy)


@pytest.fixture
def bundle_folder(tmp_path: Path, tiny_config: Config, tiny_taxonomy: Taxonomy, tiny_network: PanopticNet) -> Path:
    """The network as a bundle."""
    path = tmp_path / "tiny"
    save_bundle(
        path,
        name="tiny",
        config=tiny_config,
        taxonomy=tiny_taxonomy,
        state_dict=tiny_network.state_dict(),
        card="# A tiny network\n\nKnows nothing.\n",
    )
    return path


@pytest.fixture
def official_folder(tmp_path: Path, tiny_config: Config, tiny_network: PanopticNet) -> Path:
    """The network as the original project keeps it, with training state beside the weights and without counters."""
    folder = tmp_path / "official"
    folder.mkdir()
    modules: dict[str, dict[str, object]] = {}
    for name, tensor in tiny_network.state_dict().items():
        module, _, rest = name.partition(".")
        if not rest.endswith("num_batches_tracked"):
            modules.setdefault(module, {})[rest] = tensor
    modules["optimizer"] = {"state": {}, "param_groups": [{"lr": 0.1}]}
    modules["loss_meter"] = {"sum": torch.tensor(1.0)}
    snapshot = {"config": dump_config(tiny_config), "state_dict": modules, "training_meta": {"epoch": 3}}
    torch.save(snapshot, folder / "tiny.pth.tar")
    (folder / "config.ini").write_text(dump_config(tiny_config) + "\n[mystery]\nkey = 1\n")
    meta = {"categories": ["road", "sky", "car"], "num_stuff": 2, "num_thing": 1, "palette": [[1, 2, 3]] * 3}
    (folder / "metadata.bin").write_bytes(msgpack.packb({"images": [], "meta": {**meta, "original_ids": [7, 23, 26]}}))
    return folder


@pytest.fixture
def official_zip(official_folder: Path, tmp_path: Path) -> Path:
    """The same in a .zip with a folder inside."""
    path = tmp_path / "official.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in official_folder.iterdir():
            archive.write(file, f"tiny/{file.name}")
    return path
