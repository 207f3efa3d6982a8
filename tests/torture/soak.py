"""Hours of use of a real window: python -m tests.torture.soak --minutes 120 [--fake] [--train-every 10]

Offscreen. Over and over: open a project, go from image to image, let the model label, paint with real mouse events,
undo, redo, accept, label all, export, train, close. Prints, as it goes, how long a stroke and the change of an image
took (p95 of the last cycles) and what the window's process and its engine hold: memory, open files, threads, blocks of
pixels, names in /dev/shm. At the end the last fifth of the time is compared with the first (after a warm-up), and
every step that was painted is looked for in the project on disk. Exits with 1 if a step is missing, something grew, or
strokes take more than 1.2 times of the processor's time that they took at first.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
GUI_TESTS = Path(__file__).resolve().parents[1] / "gui"
sys.path.insert(0, str(GUI_TESTS))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(GUI_TESTS), os.environ.get("PYTHONPATH", "")]))

import numpy as np  # noqa: E402 - the engine's process must find the tests' model
from hand import Hand  # noqa: E402
from PySide6.QtCore import QEventLoop  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from seamseg_studio.app.editing.document import Document  # noqa: E402
from seamseg_studio.app.jobs.export_job import ExportOrder  # noqa: E402
from seamseg_studio.app.main_window import MainWindow  # noqa: E402
from seamseg_studio.app.settings import Settings  # noqa: E402
from seamseg_studio.app.studio import Studio  # noqa: E402
from seamseg_studio.app.words.messages import Level, Message  # noqa: E402
from seamseg_studio.engine.project import Project  # noqa: E402

PATIENCE_S = 300.0
STROKES = 6  # on each image
MOST_GROWTH_MIB = 60.0  # between the first fifth and the last: allocators and caches settle


@dataclass(frozen=True, slots=True)
class Held:
    """What a process and its engine hold of the system."""

    window_mib: float
    engine_mib: float
    files: int
    threads: int
    blocks: int
    shared: int

    @classmethod
    def now(cls, engine: int | None) -> Held:
        """Reads it from the system; Linux."""
        blocks = 0
        for handle in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                blocks += "memfd:seamseg" in os.readlink(handle)
        return cls(
            _resident_mib(os.getpid()),
            _resident_mib(engine) if engine else 0.0,
            len(os.listdir("/proc/self/fd")),
            len(os.listdir("/proc/self/task")),
            blocks,
            sum(_num_shared(pid) for pid in (os.getpid(), engine) if pid),
        )


def _num_shared(pid: int) -> int:
    """How many named pieces of shared memory a process has mapped; other programs have theirs in /dev/shm too."""
    try:
        lines = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 0
    return len({line.split(maxsplit=5)[-1] for line in lines if " /dev/shm/" in line})


def _resident_mib(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Person:
    """Uses a window, and remembers how long everything took and what must be on disk."""

    def __init__(self, studio: Studio, window: MainWindow, folder: Path) -> None:
        self.studio, self.window, self.folder = studio, window, folder
        self.errors: list[str] = []
        self.expected: Counter[int] = Counter()  # steps by image
        self.states: dict[int, str] = {}  # what it looked like when it was left
        self.strokes: list[tuple[float, float, float]] = []  # when, seconds, of these on the processor
        self.switches: list[tuple[float, float]] = []
        self._rng = np.random.default_rng(0)
        studio.session.message_posted.connect(self._on_message)
        self._exported = 0

    def cycle(self, number: int, *, train: bool) -> None:
        """One round of everything."""
        project = self.folder / "photos.seamseg"
        if project.exists():
            self.studio.session.open_project(project)
        else:
            self.studio.session.open_paths([self.folder / "photos"])
        self._wait(lambda: self.studio.session.document is not None and self._is_labelled(), "the first image")
        for _ in range(4):
            self._paint()
            self._step_on()
        self.studio.labelling.label_all(again=True)
        self._wait(lambda: self.studio.labelling.folder_job is None, "all images labelled")
        exported = self._exported
        target = self.folder / "out"
        self.studio.export(ExportOrder("coco-panoptic", target, overwrite=True))
        self._wait(lambda: self._exported > exported, "an export")
        if train:
            self.studio.train(f"better-{number}")
            self._wait(lambda: self.studio.training is None, "a training", patience_s=900)
            shutil.rmtree(project / "models", ignore_errors=True)
        self.studio.session.close_project()
        self._wait(lambda: not self.studio.session.is_closing, "closing")

    def missing_steps(self) -> int:
        """Counts the steps that were painted and are not in the project on disk."""
        with Project.open(self.folder / "photos.seamseg") as project:
            found = {record.id: len(project.history(record.id)) for record in project.images()}
            for image_id, state in self.states.items():
                panoptic_map = project.load_map(image_id)
                panoptic_map.check(project.taxonomy)
                assert hashlib.sha256(panoptic_map.ids.tobytes()).hexdigest() == state, f"image {image_id} is another"
        return sum(max(0, number - found.get(image_id, 0)) for image_id, number in self.expected.items())

    def _on_message(self, message: Message) -> None:
        if message.level is Level.ERROR:
            self.errors.append(f"{message.title}: {message.text}")
        self._exported += message.text.startswith("Images written")

    def _is_labelled(self) -> bool:
        document = self.studio.session.document
        return bool(document and document.map.segments) and not self.studio.labelling.is_labelling_open_image

    def _document(self) -> Document:
        document = self.studio.session.document
        assert document is not None
        return document

    def _paint(self) -> None:
        document = self._document()
        self.window.actions_by_id["tool_brush"].trigger()
        canvas = self.window.canvas
        assert canvas is not None
        hand = Hand(canvas, None)  # type: ignore[arg-type]  # only its settling waits
        height, width = document.map.shape
        for _ in range(STROKES):
            document.set_current_category(int(self._rng.integers(0, len(document.taxonomy))))
            y, x = (int(self._rng.integers(side // 8, 7 * side // 8)) for side in (height, width))
            mark = document.map.mark
            start, used = time.perf_counter(), time.thread_time()
            hand.drag((y, x), (y + 3, min(x + width // 20, width - 1)), (y, min(x + width // 10, width - 1)))
            QApplication.processEvents()
            self.strokes.append((time.monotonic(), time.perf_counter() - start, time.thread_time() - used))
            is_step = document.map.mark != mark
            self.expected[document.record.id] += is_step
            if is_step and self._rng.random() < 0.3:
                self.window.actions_by_id["undo"].trigger()
                QApplication.processEvents()
                self.window.actions_by_id["redo"].trigger()
                QApplication.processEvents()
        self._wait(lambda: self.studio.session.num_unsaved == 0, "saving")
        self.states[document.record.id] = hashlib.sha256(document.map.ids.tobytes()).hexdigest()

    def _step_on(self) -> None:
        former = self._document().record.id
        start = time.perf_counter()
        project = self.studio.session.project
        assert project is not None
        ids = [record.id for record in project.images()]
        self.studio.session.open_image(ids[(ids.index(former) + 1) % len(ids)])
        self._wait(
            lambda: self.studio.session.document is not None and self._document().record.id != former, "the next image"
        )
        self.switches.append((time.monotonic(), time.perf_counter() - start))
        self._wait(self._is_labelled, "its labels")

    def _wait(self, condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited in vain for {what}; errors: {self.errors}")
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
            QTest.qWait(2)


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not pass, in ms."""
    return float(np.percentile(values, 95)) * 1e3 if values else 0.0


def main() -> int:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--cycles", type=int, default=0, help="in place of minutes: so many rounds")
    parser.add_argument("--fake", action="store_true", help="with the tests' model, which answers at once")
    parser.add_argument("--train-every", type=int, default=10, help="cycles from training to training; 0 for none")
    args = parser.parse_args()
    application = QApplication.instance() or QApplication(["soak"])
    assert isinstance(application, QApplication)
    with TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            os.environ[variable] = str(folder / variable)
        shutil.copytree(Path(str(files("seamseg_studio.resources"))) / "samples" / "images", folder / "photos")
        options = {"factory": "gui_fake_engine:load"} if args.fake else {}
        studio = Studio(
            application, Settings(folder / "studio.ini"), device="cpu", trainer_options=("--max-steps", "2"), **options
        )
        window = MainWindow(studio)
        window.resize(1366, 768)
        window.show()
        window.load_canvas()
        studio.engine.start()
        try:
            code = use(Person(studio, window, folder), args)
        finally:
            studio.close()
            window.deleteLater()
            QApplication.processEvents()
    return code


def use(person: Person, args: argparse.Namespace) -> int:
    """Goes round until the time is over; prints the table and the comparison."""
    begin = time.monotonic()
    end = begin + 60 * args.minutes
    held: list[tuple[float, Held]] = []
    num_cycles = 0
    print("min  cycles  stroke p95 ms  switch p95 ms  window MiB  engine MiB  files  threads  blocks  shm", flush=True)
    while (num_cycles < args.cycles) if args.cycles else (time.monotonic() < end):
        trains = bool(args.train_every) and num_cycles % args.train_every == args.train_every - 1
        person.cycle(num_cycles, train=trains)
        num_cycles += 1
        client = person.studio.engine._client
        now = Held.now(None if client is None else client.pid)
        held.append((time.monotonic(), now))
        if num_cycles <= 3 or num_cycles % 10 == 0:
            stroke, switch = p95([s for _, s, _ in person.strokes[-100:]]), p95([s for _, s in person.switches[-40:]])
            print(
                f"{(time.monotonic() - begin) / 60:5.1f}{num_cycles:6}{stroke:14.1f}{switch:15.1f}"
                f"{now.window_mib:12.0f}{now.engine_mib:12.0f}{now.files:7}{now.threads:9}{now.blocks:8}{now.shared:5}",
                flush=True,
            )
    seconds = time.monotonic() - begin
    first, last = (begin + 0.1 * seconds, begin + 0.3 * seconds), (begin + 0.8 * seconds, begin + seconds)

    def within(span: tuple[float, float]) -> dict[str, float]:
        chosen = [entry for entry in person.strokes if span[0] <= entry[0] <= span[1]]
        holdings = [asdict(entry) for when, entry in held if span[0] <= when <= span[1]] or [asdict(held[-1][1])]
        return {
            "stroke_p95_ms": p95([entry[1] for entry in chosen]),
            "stroke_cpu_p95_ms": p95([entry[2] for entry in chosen]),
            "switch_p95_ms": p95([s for when, s in person.switches if span[0] <= when <= span[1]]),
            **{key: float(np.median([entry[key] for entry in holdings])) for key in holdings[0]},
        }

    before, after = within(first), within(last)
    missing = person.missing_steps()
    grew = [
        key
        for key in ("window_mib", "engine_mib", "files", "threads", "blocks", "shared")
        if after[key] > before[key] + (MOST_GROWTH_MIB if key.endswith("mib") else 2)
    ]
    slower = after["stroke_cpu_p95_ms"] > 1.2 * before["stroke_cpu_p95_ms"] if before["stroke_cpu_p95_ms"] else False
    print(f"{'':20}{'first fifth':>14}{'last fifth':>14}{'ratio':>8}")
    for key in before:
        ratio = after[key] / before[key] if before[key] else 1.0
        print(f"{key:20}{before[key]:14.1f}{after[key]:14.1f}{ratio:8.2f}")
    summary = {
        "minutes": round(seconds / 60, 1), "cycles": num_cycles, "strokes": len(person.strokes),
        "switches": len(person.switches), "steps_expected": person.expected.total(), "steps_missing": missing,
        "errors": person.errors[:5], "grew": grew, "slower": slower,
    }  # fmt: skip
    print(json.dumps(summary))
    return int(bool(missing or grew or slower or person.errors))


if __name__ == "__main__":
    sys.exit(main())
