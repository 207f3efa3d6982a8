"""Draws what the starter says about the sample photos: `python scripts/starter_pictures.py [--out docs/images]`.

Writes `starter-1.jpg` and `starter-2.jpg`, photos beside their labels, for docs/starter.md.
"""

from __future__ import annotations

import argparse
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seamseg_studio.engine import load_model
from seamseg_studio.engine.formats.image_file import find_images, read_image
from seamseg_studio.engine.formats.overlay import draw_overlay

SAMPLES = Path(str(files("seamseg_studio.resources"))) / "samples" / "images"
PER_SHEET = 5
CELL = (460, 330)  # width and height of a picture in its place, pixels
GAP = 8


def main() -> None:
    """Writes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="bundle (default: the starter)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "images")
    args = parser.parse_args()
    predictor = load_model(args.model)
    rows = []
    for path in find_images([SAMPLES]):
        image = read_image(path)
        labels = predictor.predict(image).to_map()
        rows.append((image, draw_overlay(image, labels, predictor.taxonomy)))
    for number, start in enumerate(range(0, len(rows), PER_SHEET), 1):
        target = args.out / f"starter-{number}.jpg"
        sheet(rows[start : start + PER_SHEET]).save(target, quality=82, optimize=True)
        print(f"{target}: {target.stat().st_size / 1e3:.0f} kB")


def sheet(rows: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> Image.Image:
    """Returns photos on the left, their labels on the right, all of one height."""
    drawn = []
    for pair in rows:
        pictures = [Image.fromarray(pixels) for pixels in pair]
        for picture in pictures:
            picture.thumbnail(CELL, Image.Resampling.LANCZOS)
        drawn.append(pictures)
    width = 2 * CELL[0] + 3 * GAP
    height = sum(pictures[0].height + GAP for pictures in drawn) + GAP
    page, y = Image.new("RGB", (width, height), "white"), GAP
    for pictures in drawn:
        for column, picture in enumerate(pictures):
            x = GAP + column * (CELL[0] + GAP) + (CELL[0] - picture.width) // 2
            page.paste(picture, (x, y))
        y += pictures[0].height + GAP
    return page


if __name__ == "__main__":
    main()
