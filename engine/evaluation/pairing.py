"""Bringing predictions and ground truth together: by image name, in one taxonomy."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from seamseg_studio.engine.errors import InputError, SeamsegError
from seamseg_studio.engine.evaluation.average_precision import AveragePrecision, InstanceCollector
from seamseg_studio.engine.evaluation.panoptic_quality import Labelling, PanopticStats, Rules, compare, score
from seamseg_studio.engine.formats.registry import LabelledImage
from seamseg_studio.engine.formats.segments import ImageLabels
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.taxonomy import VOID_CATEGORY, Taxonomy

_NUM_THREADS = 4
_NUM_WORST = 10


@dataclass(frozen=True, slots=True)
class ImageScore:
    """How well one image was labelled.

    Attributes:
        name: The image.
        pq: Mean over the categories that occur in it, 0 to 1.
        found, invented, missed: Segments.
    """

    name: str
    pq: float
    found: int
    invented: int
    missed: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        taxonomy: That of the ground truth.
        stats: Sums over all images that could be compared.
        failures: Image name and reason of those that could not.
        precision: AP of things, if it was asked for.
        ignored_categories: Categories of the predictions that the ground truth does not know; they count as void.
        worst: The images with the lowest PQ, lowest first, at most ten; images where nothing occurs are left out.
    """

    taxonomy: Taxonomy
    stats: PanopticStats
    failures: tuple[tuple[str, str], ...] = ()
    precision: AveragePrecision | None = None
    ignored_categories: tuple[str, ...] = ()
    worst: tuple[ImageScore, ...] = ()


def translation(predicted: Taxonomy, true: Taxonomy) -> tuple[np.ndarray, tuple[str, ...]]:
    """Finds the categories of a prediction in the ground truth, by name (letter case aside).

    Returns:
        The true category of each predicted one, `VOID_CATEGORY` where there is none ([C] int64), and the names of
        those without.

    Raises:
        InputError: No category has a counterpart.
    """
    index = {category.name.casefold(): number for number, category in enumerate(true.categories)}
    table = np.array([index.get(c.name.casefold(), VOID_CATEGORY) for c in predicted.categories], np.int64)
    unknown = tuple(c.name for c in predicted.categories if c.name.casefold() not in index)
    if len(unknown) == len(table):
        raise InputError(
            f"the predictions ({predicted.name}) and the ground truth ({true.name}) have no category in common; "
            "rename the categories or convert with a taxonomy"
        )
    return table, unknown


def evaluate(
    truths: Iterable[LabelledImage],
    true_taxonomy: Taxonomy,
    predict: Callable[[LabelledImage], PanopticMap | ImageLabels],
    predicted_taxonomy: Taxonomy,
    *,
    rules: Rules = Rules.PANOPTICAPI,
    with_precision: bool = False,
    num_threads: int = _NUM_THREADS,
    on_image: Callable[[str], None] | None = None,
) -> Evaluation:
    """Compares a prediction for every image of the ground truth.

    Args:
        truths: The ground truth.
        true_taxonomy: Its categories.
        predict: Gives the prediction for an image; called from `num_threads` threads, or from this one if that is 0.
        predicted_taxonomy: The categories of the predictions; matched by name.
        rules: How void and crowd are treated.
        with_precision: Whether to compute AP too, which takes many times longer.
        num_threads: For reading and comparing.
        on_image: Told the name of every image that is done.

    Raises:
        InputError: The taxonomies have nothing in common.
    """
    table, ignored = translation(predicted_taxonomy, true_taxonomy)
    num_categories = len(true_taxonomy)

    collector = InstanceCollector(true_taxonomy) if with_precision else None

    def one(image: LabelledImage) -> PanopticStats:
        prediction = predict(image)
        guess = Labelling.of_map(prediction)
        guess = dataclasses.replace(guess, categories=table[guess.categories])
        stats = compare(Labelling.of_map(image.labels), guess, num_categories, rules)
        if collector is not None:
            segments = {
                i: dataclasses.replace(segment, category=int(table[segment.category]))
                for i, segment in prediction.segments.items()
            }
            collector.add(image.labels.ids, image.labels.segments, prediction.ids, segments)
        return stats

    total = PanopticStats.zeros(num_categories)
    failures = []
    worst: list[ImageScore] = []
    for name, outcome in _outcomes(truths, one, num_threads):
        try:
            stats = outcome()
            total += stats
            worst = sorted([*worst, *_image_score(name, stats, true_taxonomy)], key=lambda image: image.pq)[:_NUM_WORST]
        except SeamsegError as error:
            failures.append((name, str(error)))
        except (OSError, ValueError) as error:
            failures.append((name, f"{name}: {error}"))
        if on_image is not None:
            on_image(name)
    precision = collector.compute() if collector is not None else None
    return Evaluation(true_taxonomy, total, tuple(failures), precision, ignored, tuple(worst))


def _image_score(name: str, stats: PanopticStats, taxonomy: Taxonomy) -> list[ImageScore]:
    pq = score(stats, taxonomy).all.pq
    counts = (int(n.sum()) for n in (stats.true_positives, stats.false_positives, stats.false_negatives))
    return [] if np.isnan(pq) else [ImageScore(name, pq, *counts)]


def lookup(predictions: Iterable[LabelledImage]) -> Callable[[LabelledImage], ImageLabels]:
    """Makes a `predict` for `evaluate` that finds stored predictions by image name.

    Goes through the predictions as they are asked for, and keeps those that come before their turn: none, if both sides
    are in one order, as readers give them.

    Raises (the result, when called):
        InputError: There is none of that name.
    """
    coming = iter(predictions)
    early: dict[str, LabelledImage] = {}
    lock = threading.Lock()

    def find(image: LabelledImage) -> ImageLabels:
        with lock:
            found = early.pop(image.name, None)
            while found is None:
                candidate = next(coming, None)
                if candidate is None:
                    raise InputError(f"{image.name}: there is no prediction for this image; label it first")
                if candidate.name == image.name:
                    found = candidate
                else:
                    early[candidate.name] = candidate
        return found.labels

    return find


def _outcomes(
    images: Iterable[LabelledImage], work: Callable[[LabelledImage], PanopticStats], num_threads: int
) -> Iterator[tuple[str, Callable[[], PanopticStats]]]:
    """Yields each image's name and its outcome in order, a few images ahead where there are threads."""
    if num_threads == 0:
        for image in images:
            yield image.name, lambda image=image: work(image)  # type: ignore[misc]
        return
    with ThreadPoolExecutor(num_threads) as pool:
        ahead: list[tuple[str, Future[PanopticStats]]] = []
        for image in images:
            ahead.append((image.name, pool.submit(work, image)))
            if len(ahead) > 2 * num_threads:
                name, future = ahead.pop(0)
                yield name, future.result
        for name, future in ahead:
            yield name, future.result
