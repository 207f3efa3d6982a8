"""What is given out again, and what is given up, when workers of a cluster die; the cluster itself is played."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_engine
import pytest
from fake_engine import Command, expected_ids, image_for
from PIL import Image

from seamseg_studio.engine.cli import crew
from seamseg_studio.engine.cli.console import UsageError
from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.service import cluster
from seamseg_studio.engine.service.batch import ImageReport
from seamseg_studio.engine.service.cluster import Cluster, label_on_cluster
from seamseg_studio.engine.service.cluster_worker import ANSWER, NAME, PATH, Answer, ClusterTask, Labeller
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.protocol import PredictOptions
from seamseg_studio.engine.service.roster import BatchImage

exceptions = pytest.importorskip("ray.exceptions", reason="Ray is not installed: pip install 'seamseg-studio[cluster]'")
TASK = ClusterTask("fake_engine:load", None, "", "cpu", "auto", PredictOptions(), ("npz",), 1, 1)
Play = Callable[[Sequence[BatchImage], int], Iterator[dict[str, Any]]]


@pytest.fixture
def images(tmp_path: Path) -> list[BatchImage]:
    """Forty images; how many of their pixels are of segment 1 tells them apart."""
    made = []
    for mark in range(40):
        path = tmp_path / f"{mark}.png"
        Image.fromarray(image_for(Command.LABEL, mark=mark)).save(path)
        made.append(BatchImage(str(mark), path))
    return made


def _answers(images: Sequence[BatchImage]) -> Iterator[dict[str, Any]]:
    block = {NAME: [image.name for image in images], PATH: [str(image.path).encode() for image in images]}
    answered = Labeller(TASK)(block)
    for name, answer in zip(answered[NAME], answered[ANSWER], strict=True):
        yield {NAME: name, ANSWER: answer}


def _run(
    images: Sequence[BatchImage], out: Path, play: Play, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> tuple[Any, list[ImageReport], list[str]]:
    """Labels images on a cluster that `play` plays: what it answers to images in blocks of a size."""
    monkeypatch.setattr(cluster._Run, "_answers", lambda self, images, size: play(images, size))
    reports: list[ImageReport] = []
    messages: list[str] = []
    with FORMATS["npz"].writer(out, fake_engine.TAXONOMY) as writer:
        summary = label_on_cluster(
            images,
            {"npz": writer},
            TASK,
            num_workers=2,
            cancel=options.get("cancel", threading.Event()),
            on_report=options.get("on_report", reports.append),
            on_message=messages.append,
        )
    return summary, reports, messages


def _blocks(images: Sequence[BatchImage], size: int) -> list[Sequence[BatchImage]]:
    return [images[start : start + size] for start in range(0, len(images), size)]


def test_an_image_that_kills_its_worker_takes_no_other_with_it(
    images: list[BatchImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    num_deaths = 0

    def play(given: Sequence[BatchImage], size: int) -> Iterator[dict[str, Any]]:
        nonlocal num_deaths
        is_dead = False
        for block in _blocks(given, size):
            if any(image.name == "7" for image in block):
                num_deaths += 1
                is_dead = True
            elif is_dead:
                is_dead = False  # was waiting at the same worker
            else:
                yield from _answers(block)

    summary, reports, messages = _run(images, tmp_path / "out", play, monkeypatch)
    assert (summary.num_done, summary.is_cancelled) == (39, False)
    assert [report.image.name for report in summary.failures] == ["7"]
    assert "7.png: the worker died each time it was labelled" in summary.failures[0].error
    assert sorted(report.image.name for report in reports) == sorted(image.name for image in images)
    assert num_deaths == 3
    assert messages[0] == "workers of the cluster died: giving out again what they had in work (10 images)"


def test_a_cluster_that_loses_most_of_its_machines_is_not_taken_for_bad_images(
    images: list[BatchImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of what is given out comes back, each time."""

    def play(given: Sequence[BatchImage], size: int) -> Iterator[dict[str, Any]]:
        yield from _answers(given[: -(-len(given) // 2)])

    summary, _, _ = _run(images, tmp_path / "out", play, monkeypatch)
    assert (summary.num_done, summary.failures) == (40, ())


def test_an_answer_that_comes_twice_counts_once(
    images: list[BatchImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def play(given: Sequence[BatchImage], size: int) -> Iterator[dict[str, Any]]:
        yield from _answers(given[:30])
        yield from _answers(given[20:])

    summary, reports, _ = _run(images, tmp_path / "out", play, monkeypatch)
    assert (summary.num_done, len(reports)) == (40, 40)


def test_a_job_that_ends_early_goes_on_and_one_that_never_answers_is_given_up(
    images: list[BatchImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []

    def play(given: Sequence[BatchImage], size: int) -> Iterator[dict[str, Any]]:
        rounds.append(len(given))
        if len(given) > 20:
            yield from _answers(given[:5])
        raise exceptions.ObjectLostError("0" * 56, None, "") if len(given) > 20 else exceptions.RaySystemError("gone")

    with pytest.raises(EngineError, match=r"the cluster does not work \(.*gone.*\); look at its machines"):
        _run(images, tmp_path / "out", play, monkeypatch)
    assert rounds == [40, 35, 30, 25, 20, 20, 20]
    with FORMATS["npz"].writer(tmp_path / "out", fake_engine.TAXONOMY, resume=True) as writer:
        assert len(writer.done_names()) == 20


def test_stopping_drops_what_has_not_arrived(
    images: list[BatchImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel = threading.Event()
    reports: list[ImageReport] = []

    def on_report(report: ImageReport) -> None:
        reports.append(report)
        if len(reports) == 9:
            cancel.set()

    def play(given: Sequence[BatchImage], size: int) -> Iterator[dict[str, Any]]:
        yield from _answers(given)

    summary, _, _ = _run(images, tmp_path / "out", play, monkeypatch, cancel=cancel, on_report=on_report)
    assert (summary.num_done, summary.is_cancelled) == (9, True)


def test_workers_label_as_this_machine_does(images: list[BatchImage], tmp_path: Path) -> None:
    images[3].path.write_bytes(b"no image")
    answers = {row[NAME]: Answer.from_bytes(row[ANSWER]) for row in _answers(images[:5])}
    assert set(answers) == {"0", "1", "2", "3", "4"}
    assert "3.png: not a JPEG" in answers["3"].report["error"]
    assert answers["3"].parcels == ()
    with FORMATS["npz"].writer(tmp_path / "out", fake_engine.TAXONOMY) as writer:
        (parcel,) = answers["4"].unpacked()
        writer.accept(parcel)
        assert writer.done_names() == {"4"}
    assert sorted(path.name for path in (tmp_path / "out" / "npz").iterdir()) == ["4.npz"]
    assert int((expected_ids(image_for(Command.LABEL, mark=4)) == 1).sum()) == 4


def test_a_worker_with_another_model_labels_nothing(
    images: list[BatchImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Labeller(replace(TASK, fingerprint="another"))
    block = {NAME: ["0"], PATH: [str(images[0].path).encode()]}
    refusal = Answer.from_bytes(other(block)[ANSWER][0]).refusal
    assert "the model fake is another one there than here" in refusal

    def play(given: Sequence[BatchImage], size: int) -> Iterator[dict[str, Any]]:
        answered = other({NAME: [image.name for image in given], PATH: [b"" for _ in given]})
        yield {NAME: answered[NAME][0], ANSWER: answered[ANSWER][0]}

    with pytest.raises(EngineError, match="another one there than here"):
        _run(images, tmp_path / "out", play, monkeypatch)


def test_a_temporary_folder_that_is_full_is_said_for_each_image(
    images: list[BatchImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryDirectory", fail)
    reports = [Answer.from_bytes(row[ANSWER]).report for row in _answers(images[:3])]
    assert all("cannot write temporary files (No space left on device)" in report["error"] for report in reports)
    assert len(reports) == 3


def test_gpus_of_a_cluster_are_used_if_there_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Cluster(num_machines=3, num_gpus=0)

    @contextmanager
    def connected(address: str) -> Iterator[Cluster]:
        yield there

    monkeypatch.setattr(cluster, "connected", connected)

    def engage(device: str) -> tuple[str, int]:
        args = argparse.Namespace(
            model=None, device=device, precision="auto", workers=None, encoders=None, cluster="head:1"
        )
        with crew.engaged(args, PredictOptions(), None, "fake_engine:load") as engaged:
            assert isinstance(engaged, crew._Remote)
            return engaged._task.device, engaged._num_workers

    assert engage("auto") == engage("cpu") == ("cpu", 3)
    with pytest.raises(InputError, match="the cluster has no GPU; use --device cpu"):
        engage("cuda")
    there = Cluster(num_machines=3, num_gpus=8)
    assert engage("auto") == engage("cuda") == ("cuda", 8)
    assert engage("cpu") == ("cpu", 3)
    with pytest.raises(UsageError, match="auto, cpu or cuda"):
        engage("cuda:1")
