"""One dataset or several, labelled wholly or in part; what cannot be trained on is named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy
from seamseg_studio.training.cli import main
from seamseg_studio.training.config import load_training_config
from seamseg_studio.training.dataset import MemorySource
from seamseg_studio.training.events import read_events
from seamseg_studio.training.sample import VOID_CATEGORY, Sample
from seamseg_studio.training.sets import open_sets, repeat_rare

MakeSample = Callable[..., Sample]
WriteDataset = Callable[[Path, list[Sample], Taxonomy], None]


@pytest.fixture
def two_sets(make_sample: MakeSample, write_dataset: WriteDataset, taxonomy: Taxonomy, tmp_path: Path) -> Path:
    write_dataset(tmp_path / "full", [make_sample(name=name) for name in "abc"], taxonomy)
    coarse = Taxonomy(
        "coarse", (Category("ground", Kind.STUFF, (1, 1, 1)), taxonomy[1], Category("moving", Kind.THING, (2, 2, 2)))
    )
    samples = [replace(make_sample(things=1, name=name), categories=np.array([255, 0, 1, 2])) for name in "ab"]
    write_dataset(tmp_path / "coarse", samples, coarse)
    entries = [
        {"path": "full", "share": 3},
        {"path": "coarse", "categories": {"ground": "road", "moving": ["person", "car"]}, "annotated": ["road"]},
    ]
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"sets": entries}))
    return path


def test_sets_are_put_into_one_taxonomy(two_sets: Path, tiny_config: Path, taxonomy: Taxonomy) -> None:
    sets = open_sets(two_sets, *load_training_config(tiny_config))
    assert sets.taxonomy.categories == taxonomy.categories
    assert len(sets.train) == 3
    assert sets.held_out is not None
    assert len(sets.held_out) == 2
    sample = sets.train[2]
    assert sample.name == "coarse/b"
    assert sample.categories.tolist() == [255, 0, VOID_CATEGORY, 256]  # the sky is not said to be annotated
    assert sets.category_sets is not None
    assert sets.category_sets.tolist()[0] == [False, False, True, True]
    assert sets.shares == (3.0, 1.0)
    assert sets.is_partial


def test_shares_and_balance_do_not_both_choose_the_images(two_sets: Path, tiny_config: Path) -> None:
    config, options = load_training_config(tiny_config)
    with pytest.raises(SeamsegError, match=r"list\.json: its sets have a share, so that balance = 0\.1"):
        open_sets(two_sets, config, replace(options, balance=0.1))


def test_a_list_of_sets_trains_with_every_extra(two_sets: Path, tiny_config: Path, tmp_path: Path) -> None:
    tiny_config.write_text(tiny_config.read_text() + "[training]\ncopy_paste = 1.0\nmax_steps = 2\nlayer_decay = .8\n")
    out = tmp_path / "out"
    assert main([str(tiny_config), str(two_sets), "--out", str(out), "--device", "cpu"]) == 0
    steps = [event for event in read_events(out / "events.jsonl") if event["event"] == "step"]
    assert all(np.isfinite(list(event["losses"].values())).all() for event in steps)
    assert list((out / "tensorboard").iterdir())
    page = (out / "report.html").read_text()
    assert page.count("<svg") >= 8
    assert "<td>person</td>" in page
    assert page.count("data:image/jpeg") == 2 * 3
    assert "full/a" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sets": []}, 'no list "sets"'),
        ({"sets": [{"pth": "full"}]}, 'needs a "path"'),
        ({"sets": [{"path": "full", "weight": 2}]}, "'weight' is unknown"),
        ({"sets": [{"path": "full", "share": 0}]}, "share = 0"),
        ({"sets": [{"path": "full", "annotated": ["rode"]}]}, "no category 'rode'"),
        ({"sets": [{"path": "full", "categories": {"rode": "road"}}]}, "no category 'rode'"),
        ({"sets": [{"path": "full", "categories": ["road"]}]}, "is a mapping"),
        ({"sets": [{"path": "nowhere"}]}, "nowhere"),
        ({"taxonomy": "nowhere.json", "sets": [{"path": "full"}]}, r"nowhere\.json"),
    ],
)
def test_a_wrong_list_is_named(change: object, words: str, two_sets: Path, tiny_config: Path) -> None:
    two_sets.write_text(json.dumps(change))
    with pytest.raises(SeamsegError, match=words):
        open_sets(two_sets, *load_training_config(tiny_config))
    two_sets.write_text("{")
    with pytest.raises(SeamsegError, match="is no list of datasets"):
        open_sets(two_sets, *load_training_config(tiny_config))


def test_images_of_rare_categories_come_more_often(make_sample: MakeSample) -> None:
    samples = [make_sample(things=0, name=str(i)) for i in range(15)] + [make_sample(things=1, name="rare")]
    chosen = Counter(repeat_rare(MemorySource(samples), 4, 0.5))
    assert all(chosen[i] == 1 for i in range(15))
    assert chosen[15] == 3  # the root of 0.5 / (1 / 16)
    assert Counter(repeat_rare(MemorySource(samples), 4, 1e-6)) == Counter(range(16))


@pytest.mark.parametrize("case", ["only void", "one category", "tiny thing", "no things in the taxonomy"])
def test_unusual_images_train(
    case: str, tiny_config: Path, make_sample: MakeSample, write_dataset: WriteDataset, taxonomy: Taxonomy,
    tmp_path: Path,
) -> None:  # fmt: skip
    sample = make_sample(things=1)
    if case == "only void":
        sample = replace(sample, ids=np.zeros_like(sample.ids))
    elif case == "tiny thing":
        ids = np.where(sample.ids == 3, 1, sample.ids).astype(np.int32)
        ids[10, 10] = 3  # gone when the image is scaled down
        sample = replace(sample, ids=ids)
    elif case == "no things in the taxonomy":
        taxonomy = Taxonomy("stuff", taxonomy.categories[:2])
        sample = make_sample(things=0)
    elif case == "one category":
        taxonomy = Taxonomy("one", taxonomy.categories[:1])
        sample = replace(make_sample(things=0), ids=np.ones_like(sample.ids), categories=np.array([255, 0, 0]))
    write_dataset(tmp_path / "data", [replace(sample, name=name) for name in "ab"], taxonomy)
    tiny_config.write_text(tiny_config.read_text() + "[training]\nmax_steps = 2\ntensorboard = no\n")
    out = tmp_path / "out"
    assert main([str(tiny_config), str(tmp_path / "data"), "--out", str(out), "--device", "cpu"]) == 0
    assert read_events(out / "events.jsonl")[-1]["event"] == "done"


@pytest.mark.parametrize("workers", [0, 1])
def test_labels_that_do_not_fit_their_description_are_named(
    workers: int, tiny_config: Path, make_sample: MakeSample, write_dataset: WriteDataset, taxonomy: Taxonomy,
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    write_dataset(tmp_path / "data", [make_sample(name=name) for name in "ab"], taxonomy)
    write_dataset(tmp_path / "other", [make_sample(32, 48, name=name, things=0) for name in "ab"], taxonomy)
    mask = tmp_path / "data" / "msk" / "b.png"
    tiny_config.write_text(tiny_config.read_text().replace("num_workers = 0", f"num_workers = {workers}"))
    mask.write_bytes((tmp_path / "other" / "msk" / "b.png").read_bytes())
    arguments = [str(tiny_config), str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--device", "cpu"]
    assert main(arguments) != 0
    message = capsys.readouterr().err
    assert "b.png" in message
    assert len(message.strip().splitlines()) == 1
    assert "Traceback" not in read_events(tmp_path / "out" / "events.jsonl")[-1]["message"]
    assert "Traceback" not in message
