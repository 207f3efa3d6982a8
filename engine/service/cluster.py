"""Labelling many images on a Ray cluster: the work of `batch.label_images` as a Ray Data job.

This machine gives out names of images in small blocks; workers (one a GPU, or one a machine) read, label and encode
them as a local run does and send finished files back; this machine puts them into the folder and into its log. So one
log decides what is done, whatever happens to workers: an image counts once its files are here, and an answer that
comes twice is dropped.

Workers that die are not restarted in place: a worker that waits for a machine that is gone would hold its images for
ever. What they had in work is given out again, first image by image, then one image at a time, so that one that kills
its worker takes no others with it: what dies alone, too, is reported as failed.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.formats.registry import Writer
from seamseg_studio.engine.service.batch import BatchSummary, ImageReport
from seamseg_studio.engine.service.cluster_worker import ANSWER, NAME, PATH, Answer, ClusterTask, Labeller
from seamseg_studio.engine.service.disk import DiskWatch, sentence_of
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.roster import BatchImage

_BLOCK_SIZE = 16
_KNOCK_S = 10.0
_ADVICE = "start one with: ray start --head --port=6379"
_FEW_IMAGES = 4
_MAX_IDLE_ROUNDS = 3  # that bring no answer at all


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a cluster has.

    Attributes:
        num_machines: Those that can work.
        num_gpus: On all of them.
    """

    num_machines: int
    num_gpus: int


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """Connects to a cluster while the block runs.

    Args:
        address: "auto" for the one running on this machine, or else one of this machine alone; "host:port" or
            "ray://host:port".

    Raises:
        InputError: Ray is not installed, or nobody answers.
    """
    # Read at the first import: nothing is told to Ray's makers, and standard output stays free of Ray's own news.
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": ".*"}
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise InputError(
            f"--cluster needs Ray ({error}); install it with: pip install 'seamseg-studio[cluster]'"
        ) from error
    _knock(address)
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if ray.is_initialized():
        ray.shutdown()  # what a block that failed has left
    try:
        try:
            ray.init(address=address, **settings)
        except ConnectionError:
            if address != "auto":
                raise
            ray.init(address="local", include_dashboard=False, **settings)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [""])[0].rstrip(".")
        raise InputError(f"{address}: no Ray cluster answers there ({reason}); {_ADVICE}") from error
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # dead workers are no news to us
    ray.data.DataContext.get_current().enable_progress_bars = False
    is_done = False
    try:
        nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call, unused-ignore]
        machines = [node["Resources"] for node in nodes if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        yield Cluster(len(machines), int(sum(resources.get("GPU", 0) for resources in machines)))
        is_done = True
    finally:
        # Threads of a job that failed may still be at work, and Ray ends a process in which one works without a
        # connection, before anybody could say what is wrong. It disconnects by itself when the program ends.
        if is_done:
            ray.shutdown()


def _knock(address: str) -> None:
    """Raises InputError if nobody listens at an address; Ray itself would try for minutes, and say so many times."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S).close()
    except (OSError, OverflowError) as error:
        raise InputError(f"{address}: no Ray cluster answers there ({error}); {_ADVICE}") from error


def label_on_cluster(
    images: Sequence[BatchImage],
    writers: Mapping[str, Writer],
    task: ClusterTask,
    *,
    num_workers: int,
    cancel: threading.Event,
    on_report: Callable[[ImageReport], None],
    on_message: Callable[[str], None],
) -> BatchSummary:
    """Labels images on the cluster that this process is connected to.

    Args:
        images: What to label; their paths lead to the same files on all machines.
        writers: By format; they get everything.
        task: What the workers do.
        num_workers: How many there may be at most.
        cancel: Ends the run early when set; what arrives no more is dropped.
        on_report: Told of every image as its labels are written, on the calling thread.
        on_message: Told of unusual things on the way, on the calling thread.

    Raises:
        EngineError: The workers cannot label anything, or the cluster does not work.
        OSError: The disk takes no more labels; those of the images reported as done are on it.
    """
    run = _Run(images, replace(task, formats=tuple(writers)), list(writers.values()), num_workers, cancel)
    return run.run(on_report, on_message)


class _Run:
    """The state of one call of label_on_cluster."""

    def __init__(
        self,
        images: Sequence[BatchImage],
        task: ClusterTask,
        writers: Sequence[Writer],
        num_workers: int,
        cancel: threading.Event,
    ) -> None:
        self._left = {image.name: image for image in images}
        self._task = task
        self._writers = writers
        self._num_workers = num_workers
        self._cancel = cancel
        self._disk = DiskWatch()
        self._num_done = 0
        self._failed: list[ImageReport] = []

    def run(self, on_report: Callable[[ImageReport], None], on_message: Callable[[str], None]) -> BatchSummary:
        start = time.monotonic()
        num_idle, block_size = 0, _block_size(len(self._left), self._num_workers)
        while self._left and not self._cancel.is_set():
            num_given = len(self._left)
            trouble = self._run_round(list(self._left.values()), block_size, on_report, on_message)
            if not self._left or self._cancel.is_set():
                break
            num_idle = 0 if len(self._left) < num_given else num_idle + 1
            if trouble:
                if num_idle == _MAX_IDLE_ROUNDS:
                    raise EngineError(
                        f"the cluster does not work ({trouble}); look at its machines and run again with --resume"
                    )
                on_message(f"the cluster reports an error ({trouble}): going on with what is left")
                continue
            num_left = len(self._left)
            on_message(f"workers of the cluster died: giving out again what they had in work ({num_left} images)")
            if block_size == 1 and (num_left <= _FEW_IMAGES or num_left > num_given // 2):
                self._run_alone(on_report, on_message)
            block_size = 1
        return BatchSummary(self._num_done, tuple(self._failed), time.monotonic() - start, bool(self._left))

    def _run_alone(self, on_report: Callable[[ImageReport], None], on_message: Callable[[str], None]) -> None:
        """Gives out one image at a time; those that their worker dies of even so have failed."""
        for image in list(self._left.values()):
            if self._cancel.is_set():
                return
            trouble = self._run_round([image], 1, on_report, on_message)
            if image.name in self._left and not self._cancel.is_set() and not trouble:
                del self._left[image.name]
                sentence = "the worker died each time it was labelled; leave it out or use another device"
                report = ImageReport(image, f"{image.path}: {sentence}", is_unexpected=True)
                self._failed.append(report)
                on_report(report)

    def _run_round(
        self,
        images: Sequence[BatchImage],
        block_size: int,
        on_report: Callable[[ImageReport], None],
        on_message: Callable[[str], None],
    ) -> str:
        """Gives out images; returns a sentence if the cluster stopped before all blocks were tried."""
        from ray.exceptions import RayError

        rows = self._answers(images, block_size)
        try:
            for row in rows:
                self._take(row[NAME], Answer.from_bytes(row[ANSWER]), on_report, on_message)
                if self._cancel.is_set():
                    break
        except RayError as error:
            return (str(error).splitlines() or [type(error).__name__])[0]
        finally:
            rows.close()
        return ""

    def _answers(self, images: Sequence[BatchImage], block_size: int) -> Generator[dict[str, Any], None, None]:
        """Runs the Ray Data job."""
        import ray.data
        from ray.util.annotations import RayDeprecationWarning

        context = ray.data.DataContext.get_current()
        context.max_errored_blocks = -1  # of workers that died; their images stay in `_left`
        items = [{NAME: image.name, PATH: os.fsencode(os.path.abspath(image.path))} for image in images]
        num_blocks = -(-len(items) // block_size)
        is_gpu = self._task.device != "cpu"
        # On a GPU two blocks are in work, so that reading and encoding of one hide behind the network of the other.
        pool = ray.data.ActorPoolStrategy(
            min_size=1,
            max_size=min(self._num_workers, num_blocks),
            initial_size=min(self._num_workers, num_blocks),
            max_tasks_in_flight_per_actor=1 if block_size == 1 else 2,
            enable_true_multi_threading=True,
        )
        with warnings.catch_warnings():
            # The last two have no other way in, and this one is closed from Ray 2.64 on (see pyproject.toml).
            warnings.simplefilter("ignore", RayDeprecationWarning)
            labelled = ray.data.from_items(items, override_num_blocks=num_blocks).map_batches(
                Labeller,
                fn_constructor_args=(self._task,),
                batch_size=block_size,
                compute=pool,
                num_cpus=1,
                num_gpus=1 if is_gpu else 0,
                max_restarts=0,
                max_concurrency=2 if is_gpu and block_size > 1 else 1,
            )
        yield from labelled.iter_rows()

    def _take(
        self,
        name: str,
        answer: Answer,
        on_report: Callable[[ImageReport], None],
        on_message: Callable[[str], None],
    ) -> None:
        """Writes what came of an image, unless that has been done."""
        if answer.refusal:
            raise EngineError(answer.refusal)
        image = self._left.get(name)
        if image is None:
            return
        for message in answer.messages:
            on_message(message)
        report = answer.report_of(image)
        try:
            for writer, parcel in zip(self._writers, answer.unpacked(), strict=False):
                writer.accept(parcel)
            if not report.error:
                self._disk.note_success()
        except OSError as error:
            if self._disk.is_broken(error):
                raise
            report = ImageReport(image, sentence_of(error, image.path), place=report.place)
        del self._left[name]
        if report.error:
            self._failed.append(report)
        else:
            self._num_done += 1
        on_report(report)


def _block_size(num_images: int, num_workers: int) -> int:
    """Small enough that every worker gets several blocks, and the last ones end together."""
    return max(1, min(_BLOCK_SIZE, num_images // (4 * max(num_workers, 1))))
