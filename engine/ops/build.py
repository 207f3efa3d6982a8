"""Compiles `csrc` into one plain shared library, with ninja, in a process of its own and within a time limit.

The library uses LibTorch's stable ABI only: it is built in seconds, against the headers of any torch since 2.11, and
the result does not depend on Python. `python -m seamseg_studio.engine.ops.build --into FOLDER` builds one ahead of
time, for packaging; everybody else gets theirs through `engine.ops.native` at first use.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from seamseg_studio.engine.errors import SeamsegError

Kind = Literal["cuda", "cpu"]

TORCH_TARGET = "0x020b000000000000"  # the stable ABI of torch 2.11, the oldest supported
BUILD_TIMEOUT_S = 600.0
_END_TIMEOUT_S = 10.0
_WINDOWS, _MACOS = sys.platform == "win32", sys.platform == "darwin"
LIBRARY_NAME = {"win32": "seamseg_ops.dll", "darwin": "libseamseg_ops.dylib"}.get(sys.platform, "libseamseg_ops.so")
SOURCES = Path(__file__).resolve().parents[1].parent / "csrc"


class BuildError(SeamsegError):
    """The library could not be built; the message says why in one sentence."""


class MissingToolError(BuildError):
    """There is no compiler, no ninja or no source: nothing was tried."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a library is built for; two targets with the same key can share a library.

    Attributes:
        kind: Whether the CUDA ops are in it beside the CPU ones.
        capabilities: Compute capabilities of the GPUs, as "9.0", rising; empty for `cpu`.
    """

    kind: Kind
    capabilities: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Names the build: torch, CUDA, processor, GPUs and the content of all sources. About 60 characters."""
        parts = (
            torch_version(),
            torch_cuda() if self.kind == "cuda" else "",
            platform.system(),
            platform.machine(),
            *self.capabilities,
            TORCH_TARGET,
            sources_digest(),
        )
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
        return f"{self.kind}-torch{torch_version().split('+')[0]}-{platform.machine()}-{digest}"


@dataclass(frozen=True, slots=True)
class Tools:
    """Programs that a build calls."""

    cxx: str
    ninja: str
    nvcc: str | None


@cache
def torch_version() -> str:
    """Returns the version of the installed torch without importing it, which takes seconds."""
    return version("torch")


def torch_cuda() -> str:
    """Returns the CUDA version that torch was built with, or an empty string."""
    import torch

    return torch.version.cuda or ""


def source_files(kind: Kind) -> list[Path]:
    """Returns the translation units of a build, sorted by name."""
    folders = [SOURCES / "cpu", SOURCES / "cuda"] if kind == "cuda" else [SOURCES / "cpu"]
    found = [path for folder in folders for path in folder.glob("*") if path.suffix in (".cpp", ".cu")]
    return [SOURCES / "library.cpp", *sorted(found)]


def sources_digest() -> str:
    """Returns a digest of every file below `csrc` and of this module, which holds the compiler's options."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(SOURCES.rglob("*")):
        if path.suffix in (".cpp", ".cu", ".h", ".cuh"):
            digest.update(path.relative_to(SOURCES).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def targets() -> list[Target]:
    """Returns what is worth building on this machine, best first (GPU ops need a GPU that torch can use)."""
    import torch

    cpu = Target("cpu")
    if torch.version.cuda is None or not torch.cuda.is_available():
        return [cpu]
    try:
        found = {torch.cuda.get_device_capability(index) for index in range(torch.cuda.device_count())}
    except RuntimeError:  # a GPU that is there, but not for us
        return [cpu]
    return [Target("cuda", tuple(f"{major}.{minor}" for major, minor in sorted(found))), cpu]


def find_tools(kind: Kind) -> Tools:
    """Finds compiler, ninja and, for `cuda`, an nvcc of torch's CUDA major version.

    Raises:
        MissingToolError: One of them, or the source, is not there.
    """
    if not (SOURCES / "library.cpp").is_file():
        raise MissingToolError(f"the source of the native ops is not at {SOURCES}")
    cxx = os.environ.get("CXX") or next((name for name in ("c++", "g++", "clang++") if shutil.which(name)), "")
    if not cxx or not shutil.which(cxx) or _WINDOWS:
        raise MissingToolError(
            "there is no C++ compiler that can build the native ops" + (f" (CXX={cxx})" if cxx else "")
        )
    nvcc = _find_nvcc() if kind == "cuda" else None
    return Tools(cxx, _find_ninja(), nvcc)


def _find_ninja() -> str:
    try:
        import ninja

        bundled = Path(ninja.BIN_DIR) / "ninja"
        if bundled.exists():
            return str(bundled)
    except ImportError:
        pass
    found = shutil.which("ninja")
    if not found:
        raise MissingToolError("there is no ninja to build the native ops with; install the Python package ninja")
    return found


def _find_nvcc() -> str:
    homes = [os.environ.get(name) for name in ("CUDA_HOME", "CUDA_PATH")] + ["/usr/local/cuda"]
    candidates = [str(Path(home) / "bin" / "nvcc") for home in homes if home]
    found = next((path for path in candidates if os.access(path, os.X_OK)), None) or shutil.which("nvcc")
    if not found:
        raise MissingToolError("there is no nvcc to build the GPU ops with")
    try:
        said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingToolError(f"{found} does not run: {error}") from error
    wanted = torch_cuda().split(".", maxsplit=1)[0]
    if f"release {wanted}." not in said:
        raise MissingToolError(f"{found} is not of CUDA {wanted}, which torch {torch_version()} was built with")
    return found


def _torch_folder() -> Path:
    found = find_spec("torch")
    if found is None or found.origin is None:
        raise MissingToolError("torch is not installed; its headers are needed to build the native ops")
    return Path(found.origin).parent


def ninja_file(target: Target, tools: Tools) -> str:
    """Returns the text of a `build.ninja` that builds LIBRARY_NAME in the folder it lies in."""
    package = _torch_folder()
    # -ffp-contract, -fmad: a fused multiply-add rounds once instead of twice; thresholds then fall differently from
    # PyTorch's.
    flags = (
        f"-std=c++17 -O3 -DNDEBUG -fPIC -fvisibility=hidden -ffp-contract=off -fno-math-errno "
        f"-DTORCH_TARGET_VERSION={TORCH_TARGET} -isystem {_escaped(package / 'include')}"
    )
    link = f"-L{_escaped(package / 'lib')} -ltorch -ltorch_cpu"
    if _MACOS:
        link += " -undefined dynamic_lookup"
    elif not _WINDOWS:
        # Where libstdc++ is found as an archive only, its names must not mix with those of Python's own copy.
        link += " -Xlinker --exclude-libs -Xlinker ALL"
    linker = _escaped(tools.cxx)
    lines = ["ninja_required_version = 1.5", f"cflags = {flags}"]
    lines += [
        "rule cxx",
        f"  command = {linker} $cflags -MMD -MF $out.d -c $in -o $out",
        "  depfile = $out.d",
        "  deps = gcc",
    ]
    if target.kind == "cuda":
        assert tools.nvcc is not None
        architectures = " ".join(
            f"-gencode arch=compute_{cc.replace('.', '')},code=sm_{cc.replace('.', '')}" for cc in target.capabilities
        )
        toolkit = Path(tools.nvcc).resolve().parents[1]
        lines += [
            f"nvflags = -std=c++17 -O3 -DNDEBUG -fmad=false -DUSE_CUDA -DTORCH_TARGET_VERSION={TORCH_TARGET} "
            f"{architectures} -Xcompiler -fPIC,-fvisibility=hidden -isystem {_escaped(package / 'include')}",
            "rule nvcc",
            f"  command = {_escaped(tools.nvcc)} $nvflags -c $in -o $out",
        ]
        link += " -ltorch_cuda -cudart shared"
        for folder in ("lib64", "lib"):
            link += f" -Xlinker -rpath -Xlinker {_escaped(toolkit / folder)}"
        linker = f"{_escaped(tools.nvcc)} -ccbin {_escaped(tools.cxx)}"
    lines += ["rule link", f"  command = {linker} -shared $in -o $out {link}"]
    objects = []
    for source in source_files(target.kind):
        compiled = f"{source.parent.name}_{source.stem}.o"
        rule = "nvcc" if source.suffix == ".cu" else "cxx"
        lines.append(f"build {compiled}: {rule} {_escaped(source)}")
        objects.append(compiled)
    lines += [f"build {LIBRARY_NAME}: link {' '.join(objects)}", f"default {LIBRARY_NAME}", ""]
    return "\n".join(lines)


def _escaped(path: Path | str) -> str:
    return str(path).replace("$", "$$").replace(" ", "$ ").replace(":", "$:")


def compile_library(target: Target, folder: Path, timeout_s: float = BUILD_TIMEOUT_S) -> Path:
    """Builds the library of `target` in `folder`, which exists and is empty, and returns its path.

    Raises:
        MissingToolError: As for `find_tools`.
        BuildError: The compiler failed (the message has its first error line) or took longer than `timeout_s` seconds;
            no process of the build is left running.
    """
    tools = find_tools(target.kind)
    (folder / "build.ninja").write_text(ninja_file(target, tools))
    log = folder / "build.log"
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                [tools.ninja, "-C", str(folder)],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the program, which decides what becomes of the build
            )
        except OSError as error:
            raise MissingToolError(f"{tools.ninja} does not run: {error}") from error
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise BuildError(f"building the native ops took longer than {timeout_s:.0f} s and was stopped") from error
        finally:
            if process.poll() is None:
                _end(process)
    library = folder / LIBRARY_NAME
    if code != 0 or not library.is_file():
        raise BuildError(f"the native ops do not compile: {_first_error(log.read_text(errors='replace'))}")
    return library


def _end(process: subprocess.Popen[bytes]) -> None:
    # ninja gives each compiler a process group of its own, and ends them all when it is told to end.
    process.terminate()
    try:
        process.wait(_END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _first_error(log: str) -> str:
    signs = ("error", "fatal", "cannot find")
    lines = [line.strip() for line in log.splitlines() if any(sign in line.lower() for sign in signs)]
    return lines[0][:300] if lines else (log.strip().splitlines() or ["no output"])[-1][:300]


def main(argv: Sequence[str] | None = None) -> int:
    """Builds a library for packaging and copies it, with its manifest, into a folder."""
    from seamseg_studio.engine.ops import native_cache

    parser = argparse.ArgumentParser(prog="python -m seamseg_studio.engine.ops.build", description=main.__doc__)
    parser.add_argument("--into", type=Path, default=native_cache.PREBUILT, help="folder (default: %(default)s)")
    parser.add_argument("--cuda", default="", metavar="9.0,8.0", help="compute capabilities to build the GPU ops for")
    arguments = parser.parse_args(argv)
    capabilities = tuple(part for part in arguments.cuda.split(",") if part)
    try:
        built = native_cache.build_into(Target("cuda" if capabilities else "cpu", capabilities), arguments.into)
    except (SeamsegError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{built.library} ({built.kind}, {built.seconds:.0f} s)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
