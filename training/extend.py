"""More categories for a trained network: its heads grow, what they know stays."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.scene.taxonomy import Kind, Taxonomy
from seamseg_studio.training.errors import TrainingInputError

NEW_BIAS = -4.0  # a new category begins unlikely, so that predictions change with what is learned only


def extended_taxonomy(base: Taxonomy, project: Taxonomy, used: frozenset[int], where: str) -> Taxonomy:
    """Returns the base's categories and those of a project that are used and new, stuff first, then things.

    Args:
        base: Of the model.
        project: Of the labels.
        used: The project's categories that occur in its labels.
        where: What messages call the project.

    Raises:
        TrainingInputError: A category is stuff in one taxonomy and a thing in the other.
    """
    kinds = {category.name: category.kind for category in base.categories}
    new = []
    for index in sorted(used):
        category = project[index]
        if category.name not in kinds:
            new.append(category)
        elif kinds[category.name] is not category.kind:
            raise TrainingInputError(
                f"{where}: category {category.name!r} is {category.kind} there and {kinds[category.name]} in the base "
                f"model ({base.name}); rename it, or choose a base where it is {category.kind}"
            )
    if not new:
        return base
    joined = (*base.categories, *new)
    stuff = [category for category in joined if category.kind is Kind.STUFF]
    things = [category for category in joined if category.kind is Kind.THING]
    return Taxonomy(base.name, (*stuff, *things))


def category_map(base: Taxonomy, extended: Taxonomy) -> Tensor:
    """Returns the place in `extended` of each category of `base`. [C] int64."""
    return torch.tensor([extended.index_of(category.name) for category in base.categories], dtype=torch.long)


def load_extended(network: PanopticNet, weights: Mapping[str, Tensor], base: Taxonomy, extended: Taxonomy) -> None:
    """Loads the weights of a network for `base` into one for `extended`; new categories begin unlikely.

    Args:
        network: Built for `extended`.
        weights: Of the base.
        base, extended: Their taxonomies; the second holds all categories of the first.
    """
    places = category_map(base, extended)
    things = places[base.num_stuff :] - extended.num_stuff
    state = network.state_dict()
    rows = {
        "sem_head.conv_sem": places,
        "roi_head.roi_cls": torch.cat([torch.zeros(1, dtype=torch.long), things + 1]),
        "roi_head.roi_bbx": (things[:, None] * 4 + torch.arange(4)).flatten(),
        "roi_head.roi_msk": things,
    }
    scored = ("sem_head.conv_sem", "roi_head.roi_cls")
    for name, value in weights.items():
        part = name.rpartition(".")[0]
        if part not in rows or len(value) == len(state[name]):
            state[name] = value
            continue
        grown = torch.zeros_like(state[name])
        if name.endswith("bias") and part in scored:
            grown.fill_(float(value.mean()) + NEW_BIAS)
        grown[rows[part]] = value
        state[name] = grown
    network.load_state_dict(state)
