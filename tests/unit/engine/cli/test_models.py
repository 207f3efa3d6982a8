"""`seamseg-models` from the outside, on a tiny network."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import msgpack
import pytest
import torch

from seamseg_studio.engine.checkpoints import folder as folder_module
from seamseg_studio.engine.checkpoints.bundle import load_bundle
from seamseg_studio.engine.cli.models import main
from seamseg_studio.engine.model.config import dump_config, load_config
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.ops import native


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the original project."""
    config = load_config("\n").replace(
        body={"body": "efficientnet_lite0", "normalization_mode": "bn"},
        fpn={"out_channels": 8},
        rpn={"hidden_channels": 8},
        roi={"fc_channels": 8, "mask_channels": 8},
        sem={"hidden_channels": 8},
    )
    torch.manual_seed(0)
    modules: dict[str, dict[str, object]] = {}
    for name, tensor in build_network(config, (2, 1)).state_dict().items():
        module, _, rest = name.partition(".")
        modules.setdefault(module, {})[rest] = tensor
    folder = tmp_path_factory.mktemp("archive")
    torch.save({"config": dump_config(config), "state_dict": modules, "training_meta": {}}, folder / "x.pth.tar")
    meta = {"categories": ["road", "sky", "car"], "num_stuff": 2, "num_thing": 1, "palette": [], "original_ids": []}
    with zipfile.ZipFile(folder / "tiny.zip", "w") as target:
        target.write(folder / "x.pth.tar", "x.pth.tar")
        target.writestr("config.ini", dump_config(config))
        target.writestr("metadata.bin", msgpack.packb({"images": [], "meta": meta}))
    return folder / "tiny.zip"


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the person's models, not there at first."""
    folder = tmp_path / "models"
    monkeypatch.setattr(folder_module, "models_folder", lambda: folder)
    return folder


@pytest.fixture
def imported(models: Path, archive: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The archive, imported as "tiny"."""
    assert main(["import", str(archive)]) == 0
    assert capsys.readouterr().out == f"tiny: imported to {models / 'tiny'}\n"
    return models / "tiny"


def test_import_makes_a_bundle(imported: Path, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = load_bundle("tiny")
    assert bundle.manifest["lineage"] == {"imported_from": "tiny.zip"}
    assert [category.name for category in bundle.taxonomy.categories] == ["road", "sky", "car"]
    assert main(["import", str(archive)]) == 2
    assert "is there already; choose another name or use --overwrite" in capsys.readouterr().err
    card = imported.parent / "card.txt"
    card.write_text("# Tiny, described")
    assert main(["import", str(archive), "--overwrite", "--card", str(card), "--full-precision"]) == 0
    assert load_bundle("tiny").card == "# Tiny, described"
    assert load_bundle("tiny").manifest["half"] is False


def test_info_says_which_ops_run_and_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = native.Status("cpu", "built in 7 s", tmp_path / "library.so")
    monkeypatch.setattr(native, "_status", found)
    assert main(["info", "--ops"]) == 0
    assert capsys.readouterr().out == "ops: compiled for the CPU (built in 7 s)\n"
    assert main(["info", "--ops", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"ops": "cpu", "reason": "built in 7 s", "library": str(found.library)}


def test_info_tells_everything(imported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "tiny"]) == 0
    text = capsys.readouterr().out
    manifest = load_bundle("tiny").manifest
    for part in (
        "tiny",
        str(imported),
        "efficientnet_lite0",
        f"{manifest['num_parameters']:,}",
        "2: road, sky",
        "1: car",
        manifest["sha256"]["model.safetensors"],
        "Imported from `tiny.zip`",
    ):
        assert part in text
    assert main(["info", "tiny", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["num_parameters"] == manifest["num_parameters"] > 1_000_000
    assert [c["name"] for c in document["taxonomy"]["categories"]] == ["road", "sky", "car"]


def test_list_names_the_models(imported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["list", "--json"])
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert rows["tiny"]["stuff"] == 2
    assert rows["tiny"]["things"] == 1
    main(["list"])
    assert "efficientnet_lite0" in capsys.readouterr().out


@pytest.mark.parametrize("target", ["copy", "copy.zip"])
def test_export_and_import_again_are_exact(
    imported: Path, tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out" / target
    assert main(["export", "tiny", str(path)]) == 0
    assert main(["export", "tiny", str(path)]) == 2
    assert main(["import", str(path), "--name", "again"]) == 0
    first, again = load_bundle("tiny"), load_bundle("again")
    assert first.manifest["sha256"]["model.safetensors"] == again.manifest["sha256"]["model.safetensors"]
    assert again.manifest["lineage"]["imported_from"] in (target, "tiny.zip")
    assert again.card == first.card
    assert main(["verify", "tiny", "again", str(path)]) == 0
    assert capsys.readouterr().out.endswith(f"tiny: whole\nagain: whole\n{path}: whole\n")


def test_verify_finds_damage(imported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (imported / "card.md").open("a") as file:
        file.write("better than all others")
    assert main(["verify", "tiny"]) == 2
    assert "the hash of card.md is wrong; get the model again" in capsys.readouterr().err
    assert main(["verify", "tiny", "--json"]) == 2
    (row,) = json.loads(capsys.readouterr().out)["models"]
    assert row["whole"] is False


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "required"),
        (["info", "nothing"], "nothing: no such file, nor a model of that name; there are: starter"),
        (["import", "{tmp}/none.zip"], "no such file or folder"),
        (["import", "{archive}", "--name", "starter"], "is that of the bundled model"),
        (["import", "{archive}", "--card", "{tmp}/none.md"], "cannot be read as text"),
        (["import", "{tmp}"], "holds no snapshot"),
        (["frobnicate"], "invalid choice"),
    ],
)
def test_wrong_usage_is_one_sentence(
    models: Path, archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    assert main([part.format(tmp=tmp_path, archive=archive) for part in argv]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not models.exists()
