"""Archives of the original project, made as it makes them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch

from seamseg_studio.engine.checkpoints.errors import BundleError
from seamseg_studio.engine.checkpoints.official import import_official
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_network


@pytest.mark.parametrize("form", ["folder", "zip", "snapshot", "without config.ini"])
def test_all_forms_are_read(
    official_folder: Path, official_zip: Path, tiny_config: Config, tiny_network: PanopticNet, form: str
) -> None:
    path = official_zip if form == "zip" else official_folder
    if form == "snapshot":
        path = official_folder / "tiny.pth.tar"
    if form == "without config.ini":
        (official_folder / "config.ini").unlink()
    config, taxonomy, weights = import_official(path)
    assert config == tiny_config
    assert [category.name for category in taxonomy.categories] == ["road", "sky", "car"]
    assert (taxonomy.num_stuff, taxonomy.num_things) == (2, 1)
    expected = tiny_network.state_dict()
    assert weights.keys() == expected.keys()
    for name, tensor in weights.items():
        assert torch.equal(tensor, expected[name]), name
    build_network(config, taxonomy).load_state_dict(weights, strict=True)


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("this must never be printed",))


def test_code_in_a_snapshot_is_not_run(official_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"state_dict": {}, "evil": _Evil()}, official_folder / "tiny.pth.tar")
    with pytest.raises(BundleError, match="holds more than weights") as caught:
        import_official(official_folder)
    assert "\n" not in str(caught.value)
    assert "never" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"), [("tiny.pth.tar", "holds no snapshot"), ("metadata.bin", "has no metadata.bin")]
)
def test_missing_files_are_named(official_folder: Path, name: str, message: str) -> None:
    (official_folder / name).unlink()
    with pytest.raises(BundleError, match=message):
        import_official(official_folder)


def test_damage_is_named(official_folder: Path, official_zip: Path, tmp_path: Path) -> None:
    snapshot = official_folder / "tiny.pth.tar"
    good = snapshot.read_bytes()
    for data in (b"", good[: len(good) // 2], b"text"):
        snapshot.write_bytes(data)
        with pytest.raises(BundleError, match=r"tiny\.pth\.tar: is damaged"):
            import_official(official_folder)
    torch.save([1, 2], snapshot)
    with pytest.raises(BundleError, match="is not a snapshot"):
        import_official(official_folder)
    torch.save({"state_dict": {"body": {}}}, snapshot)
    with pytest.raises(BundleError, match="has no weights of rpn_head"):
        import_official(official_folder)
    snapshot.write_bytes(good)
    (official_folder / "metadata.bin").write_bytes(b"\x93")
    with pytest.raises(BundleError, match=r"metadata\.bin: is damaged"):
        import_official(official_folder)
    official_zip.write_bytes(official_zip.read_bytes()[:-2000])
    with pytest.raises(BundleError, match=r"is no readable \.zip"):
        import_official(official_zip)
    with pytest.raises(BundleError, match="no such file or folder"):
        import_official(tmp_path / "none.zip")


def test_parts_that_do_not_belong_together_are_named(official_folder: Path) -> None:
    text = (official_folder / "config.ini").read_text().replace("efficientnet_lite0", "resnet18")
    (official_folder / "config.ini").write_text(text)
    with pytest.raises(BundleError, match="do not belong together"):
        import_official(official_folder)


def test_two_snapshots_are_not_guessed_between(official_folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for name in ("a", "b"):
            archive.write(official_folder / "tiny.pth.tar", f"{name}.pth.tar")
    with pytest.raises(BundleError, match="holds 2 snapshots"):
        import_official(tmp_path / "two.zip")
