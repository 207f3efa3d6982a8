"""`seamseg-eval` from the outside."""

from __future__ import annotations

import json
import sys
import types
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seamseg_studio.engine.cli.convert import main as convert
from seamseg_studio.engine.cli.evaluate import main
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_result import PanopticResult


@pytest.fixture
def predictions(dataset: Path, tmp_path: Path) -> Path:
    """The ground truth itself, in another format."""
    assert convert([str(dataset), str(tmp_path / "predictions"), "--to", "coco-panoptic"]) == 0
    return tmp_path / "predictions"


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_the_truth_scores_100(dataset: Path, predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    argv = ["--predictions", str(predictions), "--ground-truth", str(dataset)]
    assert main([*argv, "--json"]) == 0
    document = _json(capsys)
    assert document["num_images"] == 4
    assert document["all"] == {
        "pq": 100, "sq": 100, "rq": 100, "pq_dagger": 100, "miou": 100, "num_categories": 7,
    }  # fmt: skip
    assert [c["name"] for c in document["categories"] if c["true_positives"]] == [
        "stuff 00", "stuff 02", "stuff 03", "thing 00", "thing 01", "thing 03", "thing 36",
    ]  # fmt: skip
    assert main([*argv, "--categories", "--split", "val"]) == 0
    text = capsys.readouterr().out
    assert "2 images" in text
    assert "thing 36" in text
    assert "PQ-dagger" in text


def test_the_result_is_also_written_to_a_file(
    dataset: Path, predictions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores.json"
    argv = ["--predictions", str(predictions), "--ground-truth", str(dataset), "--rules", "original"]
    assert main([*argv, "--out", str(out)]) == 0
    document = json.loads(out.read_text())
    assert document["schema"] == "seamseg-evaluation/1"
    assert document["rules"] == "original"
    assert document["all"]["num_categories"] == 65
    assert "100.0" not in capsys.readouterr().out.splitlines()[3]


def test_average_precision_on_request(dataset: Path, predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    argv = ["--predictions", str(predictions), "--ground-truth", str(dataset), "--ap"]
    assert main([*argv, "--json"]) == 0
    document = _json(capsys)
    assert document["ap"]["mask"] == {"ap": 100, "ap_50": 100, "ap_75": 100}
    assert {c["name"]: c["ap_box"] for c in document["categories"]}["thing 36"] == 100
    assert main(argv) == 0
    assert "AP50" in capsys.readouterr().out


def test_a_page_with_everything(
    dataset: Path, predictions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (predictions / "panoptic" / "d_003.png").write_bytes(b"")
    document = json.loads((predictions / "panoptic.json").read_text())
    document["categories"][1]["name"] = "<script>alert(1)</script>"
    (predictions / "panoptic.json").write_text(json.dumps(document))
    page = tmp_path / "page.html"
    argv = ["--predictions", str(predictions), "--ground-truth", str(dataset), "--ap", "--html", str(page)]
    assert main(argv) == 3
    text = page.read_text(encoding="utf-8")
    tags = HTMLParser()
    tags.feed(text)
    for part in ("stuff 00", "thing 36", "AP50", "3 images", "d_003", "&lt;script&gt;", "Images with the lowest PQ"):
        assert part in text
    assert "<script" not in text
    assert "http" not in text


def test_missing_and_damaged_predictions_are_listed(
    dataset: Path, predictions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads((predictions / "panoptic.json").read_text())
    document["annotations"] = [a for a in document["annotations"] if a["file_name"] != "a_000.png"]
    (predictions / "panoptic.json").write_text(json.dumps(document))
    (predictions / "panoptic" / "d_003.png").write_bytes(b"text")
    assert main(["--predictions", str(predictions), "--ground-truth", str(dataset), "--json"]) == 3
    captured = capsys.readouterr()
    assert [failure["image"] for failure in json.loads(captured.out)["failures"]] == ["a_000", "d_003"]
    assert "2 of 4 inputs failed" in captured.err
    assert "there is no prediction for this image" in captured.err


def test_label_images_above_the_limit_are_refused(
    dataset: Path, predictions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--predictions", str(predictions), "--ground-truth", str(dataset), "--predictions-from", "coco-panoptic"]
    assert main([*argv, "--max-pixels", "80000"]) == 3
    assert "limit of 80,000" in capsys.readouterr().err
    assert main([*argv, "--max-pixels", "98304"]) == 0


def test_a_prediction_of_another_size_is_named(
    dataset: Path, predictions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (predictions / "panoptic" / "a_000.png").write_bytes((predictions / "panoptic" / "b_001.png").read_bytes())
    text = (predictions / "panoptic.json").read_text().replace('"height":256,"width":384', '"height":224,"width":320')
    (predictions / "panoptic.json").write_text(text)
    assert main(["--predictions", str(predictions), "--ground-truth", str(dataset)]) == 3
    assert "a_000: the ground truth is (256, 384), the prediction (224, 320)" in capsys.readouterr().err


def test_the_worst_images_are_named_worst_first(
    dataset: Path, predictions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads((predictions / "panoptic.json").read_text())
    for annotation in document["annotations"]:
        if annotation["file_name"] in ("b_001.png", "c_002.png"):
            kept = 1 if annotation["file_name"] == "b_001.png" else -1
            annotation["segments_info"] = annotation["segments_info"][:kept]
    (predictions / "panoptic.json").write_text(json.dumps(document))
    assert main(["--predictions", str(predictions), "--ground-truth", str(dataset), "--json"]) == 0
    worst = json.loads(capsys.readouterr().out)["worst_images"]
    assert [image["image"] for image in worst][:2] == ["b_001", "c_002"]
    assert worst[0]["pq"] < worst[1]["pq"] < 100 == worst[2]["pq"] == worst[3]["pq"]
    assert worst[0]["found"] == 1
    assert worst[1]["missed"] == 1


def test_categories_are_matched_by_name(dataset: Path, predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = predictions / "panoptic.json"
    document = json.loads(index.read_text())
    document["categories"].reverse()
    document["categories"][0]["name"] = "unheard of"  # was thing 36
    document["categories"][-1]["name"] = "Stuff 00"
    index.write_text(json.dumps(document))
    capsys.readouterr()
    assert main(["--predictions", str(predictions), "--ground-truth", str(dataset), "--json"]) == 0
    captured = capsys.readouterr()
    scores = {c["name"]: c["pq"] for c in json.loads(captured.out)["categories"]}
    assert scores["stuff 00"] == 100
    assert scores["thing 01"] == 100
    assert scores["thing 36"] == 0
    assert "counted as void: unheard of" in captured.err
    for category in document["categories"]:
        category["name"] += " x"
    index.write_text(json.dumps(document))
    assert main(["--predictions", str(predictions), "--ground-truth", str(dataset)]) == 2
    assert "no category in common" in capsys.readouterr().err


def test_a_model_is_judged_on_a_split(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A predictor that finds the ground truth of everything but the things."""
    reader = FORMATS["seamseg"].reader(dataset)
    truths = {(image.map.shape): image.map for image in reader}
    asked: list[tuple[object, ...]] = []

    class Predictor:
        taxonomy = reader.taxonomy

        def predict(self, image: np.ndarray) -> PanopticResult:
            truth = truths[image.shape[:2]]
            kept = [i for i, s in truth.segments.items() if not reader.taxonomy.is_thing(s.category)]
            return PanopticResult(
                ids=np.where(np.isin(truth.ids, kept), truth.ids, 0).astype(np.int32),
                categories=np.array([255, *(truth.segments[i].category for i in sorted(truth.segments))]),
                scores=np.ones(len(truth.segments) + 1, np.float32),
                is_crowd=np.zeros(len(truth.segments) + 1, np.bool_),
            )

    def load_model(model: object, **options: object) -> Predictor:
        asked.append((model, options))
        return Predictor()

    fake = types.ModuleType("predictor")
    fake.load_model = load_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "seamseg_studio.engine.inference.predictor", fake)
    assert main([str(dataset), "--split", "val", "--model", "m", "--device", "cpu", "--json"]) == 0
    document = _json(capsys)
    assert asked == [("m", {"device": "cpu", "precision": "auto"})]
    assert document["num_images"] == 2
    assert document["stuff"]["pq"] == 100
    assert document["things"]["pq"] == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["{data}", "--out", "{tmp}/none/x.json"], "none: no such folder; make it, or choose another --out"),
        (["{data}", "--html", "{tmp}/none/x.html"], "none: no such folder; make it, or choose another --html"),
        (["{data}", "--out", "{tmp}"], "is a folder; name a file with --out"),
        (["{data}", "--out", "{tmp}/x", "--html", "{tmp}/x"], "named by both --out and --html"),
        (["{data}", "--workers", "0"], "--workers needs at least 1"),
        (["{data}", "--max-pixels", "0"], "--max-pixels needs at least 1"),
        ([], "name a DATASET"),
        (["{tmp}/none"], "no such file or folder"),
        (["{tmp}"], "holds no dataset"),
        (["{data}", "--split", "vall"], "has no split 'vall'"),
        (["--predictions", "{data}"], "belong together"),
        (["{data}", "--predictions", "{data}", "--ground-truth", "{data}"], "go without DATASET"),
        (["{data}", "--rules", "x"], "invalid choice"),
        (["{data}", "--from", "cocoa"], "unknown format 'cocoa'"),
    ],
)
def test_wrong_usage_is_one_sentence(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    assert main([part.format(tmp=tmp_path, data=dataset) for part in argv]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
