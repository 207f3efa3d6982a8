"""Maps the root folders (the architecture) to the installed package `seamseg_studio`.

With SEAMSEG_BUILD_OPS=cpu, or the compute capabilities of GPUs (SEAMSEG_BUILD_OPS=8.0,9.0), the wheel also holds the
native ops, compiled against the torch of this environment (docs/ops.md): it is then one for this platform.
"""

import os
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOTS = ("app", "engine", "training", "resources")
WISH = os.environ.get("SEAMSEG_BUILD_OPS", "")


class BuildPython(build_py):
    """Compiles the native ops into the package, by the package's own builder."""

    def run(self) -> None:
        super().run()
        if not WISH or self.editable_mode:
            return
        folder = Path(self.build_lib).resolve()
        into = folder / "seamseg_studio" / "engine" / "ops" / "prebuilt"
        wanted = [] if WISH == "cpu" else ["--cuda", WISH]
        command = [sys.executable, "-m", "seamseg_studio.engine.ops.build", "--into", str(into), *wanted]
        subprocess.run(command, env={**os.environ, "PYTHONPATH": str(folder)}, cwd=folder, check=True)


class Wheel(bdist_wheel):
    """Marks a wheel with native ops as one for this platform, whatever the Python."""

    def get_tag(self) -> tuple[str, str, str]:
        tag = super().get_tag()
        return ("py3", "none", tag[2]) if WISH else tag


class Package(Distribution):
    """Knows that native ops belong with what depends on the platform."""

    def has_ext_modules(self) -> bool:
        return bool(WISH) or super().has_ext_modules()


setup(
    distclass=Package,
    packages=[f"seamseg_studio.{root}" for root in ROOTS]
    + [f"seamseg_studio.{root}.{sub}" for root in ROOTS for sub in find_packages(root)]
    + ["seamseg_studio.csrc", "seamseg_studio.docs"],
    package_dir={f"seamseg_studio.{root}": root for root in (*ROOTS, "csrc", "docs")},
    package_data={
        "seamseg_studio.resources": ["**/*"],
        "seamseg_studio.csrc": ["*.h", "*.cpp", "cpu/*", "cuda/*"],
        # The user guide, which the window shows: Help > User guide.
        "seamseg_studio.docs": ["*.md", "user-guide/*", "images/*"],
    },
    cmdclass={"build_py": BuildPython, "bdist_wheel": Wheel},
)
