"""Finding the prediction of an image: by name, in any order, without keeping more than must be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.evaluation.pairing import evaluate, lookup
from seamseg_studio.engine.formats.registry import LabelledImage
from seamseg_studio.engine.formats.segments import ImageLabels
from seamseg_studio.engine.scene.panoptic_map import Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

_TAXONOMY = Taxonomy("t", (Category("road", Kind.STUFF, (1, 2, 3)),))
_NAMES = [f"{number:03}" for number in range(40)]


def _image(name: str) -> LabelledImage:
    return LabelledImage(name, None, lambda: ImageLabels(np.full((2, 3), 1, np.int32), {1: Segment(0)}))


def test_predictions_in_the_same_order_are_opened_one_by_one() -> None:
    opened: list[str] = []

    def predictions() -> Iterator[LabelledImage]:
        for name in _NAMES:
            opened.append(name)
            yield _image(name)

    find = lookup(predictions())
    for number, name in enumerate(_NAMES, 1):
        find(_image(name))
        assert len(opened) == number


@pytest.mark.parametrize("num_threads", [0, 4])
@pytest.mark.parametrize("order", [_NAMES, _NAMES[::-1], _NAMES[20:] + _NAMES[:20]])
def test_any_order_will_do(order: list[str], num_threads: int) -> None:
    find = lookup(map(_image, order))
    found = evaluate(map(_image, _NAMES), _TAXONOMY, find, _TAXONOMY, num_threads=num_threads)
    assert (found.stats.num_images, found.failures) == (40, ())


def test_a_missing_prediction_is_named_and_stops_no_other() -> None:
    find = lookup(map(_image, [name for name in _NAMES if name != "007"]))
    found = evaluate(map(_image, _NAMES), _TAXONOMY, find, _TAXONOMY)
    assert [name for name, _ in found.failures] == ["007"]
    assert found.stats.num_images == 39
    with pytest.raises(InputError, match="008: there is no prediction"):
        find(_image("008"))  # each is given once
