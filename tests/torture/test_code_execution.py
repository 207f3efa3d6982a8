"""Files that would run code if anything read them carelessly: nothing does."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seamseg_studio.app.words.languages import language_of
from seamseg_studio.engine.checkpoints.backbones import load_backbone
from seamseg_studio.engine.checkpoints.bundle import WEIGHTS, load_bundle
from seamseg_studio.engine.checkpoints.errors import BundleError
from seamseg_studio.engine.checkpoints.official import import_official
from seamseg_studio.engine.formats.conversion import convert
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.formats.yolo import read_names
from seamseg_studio.engine.model.config import ConfigError, load_config
from seamseg_studio.engine.model.norm import NormSpec
from seamseg_studio.engine.model.panoptic_net import build_backbone
from seamseg_studio.engine.model.sections import BodyConfig
from seamseg_studio.engine.project import Project
from seamseg_studio.engine.service.codec import decode
from seamseg_studio.engine.service.errors import ProtocolError
from seamseg_studio.training.snapshots import load_best
from tests.torture import seeds


class Payload:
    """Unpickled freely it would remove the file that it names, by the shell."""

    def __init__(self, victim: Path) -> None:
        self._victim = victim

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return (os.system, (f"rm -f '{self._victim}'",))


def test_the_payload_works(outside: Path) -> None:
    """Else the tests below could not fail."""
    pickle.loads(pickle.dumps(Payload(outside)))  # noqa: S301 - that it does harm is the point
    assert not outside.exists()


@pytest.mark.parametrize("new_format", [True, False])
def test_a_snapshot_with_a_payload(tmp_path: Path, outside: Path, new_format: bool) -> None:
    folder = tmp_path / "official"
    folder.mkdir()
    for name, data in seeds.official_files().items():
        (folder / name).write_bytes(data)
    state = {"state_dict": {"body": {"weight": torch.zeros(1)}}, "training_meta": Payload(outside)}
    torch.save(state, folder / "tiny.pth.tar", _use_new_zipfile_serialization=new_format)
    with pytest.raises(BundleError, match="holds more than weights"):
        import_official(folder)
    assert outside.read_text() == "mine"


def test_a_backbone_and_a_resumed_training_with_a_payload(tmp_path: Path, outside: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"conv1.weight": Payload(outside)}, path)
    body = build_backbone(BodyConfig(body="resnet18"), NormSpec())
    with pytest.raises(BundleError, match="holds more than weights"):
        load_backbone(body, path)
    torch.save({"version": 1, "weights": Payload(outside)}, tmp_path / "best.pt")
    assert load_best(tmp_path) is None
    assert outside.read_text() == "mine"


def test_a_bundle_whose_weights_are_a_pickle(tmp_path: Path, outside: Path) -> None:
    import hashlib

    members = {**seeds.tiny_bundle(), WEIGHTS: pickle.dumps(Payload(outside))}
    manifest = json.loads(members["manifest.json"])
    manifest["sha256"][WEIGHTS] = hashlib.sha256(members[WEIGHTS]).hexdigest()
    path = tmp_path / "evil.zip"
    path.write_bytes(seeds.zipped({**members, "manifest.json": json.dumps(manifest).encode()}))
    with pytest.raises(BundleError, match="is damaged"):
        load_bundle(path).state_dict()
    assert outside.read_text() == "mine"


def test_yaml_that_makes_objects(tmp_path: Path, outside: Path) -> None:
    path = tmp_path / "data.yaml"
    tag = f"!!python/object/apply:os.system [\"rm -f '{outside}'\"]"
    path.write_text(f"names: [{tag}, car]\nevil: {tag}\n")
    read_names(path)
    path.write_text(f"names:\n  - {tag}\n  - car\n")
    assert "car" in read_names(path).values()
    assert outside.read_text() == "mine"


@pytest.mark.parametrize(
    "value",
    [
        "__import__('os').system('rm -f {0}')",
        "(__import__('os').system('rm -f {0}'),) * 4",
        "[x for x in (1,)]",
        "(4, 8, 16, 32).__class__",
        "`rm -f {0}`",
        "-" * 100_000 + "1",
        "(" * 10_000 + ")" * 10_000,
    ],
    ids=["call", "in a tuple", "comprehension", "attribute", "shell", "many signs", "deep"],
)
def test_values_of_a_config_are_not_evaluated(outside: Path, value: str) -> None:
    text = value.replace("{0}", str(outside))
    for section, key in (("fpn", "out_strides"), ("roi", "roi_size"), ("body", "gn_groups"), ("body", "body_params")):
        with pytest.raises(ConfigError):
            load_config(f"[{section}]\n{key} = {text}\n")
    assert outside.read_text() == "mine"


def test_a_config_reads_no_environment_and_no_other_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    for text in ("%(SECRET)s", "${SECRET}", "$SECRET", "%(__name__)s"):
        found = load_config(f"[body]\nweights = {text}\n")
        assert found.body.weights == text


@pytest.mark.parametrize("name", ["$(touch evil)", "`touch evil`", "; touch evil", "| touch evil", "-rf", "--out=evil"])
def test_names_of_photographs_are_no_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    photo = tmp_path / "photos" / f"{name}.png"
    photo.parent.mkdir()
    seeds.make_photo().save(photo)
    with Project.create(tmp_path / f"{name}.seamseg", seeds.TAXONOMY) as project:
        (record,) = project.add_images([photo])
        project.store_labels(record.id, seeds.make_map())
        project.load_map(record.id)
    with FORMATS["coco-panoptic"].writer(tmp_path / "data", seeds.TAXONOMY, copy_images=True) as writer:
        writer.write(name, photo, seeds.make_map())
    reader = FORMATS["coco-panoptic"].reader(tmp_path / "data")
    with FORMATS["labelme"].writer(tmp_path / "again", reader.taxonomy) as writer:
        assert not convert(reader, writer).failures
    assert not list(tmp_path.rglob("evil"))


def test_a_message_of_the_engine_is_never_unpickled(outside: Path) -> None:
    with pytest.raises(ProtocolError):
        decode(pickle.dumps(Payload(outside)))
    assert outside.read_text() == "mine"


def test_only_translations_of_the_program_are_loaded() -> None:
    """A language is one of a list, whatever the settings say; no file outside the program is looked at."""
    for choice in ("../../home/x", "/tmp/x", "de/../../x", "xx", "studio_de"):
        assert language_of(choice) == "en"
    assert language_of("de") == "de"
