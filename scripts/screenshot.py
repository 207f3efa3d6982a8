"""Takes one picture of the window, for the eye: `python scripts/screenshot.py --project demo-out/samples.seamseg`.

Runs the real window and engine on a copy of the project, so nothing in it changes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from stage import RELEASE, Mouse, Stage, wait_still

from seamseg_studio.app.look.theme import ThemeChoice

JPEG_QUALITY = 84


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("build/screenshots"))
    parser.add_argument("--image", default="000000303818.jpg", help="the photo to show")
    parser.add_argument("--size", default="1600x900", help="of the window, in pixels")
    parser.add_argument("--theme", default="dark", choices=("dark", "light"))
    parser.add_argument("--name", default="studio", help="name of the picture")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        size = tuple(map(int, options.size.split("x")))
        stage = Stage(options.project, options.image, Path(scratch), size[:2], ThemeChoice(options.theme))
        stage.start_engine()
        draw_stroke(stage)
        wait_still(stage.canvas)
        path = options.out / f"{options.name}.jpg"
        stage.window.grab().toImage().save(str(path), quality=JPEG_QUALITY)
        print(path)
        stage.studio.close()
    return 0


def draw_stroke(stage: Stage) -> None:
    """Paints a little pavement with the brush and selects the largest thing, so that the picture shows work."""
    document = stage.document
    stage.window.use_tool("brush")
    document.set_current_category(document.taxonomy.index_of("pavement"))
    height, width = document.map.shape
    mouse = Mouse(stage.canvas)
    way = [(0.83 * height - step, (0.36 + 0.025 * step) * width) for step in range(13)]
    mouse.drag(*way)
    mouse.send(RELEASE, *way[-1])
    things = [
        (document.map.area(identifier), identifier)
        for identifier, segment in document.map.segments.items()
        if document.taxonomy.is_thing(segment.category) and not segment.is_crowd
    ]
    if things:
        document.set_selection(frozenset({max(things)[1]}))


if __name__ == "__main__":
    sys.exit(main())
