"""Makes what is given to people, in dist/: `make dist`.

The wheel, the source distribution, and the program as a folder that starts without Python (PyInstaller), which is tried
out before it counts: with no Python on PATH it must label a photo, both by its command and in its window.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "packages"
NAME = "seamseg-studio"
COMMANDS = ("seamseg-label", "seamseg-eval", "seamseg-convert", "seamseg-models", "seamseg-train")
LINUX_FILES = ("seamseg-studio.desktop", "seamseg-studio.xml", "install.sh")
TIMEOUT_S = 600
NO_PYTHON = "/nowhere" if sys.platform != "win32" else r"C:\nowhere"


def run(command: Sequence[str | Path], **options: object) -> None:
    """Runs a program that must succeed; what it says is shown only if it does not."""
    print(
        "dist:", " ".join(Path(command[0]).name if n == 0 else str(word) for n, word in enumerate(command)), flush=True
    )
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)  # type: ignore[call-overload]
    if result.returncode:
        print(result.stdout[-4000:], result.stderr[-4000:], sep="\n", file=sys.stderr)
        raise SystemExit(f"dist: {Path(str(command[0])).name} ended with {result.returncode}")


def copy_of_the_checkout(target: Path) -> Path:
    """Copies what git knows, without the tests: setuptools would leave its build folder in the checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listing.stdout.decode().split("\0"):
        if name and not name.startswith("tests/") and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def build_packages(out: Path, scratch: Path) -> Path:
    """Builds the sdist and, from it, the wheel; returns the wheel."""
    source = copy_of_the_checkout(scratch / "source")
    # The date of the last change in place of today's: the same source gives the same wheel, byte for byte.
    last = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True)
    os.environ.setdefault("SOURCE_DATE_EPOCH", last.stdout.strip())
    run([sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", out, source])
    (sdist,) = out.glob("*.tar.gz")
    shutil.unpack_archive(sdist, scratch / "sdist")  # our own, just made
    (unpacked,) = (scratch / "sdist").iterdir()
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, unpacked])
    (wheel,) = out.glob("*.whl")
    return wheel


def build_folder(wheel: Path, out: Path, scratch: Path) -> Path:
    """Builds the program that needs no Python from what the wheel holds; returns its folder."""
    tree = scratch / "tree"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tree)
    # PYTHONPATH comes before what an editable install of the checkout would answer.
    environment = {**os.environ, "SEAMSEG_TREE": str(tree), "PYTHONPATH": str(tree), "QT_QPA_PLATFORM": "offscreen"}
    build_ops(tree, environment)
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--distpath", out, "--workpath", scratch / "work"]
    run([*command, PACKAGES / f"{NAME}.spec"], env=environment)
    folder = out / NAME
    if sys.platform != "win32":
        for name in COMMANDS:
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(NAME)
    if sys.platform == "linux":
        for name in LINUX_FILES:
            shutil.copy2(PACKAGES / "linux" / name, folder / name)
        shutil.copy2(ROOT / "resources" / "icons" / "studio.svg", folder / f"{NAME}.svg")
    return folder


def build_ops(tree: Path, environment: dict[str, str]) -> None:
    """Compiles the CPU ops into the program, as who gets it may have no compiler; without one here it goes on."""
    into = tree / "seamseg_studio" / "engine" / "ops" / "prebuilt"
    command = [sys.executable, "-m", "seamseg_studio.engine.ops.build", "--into", str(into)]
    result = subprocess.run(command, env=environment, cwd=tree, capture_output=True, text=True)
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        print(f"dist: the native ops are left out ({last}); the program will use PyTorch's")


def try_out(folder: Path, scratch: Path) -> None:
    """Uses the folder as a person without Python would.

    Raises:
        SystemExit: Something does not work.
    """
    suffix = ".exe" if sys.platform == "win32" else ""
    environment = {
        "PATH": NO_PYTHON,
        "HOME": str(scratch / "home"),
        "TMPDIR": str(scratch),
        "QT_QPA_PLATFORM": "offscreen",
        "LANG": "C.UTF-8",
        **{name: os.environ[name] for name in ("SYSTEMROOT", "TEMP", "APPDATA", "LOCALAPPDATA") if name in os.environ},
    }
    options = {"env": environment, "cwd": scratch, "timeout": TIMEOUT_S}
    photo = next((ROOT / "resources" / "samples" / "images").glob("*.jpg"))
    labels = scratch / "labels"
    run([folder / f"{NAME}{suffix}", "--version"], **options)
    run([folder / f"seamseg-models{suffix}", "verify"], **options)
    run([folder / f"seamseg-label{suffix}", photo, "--out", labels, "--format", "coco-panoptic,overlay"], **options)
    written = json.loads((labels / "panoptic.json").read_text(encoding="utf-8"))
    if len(written["images"]) != 1 or not written["annotations"][0]["segments_info"]:
        raise SystemExit("dist: the folder build labelled nothing")
    run([folder / f"seamseg-train{suffix}", "--help"], **options)
    # The window on the sample photos, its engine and, through both, the labels of the open photo.
    run([folder / f"{NAME}{suffix}", "--self-test"], **options)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="made anew")
    parser.add_argument("--no-folder", action="store_true", help="wheel and source distribution only")
    options = parser.parse_args()
    out = options.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        wheel = build_packages(out, scratch)
        if not options.no_folder:
            folder = build_folder(wheel, out, scratch)
            (scratch / "home").mkdir()
            try_out(folder, scratch)
    for path in sorted(out.iterdir()):
        files = (
            [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file() and not part.is_symlink()]
        )
        print(f"dist: {path.name}  {sum(part.stat().st_size for part in files) / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
