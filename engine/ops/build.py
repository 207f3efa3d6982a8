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
import re
import shlex
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
from seamseg_studio.engine.ops import build_process

Kind = Literal["cuda", "cpu"]

TORCH_TARGET = "0x020b000000000000"  # the stable ABI of torch 2.11, the oldest supported
BUILD_TIMEOUT_S = 600.0
# Programs put before a compiler; nvcc wants the compiler itself.
_LAUNCHERS = ("ccache", "sccache", "distcc")
_WINDOWS, _MACOS = sys.platform == "win32", sys.platform == "darwin"
LIBRARY_NAME = {"win32": "seamseg_ops.dll", "darwin": "libseamseg_ops.dylib"}.get(sys.platform, "libseamseg_ops.so")
SOURCES = Path(__file__).resolve().parents[1].parent / "csrc"


class BuildError(SeamsegError):
    """The library could not be built; the message says why in one sentence."""


class MissingToolError(BuildError):
    """There is no compiler, no ninja or no source: nothing was tried."""


class InterruptedBuildError(BuildError):
    """The build was stopped, by time or from outside: the next one may succeed."""


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
    """Programs that a build calls.

    Attributes:
        cxx: The C++ compiler and what is always said to it.
        ninja: Path.
        nvcc: Path; None where only the CPU ops are built.
    """

    cxx: tuple[str, ...]
    ninja: str
    nvcc: str | None

    @property
    def key(self) -> str:
        """Names the compilers: another one may succeed where this one failed."""
        parts = (*self.cxx, shutil.which(self.cxx[0]) or "", self.nvcc or "")
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


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
        BuildError: CXX names a compiler that is not there, or cannot be read.
    """
    if not (SOURCES / "library.cpp").is_file():
        raise MissingToolError(f"the source of the native ops is not at {SOURCES}")
    cxx = _chosen_cxx() or tuple(name for name in ("c++", "g++", "clang++") if shutil.which(name))[:1]
    if not cxx or _WINDOWS:
        raise MissingToolError("there is no C++ compiler that can build the native ops")
    nvcc = _find_nvcc() if kind == "cuda" else None
    return Tools(cxx, _find_ninja(), nvcc)


def _chosen_cxx() -> tuple[str, ...]:
    """Returns the compiler that the environment names, with its arguments, or nothing."""
    said = os.environ.get("CXX", "")
    try:
        # A path with blanks is one word here, though it would be several for a shell.
        words = (said,) if shutil.which(said) else tuple(shlex.split(said))
    except ValueError as error:
        raise BuildError(f"CXX={said} cannot be read: {error}") from error
    if words and not shutil.which(words[0]):
        raise BuildError(f"the C++ compiler that CXX={said} names is not there")
    return words


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
        f"-DTORCH_TARGET_VERSION={TORCH_TARGET} -isystem {_quoted(package / 'include')}"
    )
    link = f"-L{_quoted(package / 'lib')} -ltorch -ltorch_cpu"
    if _MACOS:
        link += " -undefined dynamic_lookup"
    elif not _WINDOWS:
        # Where libstdc++ is found as an archive only, its names must not mix with those of Python's own copy.
        link += " -Xlinker --exclude-libs -Xlinker ALL"
    linker = " ".join(_quoted(word) for word in tools.cxx)
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
        host = tools.cxx[1:] if len(tools.cxx) > 1 and Path(tools.cxx[0]).name in _LAUNCHERS else tools.cxx
        nvcc = " ".join(
            [_quoted(tools.nvcc), "-ccbin", _quoted(host[0]), *(f"-Xcompiler {_quoted(w)}" for w in host[1:])]
        )
        lines += [
            f"nvflags = -std=c++17 -O3 -DNDEBUG -fmad=false -DUSE_CUDA -DTORCH_TARGET_VERSION={TORCH_TARGET} "
            f"{architectures} -Xcompiler -fPIC,-fvisibility=hidden -isystem {_quoted(package / 'include')}",
            "rule nvcc",
            f"  command = {nvcc} $nvflags -c $in -o $out",
        ]
        link += " -ltorch_cuda -cudart shared"
        for folder in ("lib64", "lib"):
            link += f" -Xlinker -rpath -Xlinker {_quoted(toolkit / folder)}"
        linker = nvcc
    lines += ["rule link", f"  command = {linker} -shared $in -o $out {link}"]
    objects = []
    for source in source_files(target.kind):
        compiled = f"{source.parent.name}_{source.stem}.o"
        rule = "nvcc" if source.suffix == ".cu" else "cxx"
        lines.append(f"build {compiled}: {rule} {_escaped(source)}")
        objects.append(compiled)
    lines += [f"build {LIBRARY_NAME}: link {' '.join(objects)}", f"default {LIBRARY_NAME}", ""]
    return "\n".join(lines)


def _quoted(word: Path | str) -> str:
    """Returns one word of a command: ninja gives commands to a shell."""
    return shlex.quote(str(word)).replace("$", "$$")


def _escaped(path: Path) -> str:
    """Returns a path as ninja reads one; it quotes those for the shell itself."""
    return str(path).replace("$", "$$").replace(" ", "$ ").replace(":", "$:")


def compile_library(target: Target, folder: Path, timeout_s: float = BUILD_TIMEOUT_S) -> Path:
    """Builds the library of `target` in `folder` and returns its path.

    What an interrupted build of the same target left there is not done again.

    Raises:
        MissingToolError: As for `find_tools`.
        InterruptedBuildError: It took longer than `timeout_s` seconds or was stopped.
        BuildError: The compiler failed; the message has its first error line.

    However it ends, and however this program ends, no process of the build is left running.
    """
    tools = find_tools(target.kind)
    (folder / "build.ninja").write_text(ninja_file(target, tools))
    log = folder / "build.log"
    try:
        code = build_process.run([tools.ninja, "-C", str(folder)], log, timeout_s)
    except OSError as error:
        raise MissingToolError(f"{tools.ninja} does not run: {error}") from error
    if code is None:
        raise InterruptedBuildError(f"building the native ops took longer than {timeout_s:.0f} s and was stopped")
    library = folder / LIBRARY_NAME
    if code == 0 and library.is_file():
        return library
    said = log.read_text(errors="replace")
    if build_process.is_over() or code > 128 or re.search(r"\b[Kk]illed\b", said):
        raise InterruptedBuildError("building the native ops was interrupted")
    raise BuildError(f"the native ops do not compile: {_first_error(said)}")


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
