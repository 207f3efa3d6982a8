"""Colours in which categories are shown: the project's own, or sets that colour-blind people can tell apart."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seamseg_studio.engine.scene.taxonomy import Taxonomy

Rgb = tuple[int, int, int]


class PaletteChoice(StrEnum):
    """In which colours categories are shown."""

    PROJECT = "project"
    OKABE_ITO = "okabe-ito"
    TOL = "tol"


# Okabe and Ito, "Color Universal Design" (2008), without black, which the image swallows.
_OKABE_ITO: tuple[Rgb, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
# Paul Tol, "Colour Schemes" (2021), the qualitative scheme "muted".
_TOL: tuple[Rgb, ...] = (
    (204, 102, 119),
    (51, 34, 136),
    (221, 204, 119),
    (17, 119, 51),
    (136, 204, 238),
    (136, 34, 85),
    (68, 170, 153),
    (153, 153, 51),
    (170, 68, 153),
)
_COLORS = {PaletteChoice.OKABE_ITO: _OKABE_ITO, PaletteChoice.TOL: _TOL}
# Towards white (positive) or black: later rounds differ from the first in lightness, which everybody sees.
_SHADES = (0.0, -0.45, 0.5, -0.7, 0.75)


def palette_color(choice: PaletteChoice, index: int) -> Rgb:
    """The colour of category `index`; the hues repeat in other shades when they run out.

    Raises:
        KeyError: `choice` is the project's own colours.
    """
    colors = _COLORS[choice]
    base, shade = colors[index % len(colors)], _SHADES[index // len(colors) % len(_SHADES)]
    goal = 255 if shade > 0 else 0
    red, green, blue = (round(value + (goal - value) * abs(shade)) for value in base)
    return red, green, blue


def displayed(taxonomy: Taxonomy, choice: PaletteChoice) -> Taxonomy:
    """`taxonomy` in the colours to be shown; for the project's own colours it is `taxonomy` itself."""
    if choice is PaletteChoice.PROJECT:
        return taxonomy
    categories = (
        replace(category, color=palette_color(choice, index)) for index, category in enumerate(taxonomy.categories)
    )
    return replace(taxonomy, categories=tuple(categories))
