"""A client and its engine tormented at random: kills, hangs, cancels, changed priorities, other models.

Used by a short test, and at length by `benchmarks/chaos.py`.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from fake_engine import Command, image_for
from PIL import Image

from seamseg_studio.engine.scene.consequences import CorrectedPart, Statement
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.service.client import EngineClient
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.protocol import BoxPrompt, PredictOptions, Priority

SIZE = (64, 80)
PATIENCE_S = 120.0
_PRIORITIES = (Priority.INTERACTIVE, Priority.BATCH)


@dataclass(slots=True)
class Held:
    """What a process holds of the system.

    Attributes:
        threads: Names of its threads.
        num_files: Open files.
        num_blocks: Blocks of shared pixels mapped or open.
        shared: Files in /dev/shm that no other process has open: what a dead one left, or this one holds.
        children: Processes it started that have not been waited for.
    """

    threads: Counter[str]
    num_files: int
    num_blocks: int
    shared: frozenset[str]
    children: frozenset[int]

    @classmethod
    def now(cls) -> Held:
        """What this process holds now."""
        process = Path("/proc/self")
        held, mapped = set(), set()
        num_files = 0
        for handle in (process / "fd").iterdir():
            with suppress(FileNotFoundError):
                num_files += 1
                if "memfd:seamseg" in str(handle.readlink()):
                    held.add(handle.stat().st_ino)
        for line in (process / "maps").read_text().splitlines():
            if "memfd:seamseg" in line:
                mapped.add(int(line.split()[4]))
        children: set[int] = set()
        for task in (process / "task").iterdir():
            with suppress(OSError):
                children.update(int(pid) for pid in (task / "children").read_text().split())
        shared = _left_in_shared_memory()
        names = Counter(thread.name for thread in threading.enumerate())
        return cls(names, num_files, len(held | mapped), shared, frozenset(children))


@dataclass(slots=True)
class Report:
    """What became of everything.

    Attributes:
        actions: How often each thing was done.
        num_requests: Requests made.
        num_answered: Those answered, each rightly.
        num_cancelled: Those cancelled on request.
        num_blamed: Those that failed with a sentence, for two deaths of the engine while they were worked on.
        num_doubled: Those answered more than once.
        num_lost: Those never answered.
        num_wrong: Those answered with another image's labels.
        seconds: How long it took.
    """

    actions: Counter[str] = field(default_factory=Counter)
    num_requests: int = 0
    num_answered: int = 0
    num_cancelled: int = 0
    num_blamed: int = 0
    num_doubled: int = 0
    num_lost: int = 0
    num_wrong: int = 0
    seconds: float = 0.0


def _left_in_shared_memory() -> frozenset[str]:
    """The files in /dev/shm that are not those of other programs at work on this machine."""
    folder = Path("/dev/shm")
    names = {path.name for path in folder.iterdir() if path.is_file()} if folder.is_dir() else set()
    used: set[str] = set()
    for process in Path("/proc").glob("[0-9]*") if names else ():
        if process.name != str(os.getpid()):
            with suppress(OSError):
                used.update(os.path.basename(os.readlink(handle)) for handle in (process / "fd").iterdir())
                used.update(line.rsplit("/", 1)[-1] for line in (process / "maps").read_text().splitlines())
    return frozenset(name for name in names - used if (folder / name).exists())


class Torment:
    """Does things at random to a client whose engine is `fake_engine`."""

    def __init__(self, client: EngineClient, folder: Path, seed: int) -> None:
        """`folder` gets an image file."""
        self.report = Report()
        self._client = client
        self._chance = random.Random(seed)
        self._requests: list[tuple[Any, Callable[[Any], bool]]] = []
        self._answers: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._file = folder / "photo.png"
        Image.fromarray(image_for(Command.LABEL, mark=77, size=SIZE)).save(self._file)

    def run(self, num_actions: int) -> Report:
        """Does so many things, waits for all answers and counts them."""
        start = time.monotonic()
        actions: list[tuple[Callable[[], None], float]] = [
            *((self._predict, 4.0), (self._predict_file, 1.0), (self._prompt, 1.5), (self._fuse_again, 1.5)),
            (self._fuse_around, 1.5),
            *((self._cancel, 2.5), (self._reprioritise, 1.5), (self._load_model, 0.3), (self._restart, 0.15)),
            *((self._kill, 0.8), (self._stop, 0.1)),
        ]
        steps, weights = zip(*actions, strict=True)
        for number in range(num_actions):
            step = self._chance.choices(steps, weights)[0]
            step()
            self.report.actions[step.__name__.strip("_").replace("_", " ")] += 1
            if number % 20 == 19 and self._requests:
                with suppress(CancelledError):  # lets the engine come to work now and then
                    self._requests[-1][0].future.exception(PATIENCE_S)
        for request, is_right in self._requests:
            self._count(request, is_right)
        self.report.num_requests = len(self._requests)
        self.report.num_doubled = sum(number > 1 for number in self._answers.values())
        self.report.seconds = time.monotonic() - start
        return self.report

    def _count(self, request: Any, is_right: Callable[[Any], bool]) -> None:
        report = self.report
        try:
            error = request.future.exception(PATIENCE_S)
        except CancelledError:
            report.num_cancelled += 1
        except TimeoutError:
            report.num_lost += 1
        else:
            if error is None:
                report.num_answered += 1
                report.num_wrong += not is_right(request.future.result())
            elif isinstance(error, EngineError) and "twice" in str(error):
                report.num_blamed += 1
            else:
                raise error

    def _add(self, request: Any, is_right: Callable[[Any], bool]) -> None:
        def count(_: object) -> None:
            with self._lock:
                self._answers[request.number] += 1

        request.future.add_done_callback(count)
        self._requests.append((request, is_right))

    def _predict(self) -> None:
        mark = self._chance.randrange(1, 200)
        image = image_for(Command.LABEL, time_s=self._chance.choice((0, 0.01, 0.03)), mark=mark, size=SIZE)
        key = str(mark) if self._chance.random() < 0.5 else ""
        request = self._client.predict(image, priority=self._chance.choice(_PRIORITIES), key=key)
        self._add(request, lambda result: int((result.ids == 1).sum()) == mark)

    def _predict_file(self) -> None:
        request = self._client.predict(self._file, priority=self._chance.choice(_PRIORITIES))
        self._add(request, lambda result: int((result.ids == 1).sum()) == 77)

    def _prompt(self) -> None:
        mark = self._chance.randrange(1, 200)
        image = image_for(Command.LABEL, mark=mark, size=SIZE)
        request = self._client.prompt(image, BoxPrompt(2, 3, 9, 9), key=str(mark))
        self._add(request, lambda answer: round(answer.score * 255) == mark)

    def _fuse_again(self) -> None:
        mark = self._chance.randrange(1, 200)
        image = image_for(Command.LABEL, mark=mark, size=SIZE)
        request = self._client.fuse_again(image, PredictOptions(score_threshold=0.25), key=str(mark))
        # From what was kept, or from the pixels.
        self._add(request, lambda result: int((result.ids == 1).sum()) in (mark, 25))

    def _fuse_around(self) -> None:
        mark = self._chance.randrange(1, 200)
        image = image_for(Command.LABEL, mark=mark, size=SIZE)
        said = Statement(np.zeros(SIZE, np.int32), np.zeros(SIZE, bool), {})
        part = CorrectedPart(Box(0, 0, *SIZE), said, said, frozenset(), frozenset())
        request = self._client.fuse_around(image, part, PredictOptions(), key=str(mark))
        self._add(request, lambda found: round(float(found.result.scores[1]) * 255) == mark)

    def _cancel(self) -> None:
        if self._requests:
            self._chance.choice(self._requests[-6:])[0].cancel()

    def _reprioritise(self) -> None:
        if self._requests:
            self._client.set_priority(self._chance.choice(self._requests[-6:])[0], self._chance.choice(_PRIORITIES))

    def _load_model(self) -> None:
        name = self._chance.choice(("fake", "other"))
        self._add(self._client.load_model(name), lambda info: bool(info.name == name))

    def _restart(self) -> None:
        self._client.restart()

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _stop(self) -> None:
        self._signal(signal.SIGSTOP)  # found out by its silence

    def _signal(self, how: signal.Signals) -> None:
        pid = self._client.pid
        if pid is not None:
            with suppress(ProcessLookupError):  # it may just have died
                os.kill(pid, how)
