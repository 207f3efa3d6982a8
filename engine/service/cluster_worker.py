"""A worker of a cluster: labels blocks of images with a model of its own and sends the labels home as files.

Imports neither Ray nor, before the first image, torch.
"""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.formats.parcel import Parcel
from seamseg_studio.engine.formats.registry import Labels, find_format
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.engine.service.batch import ImageReport, label_images
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.protocol import PredictOptions
from seamseg_studio.engine.service.roster import BatchImage
from seamseg_studio.engine.service.runner import Runner, find_factory
from seamseg_studio.engine.service.shared_pixels import Array

NAME, PATH, ANSWER = "name", "path", "answer"  # columns of what goes to a worker and comes back


@dataclass(frozen=True, slots=True)
class ClusterTask:
    """What every worker of a run does.

    Attributes:
        factory: What loads the model; see `runner`.
        model: The model: a path or a name, found on the worker's machine.
        fingerprint: Of the model as the machine that asks has it.
        device: "cpu" or "cuda"; of several GPUs Ray shows a worker the one that it gave to it.
        precision: As for `load_model`.
        options: How to label.
        formats: Names of the formats to write.
        num_threads: Threads that read, and as many that write.
        num_runners: Images at the device at a time.
    """

    factory: str
    model: str | None
    fingerprint: str
    device: str
    precision: str
    options: PredictOptions
    formats: tuple[str, ...]
    num_threads: int
    num_runners: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one image on a worker.

    Attributes:
        report: Without the image itself.
        parcels: The labels in each format; none if there are no labels.
        messages: What was said on the way.
        refusal: Why this worker cannot label anything; empty if it can.
    """

    report: dict[str, Any]
    parcels: tuple[bytes, ...] = ()
    messages: tuple[str, ...] = ()
    refusal: str = ""

    def to_bytes(self) -> bytes:
        """Packs everything."""
        return bytes(msgpack.packb([self.report, self.parcels, self.messages, self.refusal]))

    @classmethod
    def from_bytes(cls, data: bytes) -> Answer:
        """Unpacks what `to_bytes` packed."""
        report, parcels, messages, refusal = msgpack.unpackb(data)
        return cls(report, tuple(parcels), tuple(messages), refusal)

    def report_of(self, image: BatchImage) -> ImageReport:
        """The report about an image."""
        return ImageReport(image, **self.report)

    def unpacked(self) -> list[Parcel]:
        """The labels in each format."""
        return [Parcel.from_bytes(data) for data in self.parcels]


class Labeller:
    """What Ray makes in a process of its own and calls with blocks of images; may be called from several threads."""

    def __init__(self, task: ClusterTask) -> None:
        """Loads nothing yet: what fails here would be tried again for ever."""
        self._task = task
        self._runner: Runner | None = None
        self._loading = threading.Lock()

    def __call__(self, block: dict[str, Any]) -> dict[str, Any]:
        """Labels the images of a block.

        Args:
            block: Names, and paths as the system's bytes.

        Returns:
            Names and packed answers, one for each image.
        """
        images = [
            BatchImage(str(name), Path(os.fsdecode(path))) for name, path in zip(block[NAME], block[PATH], strict=True)
        ]
        try:
            with self._loading:
                runner = self._runner = self._runner or self._load()
        except SeamsegError as error:
            answers = [Answer({}, refusal=f"{socket.gethostname()}: {error}")] * len(images)
        else:
            answers = self._label(images, runner)
        packed = np.empty(len(images), dtype=object)
        packed[:] = [answer.to_bytes() for answer in answers]
        return {NAME: np.array([image.name for image in images], dtype=object), ANSWER: packed}

    def _load(self) -> Runner:
        task = self._task
        if task.device == "cpu" and task.factory.startswith("seamseg_studio."):
            import torch

            torch.set_num_threads(num_processors())  # Ray asks for as many as it was told that a worker uses
        runner = Runner(find_factory(task.factory), task.device, task.precision)
        model = runner.load(task.model, _ignore)
        if model.fingerprint != task.fingerprint:
            raise EngineError(
                f"the model {model.name} is another one there than here; give all machines the same, "
                "or name one in a folder that they share"
            )
        return runner

    def _label(self, images: Sequence[BatchImage], runner: Runner) -> list[Answer]:
        task = self._task
        taxonomy = runner.model.taxonomy
        packers = [_Packer(name, taxonomy) for name in task.formats]
        reports: dict[str, ImageReport] = {}
        messages: list[str] = []

        def keep(report: ImageReport) -> None:
            reports[report.image.name] = report

        trouble = "was not labelled"
        try:
            label_images(
                images,
                [runner.share() for _ in range(task.num_runners)],
                packers,
                task.options,
                num_workers=task.num_threads,
                on_report=keep,
                on_message=messages.append,
            )
        except OSError as error:
            trouble = f"{socket.gethostname()} cannot write temporary files ({error.strerror}); make room there"
        place = f"{socket.gethostname()} {runner.model.device}"
        answers = []
        for image in images:
            report = reports.get(image.name) or ImageReport(image, f"{image.path}: {trouble}", is_unexpected=True)
            parcels = () if report.error else tuple(packer.parcels[image.name] for packer in packers)
            answers.append(Answer(_plain(replace(report, place=place)), parcels, tuple(messages)))
            messages = []
        return answers


class _Packer:
    """Writes each image into a folder of its own and keeps the files in memory."""

    def __init__(self, format_name: str, taxonomy: Taxonomy) -> None:
        self.parcels: dict[str, bytes] = {}
        self._format = find_format(format_name)
        self._taxonomy = taxonomy

    def write(self, name: str, image_path: Path | None, labels: Labels, *, image: Array | None = None) -> None:
        """See `formats.registry.Writer.write`."""
        with (
            tempfile.TemporaryDirectory(prefix="seamseg-", ignore_cleanup_errors=True) as folder,
            self._format.writer(folder, self._taxonomy) as writer,
        ):
            writer.write(name, image_path, labels, image=image)
            self.parcels[name] = writer.pack(name).to_bytes()


def num_processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _plain(report: ImageReport) -> dict[str, Any]:
    names = ("error", "is_unexpected", "height", "width", "num_segments", "predict_ms", "place")
    return {name: getattr(report, name) for name in names}


def _ignore(_: str) -> None:
    pass
