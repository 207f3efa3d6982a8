"""Formats that we do not know ourselves, read through the library datumaro: CamVid, CVAT, KITTI, Open Images, ...

https://github.com/open-edge-platform/datumaro. It knows no kinds of categories: every label is a thing, and a taxonomy
with a `map` says which are stuff. The label "background" is void. Its list of images is held in memory.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.formats.errors import FormatError, ImageError
from seamseg_studio.engine.formats.image_file import MAX_PIXELS, read_size
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.names import names_in_parts
from seamseg_studio.engine.formats.palettes import ForeignCategory, make_taxonomy
from seamseg_studio.engine.formats.polygons import fill, usable
from seamseg_studio.engine.formats.registry import LabelledImage
from seamseg_studio.engine.formats.segments import ImageLabels
from seamseg_studio.engine.formats.stacking import Stack
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.panoptic_map import Origin, Segment

NO_AREA = "annotations left out that have no area of pixels (boxes, points, captions, ...)"
UNLABELLED = "areas without a label left out"

_VOID_LABELS = ("background", "void", "unlabeled", "unlabelled", "ignore")


class Reader:
    """Reads polygons and masks of any dataset that datumaro opens; larger areas lie below smaller ones.

    Attributes:
        taxonomy: The dataset's labels, all things.
        losses: What has no place in a partition so far.
    """

    def __init__(self, path: Path, *, dialect: str, max_pixels: int = MAX_PIXELS) -> None:
        """Opens a dataset.

        Args:
            path: What datumaro wants to be named: mostly the folder.
            dialect: Datumaro's name of the format.
            max_pixels: Larger images are refused.

        Raises:
            FormatError: Datumaro is not installed, does not know the format or finds no such dataset.
        """
        try:
            import datumaro
            from datumaro.components.errors import DatumaroError
        except ImportError as error:
            raise FormatError(
                f"{path}: the format {dialect} is read through a library that is not installed; "
                "run pip install seamseg-studio[formats]"
            ) from error
        self.losses = Losses()
        self._context = contextvars.copy_context()
        self._path = path
        self._max_pixels = max_pixels
        try:
            dataset = datumaro.Dataset.import_from(str(path), dialect)
            self._items: list[Any] = list(dataset)
            labels = dataset.categories().get(datumaro.AnnotationType.label)
        except (DatumaroError, OSError, ValueError, LookupError, TypeError) as error:
            reason = " ".join(str(error).split())[:160] or type(error).__name__
            raise FormatError(f"{path}: cannot be read as {dialect} ({reason}); check the folder and --from") from error
        names = [label.name for label in labels.items] if labels is not None else []
        entries = [ForeignCategory(i, n, True) for i, n in enumerate(names) if n.lower() not in _VOID_LABELS]
        try:
            self.taxonomy, self._category = make_taxonomy(path.resolve().name, entries)
        except TaxonomyError as error:
            raise FormatError(f"{path}: {error}") from error
        self._void = set(range(len(names))) - set(self._category)
        self._names = names_in_parts([(item.subset, item.id) for item in self._items], self.losses)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[LabelledImage]:
        for item, name in zip(self._items, self._names, strict=True):
            given = getattr(item.media, "path", None)
            photo = Path(given) if given and Path(given).is_file() else None
            yield LabelledImage(name, photo, partial(self._read_labels, name, item, photo), item.subset)

    def _read_labels(self, name: str, item: Any, photo: Path | None) -> ImageLabels:
        # Datumaro decodes masks now, and keeps its settings where other threads do not see them.
        return self._context.copy().run(self._lay_areas, name, item, photo)

    def _lay_areas(self, name: str, item: Any, photo: Path | None) -> ImageLabels:
        size = self._size(name, item, photo)
        areas = []
        no_area = unlabelled = 0
        for annotation in item.annotations:
            found = self._area(annotation, size, name)
            if found is None:
                no_area += 1
            elif annotation.label is None or (annotation.label not in self._category):
                unlabelled += annotation.label not in self._void
            else:
                areas.append((annotation, *found))
        self.losses.add(NO_AREA, name, no_area)
        self.losses.add(UNLABELLED, name, unlabelled)
        stack = Stack(size, self.taxonomy, name, self.losses)
        areas.sort(key=lambda area: (area[0].z_order, -int(np.count_nonzero(area[1]))))
        for annotation, mask, box in areas:
            segment = Segment(self._category[annotation.label], origin=Origin.IMPORTED)
            stack.lay(stack.add(segment), mask, box)
        return stack.finish()

    def _area(
        self, annotation: Any, size: tuple[int, int], name: str
    ) -> tuple[NDArray[np.bool_], tuple[int, int, int, int]] | None:
        kind = annotation.type.name
        if kind == "mask":
            mask = np.asarray(annotation.image, np.bool_)
            if mask.shape != size:
                raise FormatError(
                    f"{self._path}: a mask of image {name!r} is {mask.shape[1]} x {mask.shape[0]}, the image is "
                    f"{size[1]} x {size[0]} pixels; they do not belong together"
                )
            return mask, (0, 0, *size)
        if kind == "polygon":
            corners = usable(np.reshape(annotation.points, (-1, 2)), size, name, self.losses)
            return (np.zeros((0, 0), np.bool_), (0, 0, 0, 0)) if corners is None else fill(corners, size)
        return None

    def _size(self, name: str, item: Any, photo: Path | None) -> tuple[int, int]:
        if photo is not None:
            return read_size(photo, self._max_pixels)
        size = getattr(item.media, "size", None)
        if size is None:
            raise ImageError(f"{self._path}: the size of image {name!r} is not known; add its photograph")
        height, width = int(size[0]), int(size[1])
        if not 0 < height * width <= self._max_pixels:
            raise FormatError(
                f"{self._path}: image {name!r} has {width} x {height} pixels; the limit is {self._max_pixels:,}"
            )
        return height, width
