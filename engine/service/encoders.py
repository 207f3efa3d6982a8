"""Encoding labels in processes of their own, for devices that are faster than one process can write.

Threads of one process share Python's lock. A GPU that labels a hundred images a second is launched by one of them, and
waits whenever another one is encoding. Here each image is encoded in another process, as for a cluster (`Writer.pack`),
and only finished files come back.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.process import parent_process
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from seamseg_studio.engine.formats.parcel import Parcel
from seamseg_studio.engine.formats.registry import Writer, find_format
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.shared_pixels import Array


class Encoders:
    """Takes labels as a writer does (see `batch.Sink`), from several threads, and has other processes encode them."""

    def __init__(self, writers: Mapping[str, Writer], taxonomy: Taxonomy, num_processes: int) -> None:
        """Starts no process before `start` or the first image.

        Args:
            writers: What takes the files, by format; with the format's usual options.
            taxonomy: What the labels refer to.
            num_processes: How many images are encoded at a time.
        """
        self._writers = dict(writers)
        self._taxonomy = taxonomy
        self._num_processes = num_processes
        self._changing = threading.Lock()
        self._pool = self._new_pool()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, name: str, image_path: Path | None, labels: PanopticResult, *, image: Array | None = None) -> None:
        """Writes the labels of one image in all formats; see `formats.registry.Writer.write`.

        `image` stays here: a format that shows the photograph reads it again, which is less work than to send it.

        Raises:
            EngineError: Processes end while they encode this image, again and again.
            FormatError: A format cannot hold this at all.
            OSError: A file cannot be written.
        """
        del image
        parcels = self._encode(name, image_path, _narrowed(labels))
        for writer, parcel in zip(self._writers.values(), parcels, strict=True):
            writer.accept(Parcel.from_bytes(parcel))

    def start(self, *, wait: bool = False) -> None:
        """Starts the processes, which takes a second, before there is anything to encode."""
        ready = [self._pool.submit(os.getpid) for _ in range(self._num_processes)]
        for future in ready if wait else ():
            future.result()

    def close(self) -> None:
        """Ends the processes."""
        self._pool.shutdown(cancel_futures=True)

    def _encode(self, name: str, image_path: Path | None, labels: PanopticResult) -> list[bytes]:
        for _ in range(2):
            pool = self._pool
            try:
                return pool.submit(_encode, tuple(self._writers), name, image_path, labels).result()
            except BrokenProcessPool:
                self._replace(pool)
        raise EngineError(
            f"{image_path or name}: the processes that write labels end, perhaps for lack of memory; "
            "close other programs, or give fewer with --encoders"
        )

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        """Makes a new pool, unless another thread has done so since."""
        with self._changing:
            if self._pool is broken:
                broken.shutdown()
                self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        # A copy of this process would have its GPU and its threads' locks.
        spawning = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._num_processes, spawning, _begin, (self._taxonomy,))


_taxonomies: list[Taxonomy] = []  # of a process that encodes: one


def _begin(taxonomy: Taxonomy) -> None:
    """Prepares a process."""
    _taxonomies.append(taxonomy)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the process that started this one
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when the one that started it has been killed, which closes no queue."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _encode(formats: Sequence[str], name: str, image_path: Path | None, labels: PanopticResult) -> list[bytes]:
    """Writes one image in each format into a folder of its own; returns the parcels' bytes."""
    labels = replace(labels, ids=labels.ids.astype(np.int32))
    parcels = []
    for format_name in formats:
        try:
            folder = tempfile.TemporaryDirectory(prefix="seamseg-", ignore_cleanup_errors=True)
        except OSError as error:
            raise EngineError(f"no temporary folder can be made ({error.strerror}); make room there") from error
        with folder as path, find_format(format_name).writer(path, _taxonomies[0]) as writer:
            writer.write(name, image_path, labels)
            parcels.append(writer.pack(name).to_bytes())
    return parcels


def _narrowed(labels: PanopticResult) -> PanopticResult:
    """Returns the labels with as few bytes a pixel as their ids need, for the way to another process only."""
    kind = np.min_scalar_type(len(labels.categories) - 1)
    return replace(labels, ids=labels.ids.astype(kind))
