"""Draws docs/images/architecture.svg from the contracts of import-linter: `python scripts/architecture.py`.

The contracts stand in pyproject.toml. Each box is a package with the first sentence of its docstring; it may import
those on the floors below it. A test compares the picture in the documents with what this draws.
"""

from __future__ import annotations

import ast
import sys
import textwrap
import tomllib
from collections.abc import Iterable
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "architecture.svg"
PREFIX = "seamseg_studio."
WIDTH, GAP, TOP = 960, 12, 34
LINE_HEIGHT, PAD, LETTERS_PER_PX = 15, 10, 1 / 6.7
INK, PAPER, EDGE = "#1d2430", "#f7f8fb", "#8b97b0"
FILLS = {"app": "#dfe7fb", "training": "#fbe9d7", "engine": "#e2f2e6", "resources": "#ececf1"}
PROCESSES = {
    "app": "process: the window (Qt, never torch)",
    "training": "process: the trainer (JSON lines to the window)",
    "engine.service": "its worker is a process: torch and the GPU",
}


def contracts() -> list[list[list[str]]]:
    """The layers of every contract, top first; the packages of one floor beside each other, without our prefix."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        rules = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    found = [rule["layers"] for rule in rules if rule["type"] == "layers"]
    return [[[part.strip().removeprefix(PREFIX) for part in row.split("|")] for row in rows] for rows in found]


def floors() -> tuple[list[str], list[list[str]], list[list[str]], list[str]]:
    """Top floor, the engine's network column, its data column, ground floor; all from the contracts.

    Raises:
        SystemExit: The contracts are no longer of the shape that the picture shows.
    """
    by_top = {tuple(rows[0]): rows for rows in contracts()}
    house = next((rows for rows in by_top.values() if any("engine" in row for row in rows)), None)
    network = next((rows for rows in by_top.values() if rows[0] == ["engine.cli"]), None)
    data = next((rows for rows in by_top.values() if rows[-1] == ["engine.scene"]), None)
    if house is None or network is None or data is None or len(house) != 3:
        raise SystemExit(
            "architecture: the layers in pyproject.toml have another shape; change scripts/architecture.py"
        )
    return house[0], network, data, house[2]


def first_sentence(package: str) -> str:
    """What a package says of itself."""
    text = ast.get_docstring(ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text("utf-8"))) or ""
    return text.split("\n")[0].rstrip(".").replace("`", "")


class Drawing:
    """Collects the boxes of the picture."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def box(self, package: str, x: float, y: float, width: float, height: float) -> None:
        """A package with what it is for."""
        fill = FILLS[package.split(".")[0]]
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" fill="{fill}" stroke="{EDGE}"/>'
        )
        self.text(package, x + PAD, y + 18, "bold")
        for number, line in enumerate(lines_of(package, width)):
            self.text(line, x + PAD, y + 18 + LINE_HEIGHT * (number + 1))

    def text(self, text: str, x: float, y: float, weight: str = "normal") -> None:
        """A line of words."""
        self.parts.append(f'<text x="{x:g}" y="{y:g}" font-weight="{weight}">{escape(text)}</text>')

    def row(self, packages: list[str], x: float, y: float, width: float) -> float:
        """Boxes beside each other; returns where the next row begins."""
        each = (width - GAP * (len(packages) - 1)) / len(packages)
        height = 18 + PAD + LINE_HEIGHT * max(len(lines_of(package, each)) for package in packages)
        for number, package in enumerate(packages):
            self.box(package, x + number * (each + GAP), y, each, height)
        return y + height + GAP

    def column(self, title: str, rows: Iterable[list[str]], x: float, y: float, width: float) -> float:
        """Floors below each other under a title; returns where it ends."""
        self.text(title, x, y + 12)
        y += 20
        for row in rows:
            y = self.row(row, x, y, width)
        return y


def lines_of(package: str, width: float) -> list[str]:
    """The words in a box, in lines that fit."""
    letters = int((width - 2 * PAD) * LETTERS_PER_PX)
    said = [first_sentence(package), *([PROCESSES[package]] if package in PROCESSES else [])]
    return [line for text in said for line in textwrap.wrap(text, letters)]


def draw() -> str:
    """The picture."""
    top, network, data, ground = floors()
    drawing = Drawing()
    drawing.text("Who may import whom: only downwards, within a column and between the floors", GAP, 20, "bold")
    y = drawing.row(top, GAP, TOP, WIDTH - 2 * GAP)
    half = (WIDTH - 3 * GAP) / 2
    left = drawing.column("engine: the network (top may use both columns)", network, GAP, y, half)
    right = drawing.column("engine: the data (neither torch nor Qt)", data, 2 * GAP + half, y, half)
    y = drawing.row(ground, GAP, max(left, right), WIDTH - 2 * GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:g}" font-family="sans-serif" font-size="12" '
        f'fill="{INK}">\n<rect width="{WIDTH}" height="{y:g}" fill="{PAPER}"/>\n'
        + "\n".join(drawing.parts)
        + "\n</svg>\n"
    )


def main() -> int:
    PICTURE.write_text(draw(), encoding="utf-8")
    print(PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
