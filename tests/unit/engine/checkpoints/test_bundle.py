"""Bundles: exact, checked, and never half written."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seamseg_studio.engine.checkpoints import bundle as bundle_module
from seamseg_studio.engine.checkpoints import folder as folder_module
from seamseg_studio.engine.checkpoints.bundle import load_bundle, resolve, save_bundle
from seamseg_studio.engine.checkpoints.errors import BundleError
from seamseg_studio.engine.checkpoints.weights import check_weights
from seamseg_studio.engine.model.config import Config, ConfigError
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_network
from seamseg_studio.engine.scene.taxonomy import Taxonomy


@pytest.mark.parametrize("ending", ["", ".zip"])
@pytest.mark.parametrize("half", [True, False])
def test_round_trip(
    tmp_path: Path,
    tiny_config: Config,
    tiny_taxonomy: Taxonomy,
    tiny_network: PanopticNet,
    ending: str,
    half: bool,
) -> None:
    weights = tiny_network.state_dict()
    path = tmp_path / "deep" / f"model{ending}"
    lineage = {"base": "other"}
    save_bundle(
        path,
        name="Ωmodel",
        config=tiny_config,
        taxonomy=tiny_taxonomy,
        state_dict=weights,
        card="# é",
        lineage=lineage,
        half=half,
    )
    bundle = load_bundle(path)
    assert (bundle.name, bundle.config, bundle.taxonomy, bundle.card) == ("Ωmodel", tiny_config, tiny_taxonomy, "# é")
    assert bundle.manifest["lineage"] == lineage
    loaded = bundle.state_dict()
    assert loaded.keys() == weights.keys()
    for name, tensor in weights.items():
        exact = tensor.half().float() if half and tensor.ndim >= 2 else tensor
        assert torch.equal(loaded[name], exact), name
    build_network(bundle.config, bundle.taxonomy).load_state_dict(loaded, strict=True)
    check_weights(loaded, bundle.config, bundle.taxonomy, "x")
    again = tmp_path / f"again{ending}"
    save_bundle(
        again,
        name=bundle.name,
        config=bundle.config,
        taxonomy=bundle.taxonomy,
        state_dict=loaded,
        card=bundle.card,
        lineage=bundle.manifest["lineage"],
        half=half,
    )
    if ending:
        assert again.read_bytes() == path.read_bytes()


def test_values_beyond_16_bits_stay_exact(tmp_path: Path, tiny_config: Config, tiny_taxonomy: Taxonomy) -> None:
    weights = {"a.weight": torch.full((2, 2), 1e6), "a.running_var": torch.tensor([1e9])}
    save_bundle(tmp_path / "m", name="m", config=tiny_config, taxonomy=tiny_taxonomy, state_dict=weights, card="")
    assert torch.equal(load_bundle(tmp_path / "m").state_dict()["a.weight"], weights["a.weight"])


@pytest.mark.parametrize("name", ["model.safetensors", "config.ini", "taxonomy.json", "card.md"])
def test_a_changed_file_is_refused(bundle_folder: Path, name: str) -> None:
    data = bytearray((bundle_folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (bundle_folder / name).write_bytes(data)
    with pytest.raises(BundleError, match=f"the hash of {name} is wrong"):
        load_bundle(bundle_folder)


def test_weights_that_change_after_the_check_are_refused(bundle_folder: Path) -> None:
    bundle = load_bundle(bundle_folder)
    with (bundle_folder / "model.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BundleError, match="has changed since"):
        bundle.state_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format_version=99), "format version 99, this program reads 1"),
        (lambda m: m.pop("sha256"), "is damaged"),
        (lambda m: m["sha256"].pop("card.md"), "is damaged"),
        (lambda m: m.update(sha256=[1]), "is damaged"),
    ],
)
def test_a_bad_manifest_is_refused(bundle_folder: Path, change: Callable[[dict], object], message: str) -> None:
    manifest = json.loads((bundle_folder / "manifest.json").read_text())
    change(manifest)
    (bundle_folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=message):
        load_bundle(bundle_folder)


def _zip(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "a/../../evil", "C:/evil", "a\\..\\evil"])
def test_archives_that_reach_out_are_refused(tmp_path: Path, name: str) -> None:
    path = _zip(tmp_path / "a.zip", {"manifest.json": b"{}", name: b"x"})
    with pytest.raises(BundleError, match="names a file outside of itself"):
        load_bundle(path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.zip"]


def test_archives_with_links_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("model.safetensors")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BundleError, match="outside of itself"):
        load_bundle(tmp_path / "a.zip")


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _zip(tmp_path / "ratio.zip", {"model.safetensors": bytes(2**24)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(BundleError, match="suspiciously many"):
        load_bundle(path)
    path = _zip(tmp_path / "count.zip", {f"{n}": b"" for n in range(1001)})
    with pytest.raises(BundleError, match="holds 1001 files"):
        load_bundle(path)
    monkeypatch.setattr("seamseg_studio.engine.checkpoints.archive.MAX_BYTES", 10)
    with pytest.raises(BundleError, match="would unpack to more"):
        load_bundle(_zip(tmp_path / "size.zip", {"a": b"x" * 11}))


def test_what_is_no_bundle_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BundleError, match=r"text\.zip: is no readable \.zip"):
        load_bundle(tmp_path / "text.zip")
    with pytest.raises(BundleError, match="is no model bundle, as it has no manifest"):
        load_bundle(tmp_path / "empty")


def test_names_are_found_among_the_persons_models(bundle_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "models_folder", lambda: bundle_folder.parent)
    assert resolve("tiny") == bundle_folder
    assert load_bundle("tiny").name == "tiny"
    with pytest.raises(BundleError, match=r"none: no such file, nor a model .* there are: starter, tiny"):
        resolve("none")
    with pytest.raises(BundleError, match="no such file"):
        resolve("../tiny-elsewhere")


def test_the_persons_folder_is_in_their_data_folder() -> None:
    assert folder_module.models_folder().parts[-2:] == ("seamseg-studio", "models")


def test_a_failed_save_leaves_the_former_bundle(
    bundle_folder: Path, tiny_config: Config, tiny_taxonomy: Taxonomy, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {file.name: file.read_bytes() for file in bundle_folder.iterdir()}

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle_module.os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        save_bundle(bundle_folder, name="n", config=tiny_config, taxonomy=tiny_taxonomy, state_dict={}, card="")
    monkeypatch.undo()
    assert {file.name: file.read_bytes() for file in bundle_folder.iterdir()} == before
    assert [entry.name for entry in bundle_folder.parent.iterdir()] == ["tiny"]
    save_bundle(bundle_folder, name="new", config=tiny_config, taxonomy=tiny_taxonomy, state_dict={}, card="")
    assert load_bundle(bundle_folder).name == "new"
    assert [entry.name for entry in bundle_folder.parent.iterdir()] == ["tiny"]


def test_a_folder_with_other_things_is_not_replaced(
    tmp_path: Path, tiny_config: Config, tiny_taxonomy: Taxonomy
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="holds other things than a model"):
        save_bundle(tmp_path, name="n", config=tiny_config, taxonomy=tiny_taxonomy, state_dict={}, card="")
    assert (tmp_path / "thesis.txt").exists()


def test_weights_of_another_network_are_named(
    bundle_folder: Path, tiny_config: Config, tiny_taxonomy: Taxonomy
) -> None:
    weights = load_bundle(bundle_folder).state_dict()
    for change, message in (
        (lambda w: w.pop("sem_head.conv_sem.bias"), r"lacks sem_head\.conv_sem\.bias \(1 missing, 0 unknown\)"),
        (lambda w: w.update(extra=torch.zeros(1)), "holds extra"),
        (lambda w: w.update({"sem_head.conv_sem.bias": torch.zeros(9)}), r"is \[9\], not \[3\]"),
        (lambda w: w["sem_head.conv_sem.bias"].fill_(float("nan")), "not finite"),
    ):
        changed = {name: tensor.clone() for name, tensor in weights.items()}
        change(changed)
        with pytest.raises(BundleError, match=message):
            check_weights(changed, tiny_config, tiny_taxonomy, "m")


def test_a_bad_config_is_named(bundle_folder: Path, tiny_taxonomy: Taxonomy) -> None:
    import hashlib

    (bundle_folder / "config.ini").write_text("[body]\nbodi = resnet18\n")
    manifest = json.loads((bundle_folder / "manifest.json").read_text())
    manifest["sha256"]["config.ini"] = hashlib.sha256((bundle_folder / "config.ini").read_bytes()).hexdigest()
    (bundle_folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ConfigError, match=r"config\.ini: \[body\] bodi is unknown; did you mean 'body'"):
        load_bundle(bundle_folder)
