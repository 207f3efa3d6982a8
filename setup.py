"""Maps the root folders (the architecture) to the installed package `seamseg_studio`."""

from setuptools import find_packages, setup

ROOTS = ("app", "engine", "training", "resources")

setup(
    packages=[f"seamseg_studio.{root}" for root in ROOTS]
    + [f"seamseg_studio.{root}.{sub}" for root in ROOTS for sub in find_packages(root)]
    + ["seamseg_studio.csrc"],
    package_dir={f"seamseg_studio.{root}": root for root in (*ROOTS, "csrc")},
    package_data={"seamseg_studio.resources": ["**/*"], "seamseg_studio.csrc": ["*.h", "*.cpp", "cpu/*", "cuda/*"]},
)
