"""Labelling many images: everything is done once, in bounded memory, whatever goes wrong on the way."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_engine
import numpy as np
import pytest
from fake_engine import Command, expected_ids, image_for
from PIL import Image

from seamseg_studio.engine.formats.errors import FormatError, ImageError
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.service import batch
from seamseg_studio.engine.service.batch import ImageReport, label_images
from seamseg_studio.engine.service.protocol import PredictOptions
from seamseg_studio.engine.service.roster import BatchImage
from seamseg_studio.engine.service.runner import Runner


class Memory:
    """A writer that keeps what it gets."""

    def __init__(self) -> None:
        self.results: dict[str, PanopticResult] = {}
        self.losses = Losses()
        self._lock = threading.Lock()

    def write(self, name: str, image_path: Path | None, labels: Any, *, image: Any = None, split: str = "") -> None:
        assert image is not None
        with self._lock:
            assert name not in self.results
            self.results[name] = labels

    def done_names(self) -> frozenset[str]:
        return frozenset(self.results)

    def close(self) -> None:
        pass

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _runner() -> Runner:
    runner = Runner(fake_engine.load, "cpu", "auto")
    runner.load(None, print)
    return runner


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., BatchImage]:
    """Saves an image that commands the fake model."""

    def save_image(name: str, command: Command = Command.LABEL, **options: Any) -> BatchImage:
        path = tmp_path / f"{name}.png"
        Image.fromarray(image_for(command, **options)).save(path)
        return BatchImage(name, path)

    return save_image


@pytest.mark.parametrize(("num_runners", "num_workers"), [(1, 1), (1, 3), (2, 2)])
def test_every_image_is_labelled_once(save: Callable[..., BatchImage], num_runners: int, num_workers: int) -> None:
    images = [save(f"image-{mark}", mark=mark) for mark in range(30)]
    writer, other = Memory(), Memory()
    reports: list[ImageReport] = []
    summary = label_images(
        images,
        [_runner() for _ in range(num_runners)],
        [writer, other],
        PredictOptions(),
        num_workers=num_workers,
        on_report=reports.append,
    )
    assert (summary.num_done, summary.failures, summary.is_cancelled) == (30, (), False)
    assert sorted(report.image.name for report in reports) == sorted(image.name for image in images)
    for mark, image in enumerate(images):
        for results in (writer.results, other.results):
            np.testing.assert_array_equal(results[image.name].ids, expected_ids(image_for(Command.LABEL, mark=mark)))
    report = next(report for report in reports if report.image.name == "image-7")
    assert (report.height, report.width, report.num_segments) == (24, 32, 2)


def test_no_images_are_no_trouble() -> None:
    summary = label_images([], [_runner()], [Memory()], PredictOptions())
    assert (summary.num_done, summary.failures, summary.is_cancelled) == (0, (), False)


def test_unreadable_images_in_the_middle_cost_nothing_else(save: Callable[..., BatchImage], tmp_path: Path) -> None:
    images = [save(f"image-{number}") for number in range(6)]
    images[1].path.write_bytes(b"")
    images[2].path.write_text("no image")
    images[3].path.write_bytes(images[3].path.read_bytes()[:45])
    images[4].path.unlink()
    writer = Memory()
    summary = label_images(images, [_runner()], [writer], PredictOptions())
    assert sorted(writer.results) == ["image-0", "image-5"]
    assert {report.image.name for report in summary.failures} == {f"image-{number}" for number in (1, 2, 3, 4)}
    assert all(str(report.image.path) in report.error for report in summary.failures)
    assert not any(report.is_unexpected for report in summary.failures)


def test_an_image_the_network_fails_on_costs_nothing_else(save: Callable[..., BatchImage]) -> None:
    images = [save("a"), save("b", Command.RAISE), save("c", Command.OUT_OF_MEMORY_ALWAYS), save("d")]
    messages: list[str] = []
    writer = Memory()
    summary = label_images(images, [_runner()], [writer], PredictOptions(), on_message=messages.append)
    assert sorted(writer.results) == ["a", "d"]
    assert {(report.image.name, report.is_unexpected) for report in summary.failures} == {("b", True), ("c", False)}
    assert messages[0] == "c.png: not enough memory on cpu: labelling it in 2 x 2 tiles"


def test_labels_that_a_format_cannot_hold_cost_nothing_else(save: Callable[..., BatchImage]) -> None:
    class Picky(Memory):
        def write(self, name: str, *args: Any, **options: Any) -> None:
            if name == "b":
                raise FormatError("b: cannot be written in this format")
            super().write(name, *args, **options)

    writer = Picky()
    summary = label_images([save("a"), save("b"), save("c")], [_runner()], [writer], PredictOptions())
    assert sorted(writer.results) == ["a", "c"]
    assert [report.error for report in summary.failures] == ["b: cannot be written in this format"]


def test_a_full_disk_ends_the_run(save: Callable[..., BatchImage]) -> None:
    class Full(Memory):
        def write(self, name: str, *args: Any, **options: Any) -> None:
            if len(self.results) == 3:
                raise OSError(errno.ENOSPC, "No space left on device", f"/out/{name}.png")
            super().write(name, *args, **options)

    writer = Full()
    reports: list[ImageReport] = []
    images = [save(f"image-{number}") for number in range(20)]
    with pytest.raises(OSError, match="No space left"):
        label_images(images, [_runner()], [writer], PredictOptions(), num_workers=1, on_report=reports.append)
    assert {report.image.name for report in reports} == set(writer.results)
    assert not any(report.error for report in reports)


def _refusing(refused: Callable[[str], bool], code: int) -> Memory:
    class Refusing(Memory):
        def write(self, name: str, *args: Any, **options: Any) -> None:
            if refused(name):
                raise OSError(code, os.strerror(code), f"/out/{name}.png")
            super().write(name, *args, **options)

    return Refusing()


@pytest.mark.parametrize("code", [errno.ENAMETOOLONG, errno.EISDIR, errno.EACCES, errno.ENOENT])
def test_an_image_whose_own_files_cannot_be_written_costs_nothing_else(
    save: Callable[..., BatchImage], code: int
) -> None:
    images = [save(f"image-{number}") for number in range(12)]
    writer = _refusing(lambda name: name in ("image-2", "image-3", "image-9"), code)
    summary = label_images(images, [_runner()], [writer], PredictOptions(), num_workers=1)
    assert (summary.num_done, summary.is_cancelled) == (9, False)
    assert {report.image.name for report in summary.failures} == {"image-2", "image-3", "image-9"}
    first = min(summary.failures, key=lambda report: report.image.name)
    assert first.error == (
        f"{images[2].path}: its labels could not be written (/out/image-2.png: {os.strerror(code)}); "
        "look at that file and run again with --resume"
    )


def test_a_folder_that_takes_no_image_at_all_ends_the_run(save: Callable[..., BatchImage]) -> None:
    images = [save(f"image-{number}", time_s=0.01) for number in range(40)]
    writer = _refusing(lambda name: int(name[6:]) > 7, errno.EACCES)
    reports: list[ImageReport] = []
    with pytest.raises(PermissionError):
        label_images(images, [_runner()], [writer], PredictOptions(), num_workers=1, on_report=reports.append)
    assert len(writer.results) == 8
    assert sum(bool(report.error) for report in reports) == 4


def test_an_image_that_vanishes_or_is_replaced_while_it_waits_costs_nothing_else(
    save: Callable[..., BatchImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [save(f"image-{number}") for number in range(4)]
    read = batch.read_image

    def meddle(path: Path) -> Any:
        if path == images[1].path:
            path.unlink()  # after its header was read
        if path == images[2].path:
            path.unlink()
            path.mkdir()
        return read(path)

    monkeypatch.setattr(batch, "read_image", meddle)
    summary = label_images(images, [_runner()], [Memory()], PredictOptions())
    errors = {report.image.name: report.error for report in summary.failures}
    assert (summary.num_done, sorted(errors)) == (2, ["image-1", "image-2"])
    assert all(str(image.path) in errors[image.name] for image in images[1:3])
    assert not any(report.is_unexpected for report in summary.failures)


def test_cancelling_writes_what_is_predicted_and_drops_the_rest(save: Callable[..., BatchImage]) -> None:
    images = [save(f"image-{number}", time_s=0.05) for number in range(20)]
    cancel = threading.Event()
    writer = Memory()
    reports: list[ImageReport] = []

    def on_report(report: ImageReport) -> None:
        reports.append(report)
        if len(reports) == 3:
            cancel.set()

    summary = label_images(images, [_runner()], [writer], PredictOptions(), cancel=cancel, on_report=on_report)
    assert summary.is_cancelled
    assert {report.image.name for report in reports} == set(writer.results)
    assert 3 <= summary.num_done < 8


def test_a_callback_that_fails_ends_the_run_and_all_threads(save: Callable[..., BatchImage]) -> None:
    def fail(report: ImageReport) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        label_images([save(f"image-{n}") for n in range(9)], [_runner()], [Memory()], PredictOptions(), on_report=fail)


def test_what_is_on_the_way_is_bounded(save: Callable[..., BatchImage], monkeypatch: pytest.MonkeyPatch) -> None:
    images = [save(f"image-{number}", size=(20, 10 + number)) for number in range(30)]
    images.insert(4, save("huge", size=(100, 100)))
    lock = threading.Lock()
    now: set[Path] = set()
    most = {"images": 0, "pixels": 0}
    sizes = {image.path: int(np.prod(Image.open(image.path).size)) for image in images}
    together: list[set[Path]] = []
    read = batch.read_image

    def watch(path: Path) -> Any:
        with lock:
            now.add(path)
            together.append(set(now))
            most["images"] = max(most["images"], len(now))
            if len(now) > 1:
                most["pixels"] = max(most["pixels"], sum(sizes[each] for each in now))
        return read(path)

    monkeypatch.setattr(batch, "read_image", watch)

    class Slow(Memory):
        def write(self, name: str, image_path: Path | None, *args: Any, **options: Any) -> None:
            super().write(name, image_path, *args, **options)
            with lock:
                assert image_path is not None
                now.remove(image_path)

    summary = label_images(images, [_runner()], [Slow()], PredictOptions(), num_workers=3, max_pixels_in_flight=2000)
    assert summary.num_done == 31
    assert most["pixels"] <= 2000
    assert 1 < most["images"] <= 8
    assert all(group == {images[4].path} for group in together if images[4].path in group)


def test_what_may_pass_is_tried_twice_and_no_more(
    save: Callable[..., BatchImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [save("once"), save("always"), save("gone")]
    images[2].path.unlink()
    tries: list[str] = []
    read = batch.read_image

    def shaky(path: Path) -> Any:
        tries.append(path.stem)
        if path.stem == "always" or (path.stem == "once" and tries.count("once") == 1):
            raise ImageError(f"{path}: the disk does not answer") from OSError(errno.EIO, "input/output error")
        return read(path)

    monkeypatch.setattr(batch, "read_image", shaky)
    summary = label_images(images, [_runner()], [Memory()], PredictOptions(), num_workers=1)
    assert summary.num_done == 1
    assert sorted(report.image.name for report in summary.failures) == ["always", "gone"]
    assert sorted(tries) == ["always", "always", "once", "once"]


def test_without_runners_or_workers_nothing_can_be_done() -> None:
    with pytest.raises(ValueError, match="at least one runner"):
        label_images([], [], [Memory()], PredictOptions())
    with pytest.raises(ValueError, match="one worker"):
        label_images([], [_runner()], [Memory()], PredictOptions(), num_workers=0)


@pytest.mark.parametrize("num_ids", [1, 2, 256, 65536, 65537])
def test_segments_without_pixels_are_not_counted(num_ids: int) -> None:
    ids = np.random.default_rng(num_ids).integers(0, num_ids, (20, 30)).astype(np.int32)
    ids[0, 0], ids[0, 1] = 0, num_ids - 1
    nothing = np.zeros(num_ids)
    result = PanopticResult(ids, nothing.astype(np.int64), nothing.astype(np.float32), nothing.astype(bool))
    assert batch._count_shown(result) == len(set(ids.ravel().tolist()) - {0})
