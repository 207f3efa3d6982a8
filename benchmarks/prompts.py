"""How long a person waits for the model: `python benchmarks/prompts.py [--model M] [--device cuda] [PHOTO ...]`.

Sends prompts to the engine process as the window does, from the request to the answer, for photos that it has looked
at: boxes, clicks, strokes and the categories of a segment. Prints median and 95 % milliseconds of each kind, and of the
first look at a photo.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from seamseg_studio.engine.formats.image_file import find_images, read_image
from seamseg_studio.engine.service.client import EngineClient
from seamseg_studio.engine.service.protocol import BoxPrompt, CategoryPrompt, ClickPrompt, Line, Prompt, StrokesPrompt

SAMPLES = Path(__file__).parents[1] / "resources" / "samples" / "images"


def prompts_of(height: int, width: int, rng: np.random.Generator) -> dict[str, Prompt]:
    """Returns one prompt of each kind somewhere in an image."""
    y0, x0 = rng.uniform(0, 0.6) * height, rng.uniform(0, 0.6) * width
    y1, x1 = y0 + rng.uniform(0.1, 0.4) * height, x0 + rng.uniform(0.1, 0.4) * width
    y, x = (y0 + y1) / 2, (x0 + x1) / 2
    return {
        "box": BoxPrompt(y0, x0, y1, x1),
        "click": ClickPrompt(y, x),
        "strokes": StrokesPrompt((Line(((y, x), (y, x + 20)), 5.0),), (Line(((y0, x0), (y0, x0 + 10)), 5.0),)),
        "categories": CategoryPrompt(None, y, x),
    }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", type=Path, default=[SAMPLES], help="files or folders")
    parser.add_argument("--model", help="bundle (default: the starter)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeats", type=int, default=5, help="prompts of each kind a photo")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    times: dict[str, list[float]] = {}

    def note(name: str, start_s: float) -> None:
        times.setdefault(name, []).append(1000 * (time.perf_counter() - start_s))

    with EngineClient(model=args.model, device=args.device) as client:
        model = client.wait_until_loaded(120.0)
        for number, path in enumerate(find_images(args.images)):
            image, key = read_image(path), str(path)
            start_s = time.perf_counter()
            client.predict(image, key=key).future.result(120.0)
            note("first look" if number else "first of all", start_s)
            for turn in range(args.repeats):
                for name, prompt in prompts_of(image.shape[0], image.shape[1], rng).items():
                    # The first of a kind on a photo prepares what the next ones use.
                    label = name if turn else f"{name}, first on a photo"
                    start_s = time.perf_counter()
                    client.prompt(image, prompt, key=key).future.result(120.0)
                    note(label, start_s)
        print(f"{model.name} on {model.device}, milliseconds from the request to the answer")
    for name, values in sorted(times.items()):
        print(f"{name:28} median {np.median(values):7.1f}   95 % below {np.percentile(values, 95):7.1f}")


if __name__ == "__main__":
    main()
