"""Who labels the images of a run: models in this process, or the workers of a cluster."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

from seamseg_studio.engine.cli.console import UsageError, warn
from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.formats.registry import Writer
from seamseg_studio.engine.service.batch import BatchSummary, ImageReport, Sink, label_images
from seamseg_studio.engine.service.encoders import Encoders
from seamseg_studio.engine.service.protocol import PredictOptions
from seamseg_studio.engine.service.roster import BatchImage
from seamseg_studio.engine.service.runner import Model, Runner, find_factory

OnReport = Callable[[ImageReport], None]
OnMessage = Callable[[str], None]


class Crew(Protocol):
    """Labels images.

    Attributes:
        model: What they label with.
        devices: What they have worked on so far.
    """

    @property
    def model(self) -> Model: ...

    @property
    def devices(self) -> list[str]: ...

    def label(
        self,
        images: Sequence[BatchImage],
        writers: Mapping[str, Writer],
        cancel: threading.Event,
        on_report: OnReport,
        on_message: OnMessage,
    ) -> BatchSummary:
        """Labels images; see `service.batch.label_images`. The writers are by format."""
        ...


@contextmanager
def engaged(args: argparse.Namespace, options: PredictOptions, batch_size: int | None, factory: str) -> Iterator[Crew]:
    """Loads models, or connects to a cluster, for as long as the block runs.

    Args:
        args: The command line: `model`, `device`, `precision`, `workers`, `encoders`, `cluster`.
        options: How to label.
        batch_size: Images at a device at a time; None leaves that to us.
        factory: What loads models.

    Raises:
        UsageError: The command line asks for something that there is not.
        SeamsegError: The model cannot be loaded, or there is no such cluster.
    """
    if args.workers is not None and args.workers < 1:
        raise UsageError("--workers needs at least 1")
    if args.encoders is not None and args.encoders < 0:
        raise UsageError("--encoders is a number of processes, 0 for none")
    if args.cluster is None:
        yield _Local(_load_runners(args, batch_size, factory), options, args.workers or _num_threads(), args.encoders)
        return
    if args.device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device of a cluster is auto, cpu or cuda, not {args.device!r}")
    # Only this machine's copy says what the model is: its taxonomy for the labels, its fingerprint for the workers.
    here = Runner(find_factory(factory), "cpu", "auto")
    here.load(args.model, warn)
    from seamseg_studio.engine.service.cluster import connected

    with connected(_check_address(args.cluster)) as cluster:
        if args.device == "cuda" and not cluster.num_gpus:
            raise InputError("the cluster has no GPU; use --device cpu")
        is_gpu = args.device != "cpu" and cluster.num_gpus > 0
        num_workers = args.workers or (cluster.num_gpus if is_gpu else cluster.num_machines)
        size = batch_size or 1
        yield _Remote(here.model, args, options, factory, "cuda" if is_gpu else "cpu", num_workers, size)


class _Local:
    """Models in this process."""

    def __init__(
        self, runners: Sequence[Runner], options: PredictOptions, num_threads: int, num_encoders: int | None
    ) -> None:
        self._runners = runners
        self._options = options
        self._num_threads = num_threads
        if num_encoders is None:
            num_encoders = num_threads if any(device.startswith("cuda") for device in self.devices) else 0
        # A process is started by the name of this program, which a frozen one does not do for a part of itself.
        self._num_encoders = 0 if getattr(sys, "frozen", False) else num_encoders

    @property
    def model(self) -> Model:
        return self._runners[0].model

    @property
    def devices(self) -> list[str]:
        return list(dict.fromkeys(runner.model.device for runner in self._runners))

    def label(
        self,
        images: Sequence[BatchImage],
        writers: Mapping[str, Writer],
        cancel: threading.Event,
        on_report: OnReport,
        on_message: OnMessage,
    ) -> BatchSummary:
        with ExitStack() as stack:
            sinks: list[Sink] = list(writers.values())
            if self._num_encoders:
                encoders = stack.enter_context(Encoders(writers, self.model.taxonomy, self._num_encoders))
                encoders.start()
                sinks = [encoders]
            return label_images(
                images,
                self._runners,
                sinks,
                self._options,
                num_workers=self._num_threads,
                cancel=cancel,
                on_report=on_report,
                on_message=on_message,
            )


class _Remote:
    """The workers of the cluster that this process is connected to."""

    def __init__(
        self,
        model: Model,
        args: argparse.Namespace,
        options: PredictOptions,
        factory: str,
        device: str,
        num_workers: int,
        num_runners: int,
    ) -> None:
        from seamseg_studio.engine.service.cluster_worker import ClusterTask

        self._model = model
        spec = os.path.abspath(args.model) if args.model and os.path.exists(args.model) else args.model
        self._task = ClusterTask(
            factory, spec, model.fingerprint, device, args.precision, options, (), _num_threads(), num_runners
        )
        self._num_workers = num_workers
        self._places: dict[str, None] = {}

    @property
    def model(self) -> Model:
        return self._model

    @property
    def devices(self) -> list[str]:
        return sorted(self._places)

    def label(
        self,
        images: Sequence[BatchImage],
        writers: Mapping[str, Writer],
        cancel: threading.Event,
        on_report: OnReport,
        on_message: OnMessage,
    ) -> BatchSummary:
        from seamseg_studio.engine.service.cluster import label_on_cluster

        def note(report: ImageReport) -> None:
            if report.place:
                self._places[report.place] = None
            on_report(report)

        return label_on_cluster(
            images,
            writers,
            self._task,
            num_workers=self._num_workers,
            cancel=cancel,
            on_report=note,
            on_message=on_message,
        )


def _load_runners(args: argparse.Namespace, batch_size: int | None, factory: str) -> list[Runner]:
    runners = []
    for device in dict.fromkeys(name.strip() for name in args.device.split(",")):
        runner = Runner(find_factory(factory), device, args.precision)
        runner.load(args.model, warn)
        runners.append(runner)
        size = batch_size or (1 if runner.model.device == "cpu" else 2)
        runners += [runner.share() for _ in range(size - 1)]
    return runners


def _check_address(address: str) -> str:
    """Refuses what is no address: most likely the images were named after --cluster."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if address != "auto" and not (host and port.isdecimal()):
        raise UsageError(f"--cluster {address}: is no HOST:PORT; name the images before --cluster")
    return address


def _num_threads() -> int:
    return min(8, os.cpu_count() or 1)
