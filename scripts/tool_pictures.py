"""Draws the tools at work for the user guide: `python scripts/tool_pictures.py --project demo-out/samples.seamseg`.

Works with real events in the real window on a copy of the project, so nothing in it changes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from stage import RELEASE, Mouse, Stage, wait_still, wait_until

from seamseg_studio.app.look.theme import ThemeChoice
from seamseg_studio.engine.scene.geometry import Box

SIZE = (1240, 620)
MARGIN_PX = 40
QUALITY = 80
PHOTO, TAXI = "000000423617.jpg", Box(290, 128, 398, 266)
OFFER_PHOTO, OFFER_PLACE, OFFER_SHOWN = "000000183709.jpg", (250, 75), Box(200, 10, 310, 200)  # a car behind a truck
BUS = ((252, 232), (262, 255), (272, 280), (280, 305))


class Photographer:
    """Works with the tools and takes pictures of the bar and the canvas."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.folder = folder
        self.mouse = Mouse(stage.canvas)

    def use(self, name: str, **options: object) -> None:
        self.stage.window.use_tool(name)
        for key, value in options.items():
            self.stage.canvas.active_tool.set_option(key, value, self.stage.document)

    def paint_with(self, category: str) -> None:
        self.stage.document.set_current_category(self.stage.document.taxonomy.index_of(category))

    def click(self, y: float, x: float) -> None:
        """A click, and what the tool computes from it: the scissors look at the edges."""
        self.mouse.click(y, x)
        self.stage.wait_for_tool()

    def hover(self, y: float, x: float) -> None:
        self.mouse.hover(y, x)
        self.stage.wait_for_tool()

    def drag(self, *points: tuple[float, float]) -> None:
        """Presses and moves; the button stays down."""
        self.mouse.drag(*points)
        self.stage.wait_for_tool()

    def take(self, name: str, shows_sketch: bool = True) -> None:
        """Takes a picture of what the tool is about to do, then ends the gesture without a trace."""
        stage = self.stage
        if shows_sketch:
            wait_until(lambda: stage.canvas.active_tool.sketch(stage.document), f"what {name} shows")
        wait_still(stage.canvas)
        bar = stage.window.option_bar
        origin = bar.mapTo(stage.window, bar.rect().topLeft())
        bottom = stage.canvas.mapTo(stage.window, stage.canvas.rect().bottomRight())
        path = self.folder / f"at-work-{name}.jpg"
        stage.window.grab(QRect(origin, bottom)).save(str(path), "JPG", QUALITY)
        print(path)
        self.mouse.key(Qt.Key.Key_Escape)
        self.mouse.send(RELEASE, 0, 0)


def photograph(photographer: Photographer, box: Box) -> None:
    """Shows each tool on the object in `box`."""
    y, x = (box.y0 + box.y1) / 2, (box.x0 + box.x1) / 2
    top, bottom, left, right = box.y0 - 4, box.y1 + 4, box.x0 - 4, box.x1 + 4
    photographer.use("polygon")
    for corner in ((top, left), (top, right), (bottom, right)):
        photographer.click(*corner)
    photographer.hover(bottom, left)
    photographer.take("polygon")
    photographer.use("scissors")
    for place in ((box.y0 + 3, x + 4), (y, box.x1 - 4), (box.y1 - 4, x - 20)):
        photographer.click(*place)
    photographer.hover(y, box.x0 + 6)
    photographer.take("scissors")
    photographer.paint_with("truck or bus")
    photographer.use("superpixels", size=16)
    photographer.hover(*BUS[0])
    photographer.drag(*BUS)
    photographer.take("superpixels")
    photographer.paint_with("road")
    photographer.use("wand", tolerance=30)
    photographer.drag((box.y0 - box.height / 4, x), (box.y0 - box.height / 4, x + 8))
    photographer.take("wand")
    photographer.paint_with("car")
    photographer.use("split")
    photographer.drag((top - 8, x - 10), (y, x), (bottom + 8, x + 10))
    photographer.take("split")
    photographer.use("refine")
    photographer.drag((y, x), (y, x + 10), (y, x + 20))
    photographer.take("refine")
    photographer.use("area")
    photographer.drag((top - MARGIN_PX, left - MARGIN_PX), (bottom + MARGIN_PX, right + MARGIN_PX))
    photographer.mouse.send(RELEASE, bottom + MARGIN_PX, right + MARGIN_PX)
    photographer.use("brush", width=30)
    photographer.hover(y, right)
    photographer.take("area", shows_sketch=False)


def photograph_offer(photographer: Photographer, place: tuple[int, int], shown: Box) -> None:
    """Deletes the segment at `place` and shows what the model then offers around it."""
    stage = photographer.stage
    stage.start_engine()
    photographer.use("select")
    stage.canvas.zoom_to_box(shown)
    stage.document.delete([int(stage.document.map.ids[place])])
    wait_until(lambda: stage.studio.neighbours.proposal is not None, "an offer")
    photographer.take("offer", shows_sketch=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/user-guide"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        stage = Stage(options.project, PHOTO, Path(scratch), SIZE, ThemeChoice.DARK)
        for dock in stage.window.docks.values():
            dock.hide()
        wait_still(stage.canvas)
        stage.canvas.zoom_to_box(TAXI)
        photographer = Photographer(stage, options.out)
        photographer.paint_with("car")
        photograph(photographer, TAXI)
        stage.open(OFFER_PHOTO)
        photograph_offer(photographer, OFFER_PLACE, OFFER_SHOWN)
        stage.studio.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
