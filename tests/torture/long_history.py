"""Strokes on an image with a long history and on one with none: python -m tests.torture.long_history [--steps 500]

What else the machine does slows both alike, so that this tells what the hours of `soak` tell on a quiet machine only:
whether a stroke takes longer the more there were before it. Prints the processor's time of both; exits with 1 if the
p95 of the long history is more than 1.2 times that of the other.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.torture import soak

LONG, SHORT = 1, 2  # numbers of the images
ROUNDS = 6


def compare(person: soak.Person, num_steps: int) -> tuple[list[float], list[float]]:
    """Paints in turns on both images; returns the seconds of each stroke on the long history and on the other."""
    session = person.studio.session

    def show(image_id: int) -> None:
        session.open_image(image_id)
        person._wait(
            lambda: session.document is not None and session.document.record.id == image_id and person._is_labelled(),
            "an image",
        )

    show(LONG)
    assert session.project is not None
    while len(session.project.history(LONG)) < num_steps:
        person._paint()
    seconds: dict[int, list[float]] = {LONG: [], SHORT: []}
    for _ in range(ROUNDS):
        for image_id in (LONG, SHORT):
            show(image_id)
            before = len(person.strokes)
            for _ in range(3):
                person._paint()
            seconds[image_id] += [used for _, _, used in person.strokes[before:]]
            while image_id == SHORT and session.document is not None and session.document.can_undo:
                session.document.undo()
    return seconds[LONG], seconds[SHORT]


def main() -> int:
    """Runs it with the tests' model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=500)
    args = parser.parse_args()
    application = soak.QApplication(["long history"])
    with TemporaryDirectory(prefix="history-") as name:
        folder = Path(name)
        for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            os.environ[variable] = str(folder / variable)
        photos = folder / "photos"
        photos.mkdir()
        sample = min((Path(str(files("seamseg_studio.resources"))) / "samples" / "images").iterdir())
        for number in (LONG, SHORT):
            shutil.copy(sample, photos / f"{number}{sample.suffix}")
        studio = soak.Studio(application, soak.Settings(folder / "studio.ini"), factory="gui_fake_engine:load")
        window = soak.MainWindow(studio)
        window.resize(1366, 768)
        window.show()
        window.load_canvas()
        studio.engine.start()
        try:
            person = soak.Person(studio, window, folder)
            studio.session.open_paths([photos])
            person._wait(lambda: studio.session.document is not None and person._is_labelled(), "the first image")
            long, short = (soak.p95(seconds) for seconds in compare(person, args.steps))
        finally:
            studio.close()
            window.deleteLater()
            soak.QApplication.processEvents()
    print(f"p95 of a stroke, processor's time: {long:.1f} ms after {args.steps} steps, {short:.1f} ms after none")
    return int(long > 1.2 * short)


if __name__ == "__main__":
    sys.exit(main())
