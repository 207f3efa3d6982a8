"""Where built libraries are kept: one folder per build, with a manifest that proves it whole, and a lock that dies with
the process that holds it, whatever that one was forked into.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from seamseg_studio.engine.ops import build, build_process
from seamseg_studio.engine.ops.build import BuildError, InterruptedBuildError, Kind, Target, Tools

PREBUILT = Path(__file__).resolve().parent / "prebuilt"
MANIFEST = "build.json"
LOCK_TIMEOUT_S = 900.0
FAILURE_KEPT_S = 24 * 3600.0
INTERRUPTION_KEPT_S = 3600.0
_STALE_S = 2 * 3600.0


@dataclass(frozen=True, slots=True)
class Build:
    """A library on disk that is whole.

    Attributes:
        library: The shared library.
        kind: Whether the GPU ops are in it.
        sha256: Of the library.
        sources: Digest of the sources it was made from.
        cuda: CUDA version of the torch it was made with, or empty.
        capabilities: Compute capabilities of the GPUs it runs on, as "9.0".
        seconds: How long building took.
    """

    library: Path
    kind: Kind
    sha256: str
    sources: str
    cuda: str
    capabilities: tuple[str, ...]
    seconds: float


def cache_folder() -> Path:
    """Returns the folder of all builds: SEAMSEG_OPS_CACHE, else below the user's cache folder."""
    chosen = os.environ.get("SEAMSEG_OPS_CACHE")
    if chosen:
        return Path(chosen)
    import appdirs

    return Path(appdirs.user_cache_dir("seamseg-studio", appauthor=False)) / "ops"


def read_build(folder: Path) -> Build | None:
    """Returns the build in `folder`, or None if there is none or a byte of it is not as it was built."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        built = Build(
            **{
                **manifest,
                "library": folder / Path(manifest["library"]).name,
                "capabilities": tuple(manifest["capabilities"]),
            }
        )
        digest = hashlib.sha256(built.library.read_bytes()).hexdigest()
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return built if digest == built.sha256 else None


def prebuilt(target: Target) -> Build | None:
    """Returns the library that came with the package, if it serves `target` and fits the sources and torch's CUDA."""
    built = read_build(PREBUILT)
    if built is None or built.sources != build.sources_digest():
        return None
    if target.kind == "cuda":
        if built.kind != "cuda" or built.cuda.split(".")[0] != build.torch_cuda().split(".")[0]:
            return None
        return built if set(target.capabilities) <= set(built.capabilities) else None
    # A library with GPU ops does not load where CUDA is missing.
    return built if built.kind == "cpu" else None


def cached(target: Target) -> Build | None:
    """Returns the build of `target` in the cache, or None: never builds, never waits."""
    return read_build(cache_folder() / target.key)


def build_into(target: Target, folder: Path, timeout_s: float = build.BUILD_TIMEOUT_S) -> Build:
    """Builds `target` in a folder beside `folder` and moves it there whole, replacing what was there.

    What is done of a build that must stop is kept for the next one.

    Raises:
        BuildError: As for `build.compile_library`.
        OSError: The disk is full or not writable.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    sources = build.sources_digest()
    workshop = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    try:
        with suppress(OSError):
            unfinished.replace(workshop)
        library = build.compile_library(target, workshop, timeout_s)
        for leftover in workshop.iterdir():
            if leftover != library:
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        built = Build(
            library=Path(library.name),
            kind=target.kind,
            sha256=hashlib.sha256(library.read_bytes()).hexdigest(),
            sources=sources,
            cuda=build.torch_cuda() if target.kind == "cuda" else "",
            capabilities=target.capabilities,
            seconds=round(time.monotonic() - started, 1),
        )
        (workshop / MANIFEST).write_text(json.dumps({**asdict(built), "library": library.name}, indent=1))
        workshop.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        workshop.replace(folder)
    except InterruptedBuildError:
        with suppress(OSError):
            workshop.replace(unfinished)
        raise
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    whole = read_build(folder)
    if whole is None:
        raise BuildError(f"the native ops in {folder} changed while they were written")
    return whole


def cached_or_built(target: Target, timeout_s: float = build.BUILD_TIMEOUT_S) -> Build:
    """Returns the cached build of `target`, building it first if there is none or it is damaged.

    Of several processes that ask at once, one builds and the others wait for it; under torchrun that is the first
    process of each machine. A failed build is remembered for a day as long as the compiler is the same, so that not
    every start pays for it again; one that took too long or was killed, for an hour.

    Raises:
        BuildError: It cannot be built, or could not a short while ago, or another process builds it for too long.
        OSError: The cache folder cannot be used.
    """
    root = cache_folder()
    folder = root / target.key
    found = read_build(folder)
    if found:
        return found
    tools = build.find_tools(target.kind)
    root.mkdir(parents=True, exist_ok=True)
    _wait_for_first_rank(folder)
    failure = _failure(target, tools)
    with locked(root / f"{target.key}.lock", LOCK_TIMEOUT_S):
        found = read_build(folder)
        if found:
            return found
        remembered = _remembered_failure(failure)
        if remembered:
            raise BuildError(remembered)
        _sweep(root, folder)
        try:
            return build_into(target, folder, timeout_s)
        except build.MissingToolError:
            raise
        except InterruptedBuildError as error:
            if not build_process.is_over():
                _remember(failure, error, INTERRUPTION_KEPT_S)
            raise
        except BuildError as error:
            _remember(failure, error, FAILURE_KEPT_S)
            raise


def discard(target: Target) -> None:
    """Has the build of `target` made anew by the next who asks: whole as it is, it does not load here."""
    with suppress(OSError):
        (cache_folder() / target.key / MANIFEST).unlink()


def forget_failures() -> None:
    """Lets failed builds be tried again at the next start."""
    for path in cache_folder().glob("*.failed"):
        path.unlink(missing_ok=True)


@contextmanager
def refused_if_broken(target: Target) -> Iterator[None]:
    """Remembers the build of `target` as a failed one if it does not load in the block: another fares no better."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        _remember(_failure(target, build.find_tools(target.kind)), error, FAILURE_KEPT_S)
        discard(target)
        raise


def _failure(target: Target, tools: Tools) -> Path:
    return cache_folder() / f"{target.key}.{tools.key}.failed"


def _remember(path: Path, error: Exception, kept_s: float) -> None:
    with suppress(OSError):
        path.write_text(f"{kept_s:.0f} {error}")


def _remembered_failure(path: Path) -> str | None:
    try:
        kept_s, said = path.read_text().split(" ", 1)
        is_kept = time.time() - path.stat().st_mtime < float(kept_s)
    except (OSError, ValueError):
        return None
    return f"{said} (remembered; delete {path} to try again)" if is_kept else None


_pause = time.sleep


def _wait_for_first_rank(folder: Path) -> None:
    """Lets the first process of a torchrun machine take the lock: the others look for its build meanwhile."""
    try:
        rank = int(os.environ.get("LOCAL_RANK", "0"))
    except ValueError:
        return
    deadline = time.monotonic() + (5.0 if rank else 0.0)
    while time.monotonic() < deadline and not build_process.is_over():
        if (folder / MANIFEST).exists() or _is_locked(folder):
            return
        _pause(0.05)


def _is_locked(folder: Path) -> bool:
    try:
        with locked(folder.with_name(f"{folder.name}.lock"), timeout_s=0.0):
            return False
    except BuildError:
        return True


def _sweep(root: Path, folder: Path) -> None:
    """Removes what killed builds left behind; of those of `folder`, whose lock is ours, none can be at work."""
    for leftover in (*root.glob(".*.part"), *root.glob(".*.unfinished")):
        is_ours = leftover.name.startswith(f".{folder.name}.") and leftover.suffix == ".part"
        with suppress(OSError):
            if is_ours or time.time() - leftover.stat().st_mtime > _STALE_S:
                shutil.rmtree(leftover, ignore_errors=True)


# Files that this process has locked, and what nobody forks within.
_held: set[int] = set()
_opening = threading.RLock()


@contextmanager
def locked(path: Path, timeout_s: float) -> Iterator[None]:
    """Holds an exclusive lock of the operating system on `path`: it ends with the process, however that ends.

    Raises:
        BuildError: Another process held it for `timeout_s` seconds.
        OSError: The file cannot be opened.
    """
    with _opening:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        _held.add(descriptor)
    try:
        deadline = time.monotonic() + timeout_s
        while not _try_lock(descriptor):
            if build_process.is_over():
                raise InterruptedBuildError("building the native ops was interrupted")
            if time.monotonic() >= deadline:
                raise BuildError(f"another process has been building the native ops for {timeout_s:.0f} s ({path})")
            time.sleep(0.05)
        yield
    finally:
        with _opening:
            if descriptor in _held:  # and not in a process forked meanwhile
                _held.remove(descriptor)
                os.close(descriptor)


def _let_go() -> None:
    """Closes the locks of the process that this one was forked from, which would else outlive it."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()
    _opening.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_opening.acquire, after_in_parent=_opening.release, after_in_child=_let_go)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
