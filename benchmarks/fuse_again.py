"""How long the model's thresholds take to move: `python benchmarks/fuse_again.py [--device cuda] [PHOTO ...]`.

Prints milliseconds of a prediction, of the first fusion with other thresholds (which makes the masks of all
detections) and of the next ones, over the sample photos; and how many pixels differ from a prediction with the same
thresholds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from seamseg_studio.engine import load_model
from seamseg_studio.engine.formats.image_file import find_images, read_image
from seamseg_studio.engine.inference.options import PredictOptions

SAMPLES = Path(__file__).parents[1] / "resources" / "samples" / "images"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", type=Path, default=[SAMPLES], help="files or folders")
    parser.add_argument("--model", help="bundle (default: the starter)")
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    predictor = load_model(args.model, device=args.device)
    times: dict[str, list[float]] = {"prediction": [], "first fusion": [], "further fusions": []}
    num_pixels = num_different = 0
    for path in find_images(args.images):
        image = read_image(path)
        predictor.predict(image, key="photo")  # warms up
        for _ in range(3):
            start_s = time.perf_counter()
            predictor.predict(image, key="photo")
            times["prediction"].append(time.perf_counter() - start_s)
        for number, score in enumerate((0.5, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8)):
            options = PredictOptions(score_threshold=score, with_second_choice=False)
            start_s = time.perf_counter()
            result = predictor.fuse_again("photo", options)
            times["further fusions" if number else "first fusion"].append(time.perf_counter() - start_s)
            assert result is not None
            if number < 3:
                different = result.ids != predictor.predict(image, options, key="photo-again").ids
                num_pixels, num_different = num_pixels + different.size, num_different + int(different.sum())
    print(f"{predictor.bundle_name} on {predictor.device}, milliseconds")
    for name, values in times.items():
        p95 = np.percentile(values, 95)
        print(f"{name:16} median {1e3 * statistics.median(values):7.1f}   95 % below {1e3 * p95:7.1f}")
    print(f"{num_different} of {num_pixels} pixels differ from a prediction")


if __name__ == "__main__":
    main()
