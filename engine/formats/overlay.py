"""The picture people paste into reports: the photo with its labels over it, overlay/NAME.jpg.

Every category has its colour; instances of a thing differ in lightness and hue; outlines are white with a dark rim
around things, thin and dark between stuff; void shows the photo.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from seamseg_studio.engine.formats.folder_writer import FolderWriter
from seamseg_studio.engine.formats.label_image import write_rgb
from seamseg_studio.engine.formats.names import safe_name
from seamseg_studio.engine.formats.photos import pixels_of
from seamseg_studio.engine.formats.record_log import Record
from seamseg_studio.engine.formats.registry import Labels, to_map
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.taxonomy import VOID, Taxonomy

FOLDER = "overlay"
JPEG_QUALITY = 92

_NEUTRAL = (128, 128, 128)  # a category that the taxonomy does not know
_SHIFTS = ((0.0, 0.0), (0.10, 0.03), (-0.10, -0.03), (0.05, -0.06), (-0.05, 0.06), (0.16, 0.0), (-0.14, 0.02))


@dataclass(frozen=True, slots=True)
class OverlayStyle:
    """How an overlay looks.

    Attributes:
        opacity: Of the colours over the photo, 0 to 1.
        outlines: Whether segments are outlined.
        names: Whether the larger segments are named.
    """

    opacity: float = 0.5
    outlines: bool = True
    names: bool = False


class Writer(FolderWriter):
    """Writes OUT/overlay/NAME.jpg, or .png."""

    format_name = "overlay"
    index_names = (FOLDER,)

    def __init__(
        self,
        folder: Path,
        taxonomy: Taxonomy,
        *,
        resume: bool = False,
        overwrite: bool = False,
        style: OverlayStyle | None = None,
        lossless: bool = False,
    ) -> None:
        """Opens the target.

        Args:
            style: How the pictures look.
            lossless: PNG instead of JPEG.
            folder, taxonomy, resume, overwrite: As for `FolderWriter`.
        """
        self._style = style or OverlayStyle()
        self._lossless = lossless
        super().__init__(folder, taxonomy, resume=resume, overwrite=overwrite, settings={"lossless": lossless})
        self._make_folder(folder / FOLDER)

    def _files_of(self, record: Record) -> list[Path]:
        return [self._path(record["name"])]

    def _path(self, name: str) -> Path:
        return self.folder / FOLDER / f"{safe_name(name)}{'.png' if self._lossless else '.jpg'}"

    def _write_image(
        self, name: str, image_path: Path | None, labels: Labels, image: NDArray[np.uint8] | None, split: str
    ) -> Record:
        panoptic_map = to_map(labels)
        photo = pixels_of(image, image_path, panoptic_map.shape, name)
        picture = draw_overlay(photo, panoptic_map, self.taxonomy, self._style)
        write_rgb(self._path(name), picture, None if self._lossless else JPEG_QUALITY)
        return {}


def draw_overlay(
    image: NDArray[np.uint8], panoptic_map: PanopticMap, taxonomy: Taxonomy, style: OverlayStyle | None = None
) -> NDArray[np.uint8]:
    """Draws labels over a photograph.

    Args:
        image: RGB. [H, W, 3] uint8.
        panoptic_map: Of the same size.
        taxonomy: Names and colours of its categories.
        style: How it looks.

    Returns:
        [H, W, 3] uint8.

    Raises:
        ValueError: The sizes differ.
    """
    if image.shape[:2] != panoptic_map.shape:
        raise ValueError(f"the image is {image.shape[:2]}, the panoptic map {panoptic_map.shape}")
    style = style or OverlayStyle()
    colors = segment_colors(panoptic_map, taxonomy)
    ids = panoptic_map.ids
    painted = np.take(colors, ids, axis=0)
    picture = cast(NDArray[np.uint8], cv2.addWeighted(painted, style.opacity, image, 1 - style.opacity, 0))
    cv2.copyTo(image, (ids == VOID).view(np.uint8), picture)
    if style.outlines:
        _draw_outlines(picture, panoptic_map, taxonomy)
    if style.names:
        picture = _draw_names(picture, panoptic_map, taxonomy, colors)
    return picture


def segment_colors(panoptic_map: PanopticMap, taxonomy: Taxonomy) -> NDArray[np.uint8]:
    """Gives every segment its category's colour, things a variation each.

    Returns:
        RGB by id, up to the largest. [max id + 1, 3] uint8.
    """
    colors = np.zeros((max(panoptic_map.segments, default=0) + 1, 3), np.uint8)
    instances: dict[int, int] = {}
    for segment_id, segment in sorted(panoptic_map.segments.items()):
        known = segment.category < len(taxonomy)
        color = taxonomy[segment.category].color if known else _NEUTRAL
        if taxonomy.is_thing(segment.category) and not segment.is_crowd:
            number = instances.get(segment.category, 0)
            instances[segment.category] = number + 1
            color = _varied(color, number)
        colors[segment_id] = color
    return colors


def _varied(color: tuple[int, int, int], number: int) -> tuple[int, int, int]:
    lighter, turned = _SHIFTS[number % len(_SHIFTS)]
    hue, lightness, saturation = colorsys.rgb_to_hls(*(value / 255 for value in color))
    red, green, blue = colorsys.hls_to_rgb((hue + turned) % 1, min(max(lightness + lighter, 0.2), 0.85), saturation)
    return (round(red * 255), round(green * 255), round(blue * 255))


def _line_width(shape: tuple[int, int]) -> float:
    """Outline width in pixels: 1.3 in small pictures, growing with the shorter side."""
    return max(1.3, min(shape) / 500)


def _draw_outlines(picture: NDArray[np.uint8], panoptic_map: PanopticMap, taxonomy: Taxonomy) -> None:
    """Darkens borders between stuff, then rims things in white between dark; smooth edges, in place."""
    is_thing = np.zeros(max(panoptic_map.segments, default=0) + 1, np.uint8)
    for segment_id, segment in panoptic_map.segments.items():
        is_thing[segment_id] = taxonomy.is_thing(segment.category)
    border = _borders(panoptic_map.ids)
    things = np.take(is_thing, panoptic_map.ids)
    inner = things & border  # the rim lies inside the thing, so that small things keep their neighbours visible
    width = _line_width(panoptic_map.shape)
    _blend(picture, _coverage(_distance(border & (1 - inner)), 0.5 * width), 20, 0.55)
    to_inner = _distance(inner)
    _blend(picture, _coverage(to_inner, 1.1 * width), 15, 0.5)
    _blend(picture, _coverage(to_inner, 0.5 * width - 0.3), 255, 0.95)


def _borders(ids: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Marks the pixels on both sides of every border between two ids. [H, W] uint8, 0 or 1."""
    border = np.zeros(ids.shape, np.uint8)
    across = (ids[:, 1:] != ids[:, :-1]).view(np.uint8)
    down = (ids[1:] != ids[:-1]).view(np.uint8)
    border[:, 1:] |= across
    border[:, :-1] |= across
    border[1:] |= down
    border[:-1] |= down
    return border


def _distance(lines: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance of every pixel to the nearest that is set. [H, W] float32."""
    return cast(NDArray[np.float32], cv2.distanceTransform(1 - lines, cv2.DIST_L2, cv2.DIST_MASK_3))


def _coverage(distance: NDArray[np.float32], radius_px: float) -> NDArray[np.float32]:
    """Coverage of a line of `radius_px`, falling off over one pixel. [H, W] float32."""
    return cast(NDArray[np.float32], np.clip(np.float32(radius_px + 0.5) - distance, 0, 1))


def _blend(picture: NDArray[np.uint8], coverage: NDArray[np.float32], grey: int, opacity: float) -> None:
    where = coverage > 0
    share = (coverage[where] * opacity)[:, None]
    picture[where] = np.rint(picture[where] * (1 - share) + grey * share).astype(np.uint8)


def _draw_names(
    picture: NDArray[np.uint8], panoptic_map: PanopticMap, taxonomy: Taxonomy, colors: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Names the segments that are larger than their name at their innermost point, larger ones first."""
    height, width = panoptic_map.shape
    size = max(11, round(min(height, width) / 32))
    font = ImageFont.load_default(size)
    canvas = Image.fromarray(picture)
    pen = ImageDraw.Draw(canvas, "RGBA")
    taken: list[tuple[float, float, float, float]] = []
    by_area = sorted(panoptic_map.areas().items(), key=lambda item: (-item[1], item[0]))
    for segment_id, area in by_area:
        category = panoptic_map.segments[segment_id].category
        if area < size * size or category >= len(taxonomy):
            continue
        y, x = _innermost(panoptic_map, segment_id)
        text = taxonomy[category].name
        left, top, right, bottom = pen.textbbox((x, y), text, font=font, anchor="mm")
        pad = size * 0.3
        box = (left - pad, top - pad, right + pad, bottom + pad)
        if area < (box[2] - box[0]) * (box[3] - box[1]):
            continue
        shift_x = max(0.0, -box[0]) - max(0.0, box[2] - width)
        shift_y = max(0.0, -box[1]) - max(0.0, box[3] - height)
        box = (box[0] + shift_x, box[1] + shift_y, box[2] + shift_x, box[3] + shift_y)
        if any(box[0] < old[2] and old[0] < box[2] and box[1] < old[3] and old[1] < box[3] for old in taken):
            continue
        taken.append(box)
        pen.rounded_rectangle(box, radius=pad, fill=(20, 20, 24, 205), outline=(*colors[segment_id].tolist(), 255))
        pen.text((x + shift_x, y + shift_y), text, font=font, anchor="mm", fill=(255, 255, 255, 255))
    return np.asarray(canvas)


def _innermost(panoptic_map: PanopticMap, segment_id: int) -> tuple[float, float]:
    """The pixel of a segment that is farthest from its edge, (y, x)."""
    mask, box = panoptic_map.mask(segment_id)
    padded = np.pad(mask.astype(np.uint8), 1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_3)
    y, x = np.unravel_index(int(np.argmax(distance)), distance.shape)
    return (box.y0 + float(y) - 1, box.x0 + float(x) - 1)
