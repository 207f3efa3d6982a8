"""Putting a model's answer into the words of a project whose categories are others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seamseg_studio.engine.service.protocol import (
    BoxPrompt,
    CategoryScore,
    PackedMask,
    Prompt,
    PromptAnswer,
    StrokesPrompt,
)

if TYPE_CHECKING:
    from seamseg_studio.engine.scene.consequences import Consequences, CorrectedPart, Statement
    from seamseg_studio.engine.scene.panoptic_result import PanopticResult
    from seamseg_studio.engine.scene.taxonomy import Taxonomy


def missing_categories(model: Taxonomy, project: Taxonomy) -> list[str]:
    """The names that the model knows and the project does not, in the model's order."""
    known = {category.name for category in project.categories}
    return [category.name for category in model.categories if category.name not in known]


def in_words_of(project: Taxonomy, result: PanopticResult, model: Taxonomy) -> PanopticResult:
    """Translates categories by name; segments of a category that the project lacks become void.

    The result is `result` itself where both taxonomies list the same names in the same order.
    """
    names = [category.name for category in model.categories]
    if names == [category.name for category in project.categories]:
        return result
    places = {category.name: index for index, category in enumerate(project.categories)}
    import numpy as np  # only now: the window is up before it is needed

    from seamseg_studio.engine.scene.taxonomy import VOID, VOID_CATEGORY

    table = np.full(256, VOID_CATEGORY, np.int64)
    for index, name in enumerate(names):
        table[index] = places.get(name, VOID_CATEGORY)
    categories = table[np.clip(result.categories, 0, VOID_CATEGORY)]
    kept = np.arange(len(categories), dtype=np.int32)
    kept[categories == VOID_CATEGORY] = VOID
    second = None if result.second_choice is None else table.astype(np.uint8)[result.second_choice]
    return replace(result, ids=kept[result.ids], categories=categories, second_choice=second)


def answer_in_words_of(project: Taxonomy, answer: PromptAnswer, model: Taxonomy) -> PromptAnswer:
    """Translates the categories of an answer by name; those that the project lacks are left out.

    If the project has none of them the answer proposes nothing: an empty mask and no categories.
    """
    places = {category.name: index for index, category in enumerate(project.categories)}
    categories = tuple(
        CategoryScore(places[model[score.category].name], score.probability)
        for score in answer.categories
        if model[score.category].name in places
    )
    import numpy as np

    mask = answer.mask if categories else PackedMask.of(np.zeros((1, 1), bool))
    return replace(answer, mask=mask, categories=categories)


def prompt_in_words_of(model: Taxonomy, prompt: Prompt, project: Taxonomy) -> Prompt:
    """Translates the category that a prompt asks for, if any, to the model's; one that it does not know is dropped."""
    if not isinstance(prompt, BoxPrompt | StrokesPrompt) or prompt.category is None:
        return prompt
    places = {category.name: index for index, category in enumerate(model.categories)}
    return replace(prompt, category=places.get(project[prompt.category].name))


def part_in_words_of(model: Taxonomy, part: CorrectedPart, project: Taxonomy) -> CorrectedPart:
    """Translates the categories around a correction by name to the model's; one that it does not know is void's."""
    from seamseg_studio.engine.scene.taxonomy import VOID_CATEGORY

    places = {category.name: index for index, category in enumerate(model.categories)}
    table = [places.get(category.name, VOID_CATEGORY) for category in project.categories]

    def translate(said: Statement) -> Statement:
        return replace(said, categories={i: table[category] for i, category in said.categories.items()})

    return replace(part, before=translate(part.before), after=translate(part.after))


def consequences_in_words_of(project: Taxonomy, found: Consequences, model: Taxonomy) -> Consequences:
    """Translates what follows from a correction as `in_words_of` does; what the project lacks is nothing new."""
    from seamseg_studio.engine.scene.taxonomy import VOID

    result = in_words_of(project, found.result, model)
    return replace(found, result=result, is_new=found.is_new & (result.ids != VOID))
