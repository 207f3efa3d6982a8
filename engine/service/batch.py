"""Labelling many images in this process: reading, predicting and writing at the same time, in bounded memory.

Three groups of threads hand images on: readers decode, predictors (one or more for each device) run the network,
writers encode. Decoding, the network and encoding all release Python's lock, so on a CPU threads are enough, and no
pixel is copied between processes; for a GPU the writers have other processes encode (see `encoders`). Memory is bounded
twice: by the number of images and by the number of pixels between the start of reading and the end of writing.

One image that cannot be read or labelled, nor at a second try, is reported and costs nothing else; so is one whose own
files cannot be written. A disk that cannot be written to ends the run (see `disk`). When a run is cancelled, what has
been predicted is still written; images in reading or at the network are dropped.
"""

from __future__ import annotations

import errno
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import cv2
import numpy as np

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.formats.image_file import read_image
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.service.buckets import in_buckets
from seamseg_studio.engine.service.disk import DiskWatch, sentence_of
from seamseg_studio.engine.service.protocol import PredictOptions
from seamseg_studio.engine.service.roster import BatchImage
from seamseg_studio.engine.service.runner import CancelRequested, Runner
from seamseg_studio.engine.service.shared_pixels import Array

_Value = TypeVar("_Value")

# About 20 bytes a pixel are in use for an image on its way: 2.5 GB.
_MAX_PIXELS_IN_FLIGHT = 2**27


@dataclass(frozen=True, slots=True)
class ImageReport:
    """What became of one image.

    Attributes:
        image: Which.
        error: A sentence saying why it has no labels; empty if it has.
        is_unexpected: Whether the error is one of the program, not of the image.
        height: Rows of its labels.
        width: Columns.
        num_segments: Segments found.
        predict_ms: Time in the network and the fusion.
        place: Where in a cluster it was labelled; empty for this machine.
    """

    image: BatchImage
    error: str = ""
    is_unexpected: bool = False
    height: int = 0
    width: int = 0
    num_segments: int = 0
    predict_ms: float = 0.0
    place: str = ""


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What became of all of them; `failures` are the reports of those that failed."""

    num_done: int
    failures: tuple[ImageReport, ...]
    seconds: float
    is_cancelled: bool


class Sink(Protocol):
    """Takes labels, from several threads; all writers of `engine.formats` do."""

    def write(self, name: str, image_path: Path | None, labels: PanopticResult, *, image: Array | None = None) -> None:
        """Writes the labels of one image; see `formats.registry.Writer.write`."""


@dataclass(slots=True)
class _Item:
    """An image on its way."""

    image: BatchImage
    num_pixels: int = 0
    pixels: Array | None = None
    result: PanopticResult | None = None
    error: BaseException | None = None
    predict_ms: float = 0.0


@dataclass(slots=True)
class _Budget:
    """How much may be on its way; images enter in order, and one larger than the whole budget enters alone."""

    max_images: int
    max_pixels: int
    num_images: int = 0
    num_pixels: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def enter(self, num_pixels: int) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self._has_room(num_pixels))
            self.num_images += 1
            self.num_pixels += num_pixels

    def leave(self, num_pixels: int) -> None:
        with self.changed:
            self.num_images -= 1
            self.num_pixels -= num_pixels
            self.changed.notify_all()

    def _has_room(self, num_pixels: int) -> bool:
        if not self.num_images:
            return True
        return self.num_images < self.max_images and self.num_pixels + num_pixels <= self.max_pixels


def label_images(
    images: Sequence[BatchImage],
    runners: Sequence[Runner],
    writers: Sequence[Sink],
    options: PredictOptions,
    *,
    num_workers: int = 2,
    cancel: threading.Event | None = None,
    on_report: Callable[[ImageReport], None] | None = None,
    on_message: Callable[[str], None] | None = None,
    max_pixels_in_flight: int = _MAX_PIXELS_IN_FLIGHT,
) -> BatchSummary:
    """Labels images and writes their labels; the result does not depend on the numbers of threads.

    Args:
        images: What to label; those of one size come together (see `buckets`).
        runners: Loaded models with the same weights; each gets a thread.
        writers: All get every result.
        options: How to label.
        num_workers: Threads that read, and as many that write.
        cancel: Ends the run early when set, by anybody.
        on_report: Told of every image as it is finished, on the calling thread, in the order of finishing.
        on_message: Told of unusual things on the way (memory, devices), on the calling thread.
        max_pixels_in_flight: See above.

    Raises:
        OSError: The disk takes no more labels; those of the images reported as done are on it.
        ValueError: There are no runners or no workers.
    """
    if not runners or num_workers < 1:
        raise ValueError("labelling needs at least one runner and one worker")
    run = _Run(images, runners, writers, options, num_workers, cancel or threading.Event(), max_pixels_in_flight)
    return run.run(on_report or _ignore, on_message or _ignore)


class _Run:
    """The state of one call of label_images. Every group of threads ends when the one before it has ended."""

    def __init__(
        self,
        images: Sequence[BatchImage],
        runners: Sequence[Runner],
        writers: Sequence[Sink],
        options: PredictOptions,
        num_workers: int,
        cancel: threading.Event,
        max_pixels: int,
    ) -> None:
        self._num_images = len(images)
        self._runners = runners
        self._writers = writers
        self._options = options
        self._num_workers = num_workers
        self._cancel = cancel
        self._budget = _Budget(2 * num_workers + 2 * len(runners), max_pixels)
        self._entering = threading.Lock()
        self._waiting = in_buckets(images)
        self._read: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._predicted: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[ImageReport | str | None] = queue.SimpleQueue()  # to the calling thread
        self._disk = DiskWatch()
        self._disk_error: OSError | None = None

    def run(self, on_report: Callable[[ImageReport], None], on_message: Callable[[str], None]) -> BatchSummary:
        start = time.monotonic()
        num_runners, num_workers = len(self._runners), self._num_workers
        readers = [self._read_images] * num_workers
        predictors = [partial(self._predict_images, runner) for runner in self._runners]
        writers = [self._write_images] * num_workers
        threads = [
            *_start_group("label-read", readers, lambda: _put_ends(self._read, num_runners)),
            *_start_group("label-predict", predictors, lambda: _put_ends(self._predicted, num_workers)),
            *_start_group("label-write", writers, lambda: self._events.put(None)),
        ]
        num_done, failed = 0, []
        try:
            while (event := self._events.get()) is not None:
                if isinstance(event, str):
                    on_message(event)
                    continue
                on_report(event)
                if event.error:
                    failed.append(event)
                else:
                    num_done += 1
        except BaseException:
            self._cancel.set()  # a callback failed, or the person insists with another Ctrl-C
            raise
        finally:
            for thread in threads:
                thread.join()
        if self._disk_error is not None:
            raise self._disk_error
        is_cancelled = num_done + len(failed) < self._num_images
        return BatchSummary(num_done, tuple(failed), time.monotonic() - start, is_cancelled)

    def _read_images(self) -> None:
        while (item := self._enter_next()) is not None:
            try:
                if item.error is None:
                    item.pixels = _twice(lambda path=item.image.path: read_image(path), _may_pass)  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 - reported with the image
                item.error = error
            self._read.put(item)

    def _enter_next(self) -> _Item | None:
        with self._entering:
            entry = None if self._cancel.is_set() else next(self._waiting, None)
            if entry is None:
                return None
            item = _Item(entry.image, num_pixels=entry.size[0] * entry.size[1], error=entry.error)
            self._budget.enter(item.num_pixels)
            return item

    def _predict_images(self, runner: Runner) -> None:
        def on_stage(stage: str) -> None:
            if self._cancel.is_set():
                raise CancelRequested

        while (item := self._read.get()) is not None:
            name = item.image.path.name

            def say(sentence: str, name: str = name) -> None:
                self._events.put(f"{name}: {sentence}")

            try:
                on_stage("")
                if item.pixels is not None:
                    start = time.perf_counter()
                    pixels = item.pixels
                    item.result = _twice(
                        lambda pixels=pixels, say=say: runner.predict(pixels, self._options, say, on_stage),  # type: ignore[misc]
                        lambda error: not isinstance(error, SeamsegError),
                    )
                    item.predict_ms = (time.perf_counter() - start) * 1000
            except CancelRequested:
                self._budget.leave(item.num_pixels)
                continue
            except Exception as error:  # noqa: BLE001 - reported with the image
                item.error = error
            self._predicted.put(item)

    def _write_images(self) -> None:
        while (item := self._predicted.get()) is not None:
            try:
                if self._disk_error is None:
                    self._write(item)
                    self._events.put(_report(item))
            except OSError as error:
                if self._disk.is_broken(error):
                    self._disk_error = error
                    self._cancel.set()
                elif self._disk_error is None:
                    item.error = error
                    self._events.put(_report(item))
            except Exception as error:  # noqa: BLE001 - reported with the image
                item.error = error
                self._events.put(_report(item))
            self._budget.leave(item.num_pixels)
            del item  # or its pixels would stay until the next one comes

    def _write(self, item: _Item) -> None:
        if item.result is None:
            return
        for writer in self._writers:
            writer.write(item.image.name, item.image.path, item.result, image=item.pixels)
        self._disk.note_success()


def _twice(do: Callable[[], _Value], may_pass: Callable[[Exception], bool]) -> _Value:
    """Does something, and once more if what went wrong may have passed."""
    try:
        return do()
    except Exception as error:
        if not may_pass(error):
            raise
    return do()


def _may_pass(error: Exception) -> bool:
    """Whether reading failed for the disk or the network, and not for what the file holds."""
    cause = error if isinstance(error, OSError) else error.__cause__
    return isinstance(cause, OSError) and cause.errno not in (None, errno.ENOENT, errno.EACCES, errno.EISDIR)


def _start_group(
    name: str, targets: Sequence[Callable[[], None]], finish: Callable[[], None]
) -> list[threading.Thread]:
    """Starts a thread for each target; the last one to end calls `finish`."""
    lock = threading.Lock()
    num_left = len(targets)

    def run(target: Callable[[], None]) -> None:
        nonlocal num_left
        try:
            target()
        finally:
            with lock:
                num_left -= 1
                is_last = num_left == 0
            if is_last:
                finish()

    threads = [threading.Thread(target=run, args=(target,), name=f"{name}-{i}") for i, target in enumerate(targets)]
    for thread in threads:
        thread.start()
    return threads


def _put_ends(items: queue.SimpleQueue[_Item | None], num_ends: int) -> None:
    for _ in range(num_ends):
        items.put(None)


def _report(item: _Item) -> ImageReport:
    if item.error is not None or item.result is None:
        error = item.error
        if isinstance(error, SeamsegError):
            return ImageReport(item.image, str(error))
        if isinstance(error, OSError):
            return ImageReport(item.image, sentence_of(error, item.image.path))
        return ImageReport(item.image, f"{item.image.path}: {type(error).__name__}: {error}", is_unexpected=True)
    result = item.result
    return ImageReport(
        item.image,
        height=result.ids.shape[0],
        width=result.ids.shape[1],
        num_segments=_count_shown(result),
        predict_ms=item.predict_ms,
    )


def _count_shown(result: PanopticResult) -> int:
    """Returns how many segments have pixels; unlike NumPy's ways, without Python's lock."""
    num_ids = len(result.categories)
    if num_ids > 2**16:
        return int(np.count_nonzero(np.bincount(result.ids.ravel(), minlength=num_ids)[1:]))
    areas = cv2.calcHist([result.ids.astype(np.uint16)], [0], None, [num_ids], [0, num_ids])
    return int(np.count_nonzero(areas[1:]))


def _ignore(_: object) -> None:
    pass
