"""What a report about a fault needs: versions, machine, model, ops in use. No names of images, nothing of them."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication

PROGRAM = "seamseg-studio"
LIBRARIES = (
    *(
        "torch",
        "PySide6-Essentials",
        "pyqtgraph",
        "numpy",
        "opencv-python-headless",
        "pillow",
        "safetensors",
        "msgpack",
    ),
    *("hotcoco", "ninja", "appdirs", "rich", "tensorboard"),
)
"""What the program is built on, by their names in the registry."""
UNKNOWN = "–"
_MAX_LICENCE = 60  # letters; some packages put the whole text there


@dataclass(frozen=True, slots=True)
class Library:
    """A library with its version and licence, as it says them itself."""

    name: str
    version: str
    licence: str


def version_of(name: str) -> str:
    """The version of an installed package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return UNKNOWN


def libraries() -> list[Library]:
    """Every library of `LIBRARIES` that is installed."""
    found = []
    for name in LIBRARIES:
        try:
            about = distribution(name).metadata
        except PackageNotFoundError:
            continue
        found.append(
            Library(
                name,
                about["Version"] or UNKNOWN,
                _licence(about["License-Expression"], about["License"], about.get_all("Classifier") or []),
            )
        )
    return found


def _licence(expression: str | None, text: str | None, classifiers: Sequence[str]) -> str:
    """What a package says about its licence, in a few words."""
    classified = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::")]
    short = (text or "").strip().splitlines()
    if expression:
        return expression
    if short and len(short[0]) <= _MAX_LICENCE:
        return short[0]
    return ", ".join(classified) or UNKNOWN


def report(facts: Sequence[tuple[str, str]], messages: Sequence[str]) -> str:
    """The text to copy.

    Args:
        facts: What the window knows: model, device, ops, ...
        messages: Titles of the last messages, the latest last.
    """
    screen = QGuiApplication.primaryScreen()
    shown = (
        f"{screen.size().width()} x {screen.size().height()} at {screen.devicePixelRatio():g}" if screen else UNKNOWN
    )
    rows = [
        ("Seamseg Studio", version_of(PROGRAM)),
        ("Python", f"{platform.python_version()}{' (frozen)' if getattr(sys, 'frozen', False) else ''}"),
        ("system", platform.platform()),
        ("Qt", f"{qVersion()}, {QGuiApplication.platformName()}"),
        ("screen", shown),
        *facts,
        *((library.name, library.version) for library in libraries()),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {value}" for name, value in rows]
    return "\n".join([*lines, "", "last messages:", *(messages or [UNKNOWN])]) + "\n"
