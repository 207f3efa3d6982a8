"""A model's answer in the words of a project with other categories."""

from __future__ import annotations

import numpy as np

from seamseg_studio.app.jobs.taxonomy_match import in_words_of, missing_categories
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy


def taxonomy(stuff: str, things: str) -> Taxonomy:
    categories = [Category(name, Kind.STUFF, (index, 0, 0)) for index, name in enumerate(stuff.split())]
    categories += [Category(name, Kind.THING, (0, index, 0)) for index, name in enumerate(things.split())]
    return Taxonomy("t", tuple(categories))


def result() -> PanopticResult:
    ids = np.array([[0, 1, 1], [2, 2, 3]], np.int32)
    second = np.array([[255, 1, 1], [0, 0, 2]], np.uint8)
    scores = np.array([0, 0.9, 0.8, 0.7], np.float32)
    return PanopticResult(ids, np.array([255, 0, 1, 2]), scores, np.zeros(4, bool), second)


MODEL = taxonomy("road sky", "car")


def test_same_names_need_no_translation() -> None:
    answer = result()
    assert in_words_of(taxonomy("road sky", "car"), answer, MODEL) is answer


def test_categories_are_found_by_name() -> None:
    translated = in_words_of(taxonomy("sky tree road", "bus car"), result(), MODEL)
    assert translated.categories.tolist() == [255, 2, 0, 4]
    assert translated.ids.tolist() == result().ids.tolist()
    assert translated.second_choice is not None
    assert translated.second_choice.tolist() == [[255, 0, 0], [2, 2, 4]]


def test_unknown_categories_become_void() -> None:
    project = taxonomy("road", "car")
    translated = in_words_of(project, result(), MODEL)
    assert translated.ids.tolist() == [[0, 1, 1], [0, 0, 3]]
    assert missing_categories(MODEL, project) == ["sky"]
    panoptic_map = translated.to_map()
    panoptic_map.check(project)
    assert {segment.category for segment in panoptic_map.segments.values()} == {0, 1}
