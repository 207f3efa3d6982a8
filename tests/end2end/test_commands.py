"""The console scripts as a person runs them: whole processes, their exit codes, and what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.formats.image_file import find_images
from seamseg_studio.engine.formats.registry import find_format
from seamseg_studio.engine.project import Project, Status

BIN = Path(sys.executable).parent


def run(name: str, *arguments: object, code: int = 0, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
    """Runs a console script and checks its exit code, and that no traceback reaches a person."""
    result = subprocess.run(
        [str(BIN / name), *map(str, arguments)], capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert result.returncode == code, f"{name} ended with {result.returncode}\n{result.stdout}\n{result.stderr}"
    assert "Traceback" not in result.stdout + result.stderr
    return result


def sentence(result: subprocess.CompletedProcess[str]) -> str:
    """The one line that says what went wrong."""
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, result.stderr
    return lines[0]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_label_train_from_corrections_and_label_again(photos: Path, tmp_path: Path) -> None:
    # Label a folder in which one file is no image: the others cost nothing.
    (photos / "notes.jpg").write_text("not an image")
    out = tmp_path / "labels"
    formats = "coco-panoptic,seamseg,npz,overlay"
    result = run("seamseg-label", photos, "--out", out, "--format", formats, "--json", "--device", "cpu", code=3)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["event"] for line in lines].count("image") == 3
    assert "notes.jpg" in result.stderr
    index = json.loads((out / "panoptic.json").read_text())
    assert len(index["annotations"]) == 2
    assert len(list((out / "overlay").glob("*.jpg"))) == 2

    # Again with --resume: nothing is done twice.
    before = {path: path.stat().st_mtime_ns for path in (out / "panoptic").glob("*.png")}
    (photos / "notes.jpg").unlink()
    run("seamseg-label", photos, "--out", out, "--format", formats, "--resume", "--device", "cpu")
    assert {path: path.stat().st_mtime_ns for path in (out / "panoptic").glob("*.png")} == before

    # The labels become a project with accepted images, and the project a better model.
    reader = find_format("coco-panoptic").reader(out)
    project_folder = tmp_path / "street.seamseg"
    with Project.create(project_folder, reader.taxonomy) as project:
        records = {record.path.stem: record for record in project.add_images(find_images([photos]))}
        for labelled in reader:
            record = records[labelled.name]
            project.store_labels(record.id, labelled.map)
            project.set_status(record.id, Status.ACCEPTED)
    trained = tmp_path / "trained"
    result = run(
        "seamseg-train", "--from-corrections", project_folder, "--out", trained, "--max-steps", 2, "--events", "-",
        "--device", "cpu",
    )  # fmt: skip
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["event"] for event in events].count("step") == 2
    assert {"obj", "bbx", "roi_cls", "roi_bbx", "roi_msk", "sem"} <= set(
        next(event["losses"] for event in events if event["event"] == "step")
    )
    assert events[-1]["event"] == "done"
    bundle = Path(events[-1]["bundle"])

    run("seamseg-models", "verify", bundle)
    again = tmp_path / "again"
    run("seamseg-label", photos, "--out", again, "--model", bundle, "--format", "npz", "--device", "cpu")
    for path in again.rglob("*.npz"):
        ids = np.load(path)["ids"]
        assert ids.max() > 0

    # What was labelled can be scored and converted.
    score = run("seamseg-eval", "--predictions", out, "--ground-truth", out, "--json")
    assert json.loads(score.stdout)["all"]["pq"] == pytest.approx(100)
    converted = ("--from", "coco-panoptic", "--to", "seamseg", "--images", photos)
    run("seamseg-convert", out, tmp_path / "converted", *converted)
    assert (tmp_path / "converted" / "metadata.bin").is_file()


def test_models_are_listed() -> None:
    assert "starter" in run("seamseg-models", "list").stdout
    assert "street" in run("seamseg-models", "info", "starter").stdout.lower()


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda folder: folder / "missing.jpg", "missing.jpg"),
        (lambda folder: folder, "no images"),
    ],
    ids=["missing file", "empty folder"],
)
def test_pointless_inputs_are_refused_before_anything_is_written(make: object, word: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    out = tmp_path / "out"
    result = run("seamseg-label", make(folder), "--out", out, code=2)  # type: ignore[operator]
    assert word in sentence(result)
    assert not out.exists()


def test_unreadable_images_alone_are_an_error_each(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("hello")
    Image.new("RGB", (64, 48), (200, 30, 30)).save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    result = run("seamseg-label", folder, "--out", tmp_path / "out", "--format", "npz", "--device", "cpu", code=3)
    for name in ("empty.jpg", "text.jpg", "cut.jpg"):
        assert name in result.stderr
    assert [path.stem for path in (tmp_path / "out").rglob("*.npz")] == ["whole"]


def test_unknown_device_and_model_are_named(photos: Path, tmp_path: Path) -> None:
    device = run("seamseg-label", photos, "--out", tmp_path / "out", "--device", "cuda:7", code=2)
    assert "cuda:7" in sentence(device)
    model = run("seamseg-label", photos, "--out", tmp_path / "out", "--model", tmp_path / "nothing", code=2)
    assert "nothing" in sentence(model)
    assert not (tmp_path / "out").exists()


def test_a_changed_bundle_is_refused(photos: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "starter"
    run("seamseg-models", "export", "starter", bundle)
    weights = bundle / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    result = run("seamseg-label", photos, "--out", tmp_path / "out", "--model", bundle, code=2)
    assert "model.safetensors" in sentence(result)
    run("seamseg-models", "verify", bundle, code=2)


def test_an_unknown_config_key_is_named_with_the_nearest(tmp_path: Path) -> None:
    config = tmp_path / "mine.ini"
    config.write_text("[rpn]\nnum_sampels = 3\n")
    result = run("seamseg-train", config, tmp_path, "--out", tmp_path / "out", code=2)
    assert "num_sampels" in sentence(result)
    assert "num_samples" in sentence(result)
    config.write_text("[rpn]\nnum_samples = many\n")
    result = run("seamseg-train", config, tmp_path, "--out", tmp_path / "out2", code=2)
    assert "many" in sentence(result)


@pytest.mark.parametrize(
    "name", ["seamseg-studio", "seamseg-label", "seamseg-train", "seamseg-eval", "seamseg-convert", "seamseg-models"]
)
def test_help_is_complete(name: str) -> None:
    text = run(name, "--help").stdout
    assert text.startswith(f"usage: {name}")
    assert len(text.splitlines()) > 8
