"""Refining a mask by lines of a person: watershed over what the network and the picture say. numpy and opencv only.

Everything happens on a crop of at most `MAX_CROP_PX` a side, so that an answer takes the same time in any image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.inference.prompts import Line
from seamseg_studio.engine.scene.geometry import Box, Mask

MAX_CROP_PX = 512
_MARGIN_PX = 16
_CUT_PX = 160
_MAYBE = cv2.GC_PR_FGD
_REACH = 0.35  # how far around itself a line opens a mask, as a share of the mask's size
_SURE = 3.0  # log-odds at which the network is believed where a line has opened a mask
_ALIKE = 10  # steps of 256 in lightness and colour that look the same
_NUM_SEEDS = 32  # pixels of a line from which such pixels are looked for
_INSIDE, _OUTSIDE = 1, 2  # markers of the watershed

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of the image and the size at which it is looked at; its longer side is at most MAX_CROP_PX.

    Attributes:
        box: In pixels of the image.
        shape: Height and width of the crop.
    """

    box: Box
    shape: tuple[int, int]

    @classmethod
    def of(cls, box: Box) -> Crop:
        """The crop of a box that is not empty."""
        scale = min(1.0, MAX_CROP_PX / max(box.shape))
        return cls(box, (max(round(box.height * scale), 1), max(round(box.width * scale), 1)))

    def shrink(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cuts the crop out of an image [H, W, ...]."""
        return self.shrink_part(np.ascontiguousarray(pixels[self.box.slices]))

    def shrink_part(self, part: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The same of what has been cut out already."""
        if part.shape[:2] == self.shape:
            return part
        return np.asarray(cv2.resize(part, (self.shape[1], self.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)

    def enlarge(self, mask: Mask) -> Mask:
        """Turns a mask of the crop [h, w] into one of the box."""
        if self.shape == self.box.shape:
            return mask
        size = (self.box.width, self.box.height)
        smooth = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(smooth > 0.5)

    def draw(self, lines: Sequence[Line]) -> Mask:
        """The pixels of the crop that lines cross; one at least where a line is inside."""
        canvas = np.zeros(self.shape, np.uint8)
        factor = np.array(self.shape) / np.array(self.box.shape)
        for line in lines:
            points = (np.array(line.points_yx) + 0.5 - [self.box.y0, self.box.x0]) * factor - 0.5
            corners = np.round(points[:, ::-1]).astype(np.int32)
            width = max(round(line.width_px * float(factor.mean())), 1)
            if len(corners) == 1:
                cv2.circle(canvas, (int(corners[0, 0]), int(corners[0, 1])), width // 2, 1, cv2.FILLED)
            else:
                cv2.polylines(canvas, [corners.reshape(-1, 1, 2)], False, 1, width)
        return canvas.astype(bool)


def paste(plane: Plane, box: Sequence[float], crop: Crop, *, outside: float | None = None) -> Plane:
    """Lays a plane over an image and samples it, bilinearly, at the pixel centres of a crop.

    Args:
        plane: [m, n] float32.
        box: Where it lies, (y0, x0, y1, x1); image pixels, half-open.
        crop: What is sampled.
        outside: The value beyond the box; None repeats the border.
    """
    size = np.maximum([box[2] - box[0], box[3] - box[1]], 1e-3)
    grid = np.array(plane.shape) / size  # cells of the plane per pixel of the image
    step = np.array(crop.box.shape) / np.array(crop.shape) * grid
    first = (np.array([crop.box.y0, crop.box.x0]) - [box[0], box[1]]) * grid + 0.5 * step - 0.5
    matrix = np.array([[step[1], 0, first[1]], [0, step[0], first[0]]], np.float64)
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    sampled = cv2.warpAffine(
        np.ascontiguousarray(plane, np.float32),
        matrix,
        (crop.shape[1], crop.shape[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=border,
        borderValue=outside or 0.0,
    )
    return np.asarray(sampled, np.float32)


def working_crop(start: Box, lines: Sequence[Line], shape: tuple[int, int]) -> Crop:
    """The part of the image that lines can change: what is near them, all of a small segment, a part of a large one."""
    points = np.concatenate([np.array(line.points_yx) for line in lines]) if lines else np.zeros((0, 2))
    around = start
    if len(points):
        low, high = np.floor(points.min(axis=0)).astype(int), np.ceil(points.max(axis=0)).astype(int) + 1
        near = Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        everything = near.union(start).grown(_MARGIN_PX, shape)
        if max(everything.shape) <= MAX_CROP_PX:
            return Crop.of(everything)
        reach = max((MAX_CROP_PX - max(near.shape)) // 2, _MARGIN_PX)
        around = near.grown(reach, shape).clipped(shape)
    return Crop.of(around.grown(_MARGIN_PX, shape).clipped(shape))


def snapped(evidence: Plane, picture: NDArray[np.uint8], *, sure: float = 2.0) -> Mask:
    """Moves the border of what is likely to the edges of the picture.

    Args:
        evidence: Log-odds of belonging. [h, w].
        picture: RGB values. [h, w, 3].
        sure: Log-odds beyond which nothing moves.
    """
    return _flooded(evidence, picture, evidence > sure, evidence < -sure)


def refined(start: Mask, evidence: Plane, picture: NDArray[np.uint8], positive: Mask, negative: Mask) -> Mask:
    """Corrects a mask where lines contradict it.

    The mask stays as it is far from the lines. Near a line that contradicts it, the new border runs along the edges of
    the evidence and the picture. Pixels of positive lines belong to the result, those of negative lines do not;
    positive ones win where both are.

    Args:
        start: [h, w] bool.
        evidence: Log-odds of belonging, from the network. [h, w].
        picture: RGB values. [h, w, 3].
        positive: Pixels of the lines that belong to it.
        negative: Pixels of those that do not.
    """
    negative = negative & ~positive
    reach = max(8.0, _REACH * float(np.sqrt(max(start.sum(), positive.sum()))))
    to_negative, to_positive = _distance_to(negative), _distance_to(positive)
    firm = _distance_to(start ^ (cv2.erode(start.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)) > 2
    # Only lines that contradict the mask open it up again: around them, and farther where it looks the same.
    wrong_inside, wrong_outside = negative & start, positive & ~start
    open_inside = (_distance_to(wrong_inside) < reach) & (to_negative < to_positive)
    open_inside |= _alike(picture, wrong_inside, start & ~positive & (_distance_to(wrong_inside) < 2 * reach))
    open_outside = (_distance_to(wrong_outside) < reach) & (to_positive < to_negative)
    open_outside |= _alike(picture, wrong_outside, ~start & ~negative & (_distance_to(wrong_outside) < 2 * reach))
    inside = (start & firm & ~open_inside & ~negative) | positive
    outside = (~start & firm & ~open_outside & ~positive) | negative
    # Where it is open the network still has a say if it is sure and agrees with the line.
    inside |= open_outside & (evidence > _SURE) & (to_positive < reach / 2) & ~outside
    outside |= open_inside & (evidence < -_SURE) & (to_negative < reach / 2) & ~inside
    found = _flooded(evidence, picture, inside, outside)
    # A mask keeps the border that it has where nobody touched it.
    touched = cv2.dilate((open_inside | open_outside).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.asarray((np.where(touched, found, start) | positive) & ~negative)


def _alike(picture: NDArray[np.uint8], line: Mask, within: Mask) -> Mask:
    """What is joined to the pixels of a line and of about their colour."""
    found = np.zeros(line.shape, bool)
    points = np.argwhere(line)
    if len(points) == 0:
        return found
    lab = cv2.cvtColor(cv2.medianBlur(picture, 3), cv2.COLOR_RGB2Lab)
    limits = np.ones((line.shape[0] + 2, line.shape[1] + 2), np.uint8)
    limits[1:-1, 1:-1] = ~(within | line)
    tolerance = (_ALIKE,) * 3
    flags = 4 | (2 << 8) | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE
    for row, column in points[:: max(len(points) // _NUM_SEEDS, 1)]:
        if limits[row + 1, column + 1] == 0:
            cv2.floodFill(lab, limits, (int(column), int(row)), 0, tolerance, tolerance, flags)
    return np.asarray(limits[1:-1, 1:-1] == 2)


def _flooded(evidence: Plane, picture: NDArray[np.uint8], inside: Mask, outside: Mask) -> Mask:
    """Floods from both kinds of seeds until they meet, along edges of what is likely and of the picture."""
    if not inside.any() or not outside.any():
        return np.asarray((evidence > 0) & ~outside | inside)
    markers = np.zeros(evidence.shape, np.int32)
    markers[outside] = _OUTSIDE
    markers[inside] = _INSIDE
    lab = cv2.cvtColor(cv2.GaussianBlur(picture, (3, 3), 0), cv2.COLOR_RGB2Lab)
    likely = (255 / (1 + np.exp(-np.clip(evidence, -20, 20)))).astype(np.uint8)
    landscape = np.dstack([likely, lab[:, :, 0], lab[:, :, 1]])
    cv2.watershed(np.ascontiguousarray(landscape), markers)
    # The watershed's own line and the picture's frame (-1) belong to whom the network says.
    undecided = (markers != _INSIDE) & (markers != _OUTSIDE)
    return np.asarray(((markers == _INSIDE) | (undecided & (evidence > 0)) | inside) & ~outside)


def _distance_to(mask: Mask) -> Plane:
    """The distance of every pixel to the nearest one of a mask; very far if there is none."""
    if not mask.any():
        return np.full(mask.shape, 1e6, np.float32)
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3), np.float32)


def cut_out(picture: NDArray[np.uint8], inner: Box) -> Mask:
    """Tells a thing in a box from what is around it by colour alone, for when the network sees nothing (graph cut).

    Args:
        picture: RGB values. [h, w, 3].
        inner: The box in the picture; what is outside it cannot belong to the thing.
    """
    whole = np.zeros(picture.shape[:2], bool)
    whole[inner.slices] = True
    # A graph cut of more pixels would take longer than a person waits.
    scale = min(1.0, _CUT_PX / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    size = (small.shape[1], small.shape[0])
    state = np.where(cv2.resize(whole.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST), _MAYBE, cv2.GC_BGD)
    state = state.astype(np.uint8)
    if not (state == cv2.GC_BGD).any() or (state == _MAYBE).sum() < 16:
        return whole
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(np.ascontiguousarray(small), state, (0, 0, 0, 0), *models, 2, cv2.GC_INIT_WITH_MASK)
    found = np.isin(state, (cv2.GC_FGD, _MAYBE)).astype(np.float32)
    mask = (cv2.resize(found, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5) & whole
    return mask if mask.any() else whole
