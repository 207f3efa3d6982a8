"""Labels encoded in other processes are what a writer would have written, whoever is killed meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.registry import FORMATS, Writer
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import VOID_CATEGORY, Category, Kind, Taxonomy
from seamseg_studio.engine.service import encoders as encoders_module
from seamseg_studio.engine.service.encoders import Encoders
from seamseg_studio.engine.service.errors import EngineError

TAXONOMY = Taxonomy("two", (Category("road", Kind.STUFF, (9, 9, 9)), Category("car", Kind.THING, (0, 0, 200))))
NAMES = ("coco-panoptic", "npz", "overlay")
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="kills processes")


def result_of(num_segments: int, seed: int = 0) -> PanopticResult:
    """So many small segments, and void."""
    rng = np.random.default_rng(seed)
    ids = (np.arange(48 * 64).reshape(48, 64) % (num_segments + 1)).astype(np.int32)
    categories = np.concatenate([[VOID_CATEGORY], 1 - (np.arange(num_segments) % 2)]).astype(np.int64)
    scores = rng.uniform(0.5, 1.0, num_segments + 1).astype(np.float32)
    return PanopticResult(ids, categories, scores, np.zeros(num_segments + 1, bool))


def photo(folder: Path, name: str) -> Path:
    path = folder / f"{name}.png"
    Image.fromarray(np.random.default_rng(len(name)).integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(path)
    return path


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".log")
    }


def open_writers(stack: ExitStack, folder: Path, names: tuple[str, ...] = NAMES) -> dict[str, Writer]:
    return {name: stack.enter_context(FORMATS[name].writer(folder, TAXONOMY)) for name in names}


def test_files_are_those_of_the_writers(tmp_path: Path) -> None:
    results = {"a": result_of(3), "b": result_of(255, 1), "c": result_of(300, 2), "d": result_of(0, 3)}
    paths = {name: photo(tmp_path, name) for name in results}
    with ExitStack() as stack:
        here = open_writers(stack, tmp_path / "here")
        for name, result in results.items():
            for writer in here.values():
                writer.write(name, paths[name], result)
    with ExitStack() as stack:
        writers = open_writers(stack, tmp_path / "there")
        with Encoders(writers, TAXONOMY, 2) as encoders:
            for name, result in results.items():  # one after the other: the order of the log is that of finishing
                encoders.write(name, paths[name], result, image=np.zeros((48, 64, 3), np.uint8))
    expected, found = content(tmp_path / "here"), content(tmp_path / "there")
    assert len(expected) >= 3 * len(results)
    assert found == expected


def test_many_threads_get_their_own_files(tmp_path: Path) -> None:
    results = {f"image-{i}": result_of(3 + i, i) for i in range(12)}
    with ExitStack() as stack:
        writers = open_writers(stack, tmp_path, ("npz",))
        with Encoders(writers, TAXONOMY, 2) as encoders, ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda item: encoders.write(item[0], None, item[1]), results.items()))
    for name, result in results.items():
        with np.load(tmp_path / "npz" / f"{name}.npz") as arrays:
            np.testing.assert_array_equal(arrays["ids"], result.ids)
            np.testing.assert_array_equal(arrays["score"], result.scores)


def test_what_a_format_cannot_hold_is_said_as_the_writer_says_it(tmp_path: Path) -> None:
    alien = PanopticResult(
        np.ones((4, 4), np.int32), np.array([VOID_CATEGORY, 7]), np.ones(2, np.float32), np.zeros(2, bool)
    )
    with ExitStack() as stack:
        writers = open_writers(stack, tmp_path / "out", ("coco-panoptic",))
        with Encoders(writers, TAXONOMY, 1) as encoders:
            with pytest.raises(FormatError, match="category 7, but the taxonomy 'two' ends with 1"):
                encoders.write("alien", None, alien)
            encoders.write("fine", None, result_of(2))
        assert writers["coco-panoptic"].done_names() == {"fine"}


@posix_only
def test_a_killed_process_costs_no_image(tmp_path: Path) -> None:
    with ExitStack() as stack:
        writers = open_writers(stack, tmp_path, ("npz",))
        with Encoders(writers, TAXONOMY, 1) as encoders:
            for name in "abc":
                encoders.write(name, None, result_of(3))
                (pid,) = encoders._pool._processes
                os.kill(pid, signal.SIGKILL)
        assert writers["npz"].done_names() == {"a", "b", "c"}


def _die(*_: object) -> list[bytes]:
    os.kill(os.getpid(), signal.SIGKILL)
    return []


@posix_only
def test_processes_that_always_end_are_an_error_of_that_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders_module, "_encode", _die)
    with ExitStack() as stack:
        writers = open_writers(stack, tmp_path, ("npz",))
        encoders = stack.enter_context(Encoders(writers, TAXONOMY, 1))
        with pytest.raises(EngineError, match=r"photo\.jpg: the processes that write labels end"):
            encoders.write("a", Path("photo.jpg"), result_of(3))
        assert not writers["npz"].done_names()


_PARENT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import numpy as np
from test_encoders import NAMES, TAXONOMY, FORMATS, Encoders, result_of
if __name__ == "__main__":
    writer = FORMATS["npz"].writer(Path(sys.argv[1]), TAXONOMY)
    encoders = Encoders({"npz": writer}, TAXONOMY, 1)
    encoders.write("a", None, result_of(3))
    print(*encoders._pool._processes, flush=True)
    sys.stdin.read()
"""


@posix_only
def test_no_process_outlives_one_that_was_killed(
    tmp_path: Path, wait_for: Callable[[Callable[[], object]], None]
) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "out"), str(Path(__file__).parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    with parent.stdin, parent.stdout:
        child = int(parent.stdout.readline())
        os.kill(child, 0)  # it lives
        parent.kill()
        parent.wait()
        wait_for(lambda: not Path(f"/proc/{child}").exists())
