"""All formats by name, and what their readers and writers have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.errors import InputError, SeamsegError
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.losses import Loss, Losses
from seamseg_studio.engine.formats.parcel import Parcel
from seamseg_studio.engine.formats.segments import ImageLabels
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Taxonomy

Labels = PanopticResult | PanopticMap

UNFORESEEN = "its labels are damaged"


class LabelledImage:
    """One image of a dataset; its labels are read when first asked for.

    Attributes:
        name: Distinct within the dataset, fit for a file name.
        image_path: The photograph; None if it is not there.
        split: The part of the dataset it belongs to ("train", "val"); "" if the dataset has no parts.
        error: What is known to be wrong with it before its labels are read.
    """

    def __init__(
        self, name: str, image_path: Path | None, read_labels: Callable[[], ImageLabels], split: str = ""
    ) -> None:
        self.name = name
        self.image_path = image_path
        self.split = split
        self.error: FormatError | None = None
        self._read_labels = read_labels

    @cached_property
    def labels(self) -> ImageLabels:
        """The labels as they come from the file: enough to compare or to write them.

        Raises:
            FormatError: They cannot be read.
        """
        return self._read()

    @cached_property
    def map(self) -> PanopticMap:
        """The labels as a panoptic map that can be edited.

        Raises:
            FormatError: They cannot be read.
        """
        labels = self._read()
        with self._enough_memory():
            return labels.to_map()

    def _read(self) -> ImageLabels:
        """Reads the labels; what a damaged file leads to in decoders and number types is an error for people."""
        try:
            with self._enough_memory():
                return self._read_labels()
        except SeamsegError:
            raise
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            raise FormatError(f"{self.name}: {UNFORESEEN} ({reason}); export it again") from error

    @contextmanager
    def _enough_memory(self) -> Iterator[None]:
        try:
            yield
        except MemoryError as error:
            raise FormatError(f"{self.name}: is too large for the memory of this machine; leave it out") from error

    @classmethod
    def failing(cls, name: str, error: FormatError) -> Self:
        """An image of which not even the files can be found: `labels` raises `error`, the other images are read."""

        def fail() -> ImageLabels:
            raise error

        image = cls(name, None, fail)
        image.error = error
        return image

    def __repr__(self) -> str:
        return f"LabelledImage({self.name!r}, {self.image_path!r}, split={self.split!r})"


class Reader(Protocol):
    """Reads a dataset image by image.

    Attributes:
        taxonomy: The categories of the dataset.
        losses: What had to be repaired or left out so far.
    """

    taxonomy: Taxonomy
    losses: Losses

    def __len__(self) -> int:
        """How many images there are."""
        ...

    def __iter__(self) -> Iterator[LabelledImage]:
        """Yields the images in a fixed order.

        Raises:
            FormatError: The dataset's index is damaged.
        """
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of an image that was written earlier.

    Attributes:
        source: The dataset it came from, as `write` was told; "" if it was not.
        split: The part it was to be put into; None if the log does not say.
        losses: What was lost or repaired in it.
    """

    source: str
    split: str | None
    losses: tuple[Loss, ...]


class Writer(Protocol):
    """Writes a dataset image by image; `write` may be called from several threads.

    Attributes:
        losses: What the format could not carry so far.
        loses_parts: Whether a dataset's parts (train, val) become one.
    """

    losses: Losses

    @property
    def loses_parts(self) -> bool: ...

    def write(
        self,
        name: str,
        image_path: Path | None,
        labels: Labels,
        *,
        image: NDArray[np.uint8] | None = None,
        split: str = "",
        source: str = "",
        repairs: Sequence[Loss] = (),
        weights: NDArray[np.float32] | None = None,
    ) -> None:
        """Writes one image's labels.

        Args:
            name: Distinct within the dataset; writing a name again replaces it.
            image_path: The photograph, where there is one.
            labels: What to write.
            image: The photograph's pixels, to spare reading them again. [H, W, 3] uint8 RGB.
            split: The part of the dataset, where the format knows parts.
            source: Tells the dataset it comes from apart from others; kept for `kept`.
            repairs: What was lost before it came here; kept for `kept`, not counted.
            weights: How much each pixel counts in training, 0 to 1. Where the format has a place for them, they are
                written together with who said so (`PanopticMap.provenance`); otherwise counted. [H, W] float32.

        Raises:
            FormatError: The format cannot hold this at all.
            OSError: A file cannot be written.
        """
        ...

    def pack(self, name: str) -> Parcel:
        """Returns what was written of an image, for another writer's `accept`.

        Args:
            name: The image, the only one of a folder that was new.

        Raises:
            ValueError: It has not been written.
        """
        ...

    def accept(self, parcel: Parcel) -> None:
        """Writes an image that another writer of the same format and options has packed, as if `write` had.

        Raises:
            FormatError: A file of it would lie elsewhere.
            OSError: A file cannot be written.
        """
        ...

    def done_names(self) -> frozenset[str]:
        """The names written so far, in earlier interrupted runs too."""
        ...

    def kept(self, name: str) -> Kept | None:
        """What is known of an image that has been written, in earlier runs too; None if it has not."""
        ...

    def has_others(self, source: str) -> bool:
        """Whether some images that have been written came from another dataset than `source`."""
        ...

    def close(self) -> None:
        """Writes the indexes. An interrupted run that is continued ends with the same files as one that was not."""
        ...

    def discard(self) -> None:
        """Takes back a run that has written no image, so that a new target leaves nothing behind; else does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Format:
    """One way of keeping labels on disk.

    Attributes:
        name: What `--format`, `--from` and `--to` take.
        title: What people read.
        module: Where `Reader` and `Writer` of the format are, loaded when first used.
        reads: Whether it can be read.
        writes: Whether it can be written.
        dialect: What its reader is told to read, if it reads several formats.
        has_splits: Whether its reader takes a `split`.
        finds_images: Whether its reader takes the folder `images`.
        copies_images: Whether its writer takes `copy_images`, as it can do without them.
        keeps_partition: Whether ids, categories and crowd flags survive writing and reading bit by bit.
    """

    name: str
    title: str
    module: str
    reads: bool = True
    has_splits: bool = False
    finds_images: bool = False
    copies_images: bool = False
    keeps_partition: bool = True
    writes: bool = True
    dialect: str = ""

    def writer(
        self, out_dir: Path | str, taxonomy: Taxonomy, *, resume: bool = False, overwrite: bool = False, **options: Any
    ) -> Writer:
        """Opens a folder for writing.

        Args:
            out_dir: Made if missing.
            taxonomy: The categories that the labels refer to.
            resume: Go on with what an interrupted run left there.
            overwrite: Replace what is there. Without either, a folder that holds such a dataset is refused.
            options: Those of the format's `Writer`.

        Raises:
            InputError: The format cannot be written.
            FormatError: The folder already holds a dataset of this format, or one with another taxonomy.
            OSError: The folder cannot be made.
        """
        if not self.writes:
            raise InputError(f"the format {self.name!r} can be read but not written; choose another one")
        module = import_module(f"{__package__}.{self.module}")
        writer: Writer = module.Writer(Path(out_dir), taxonomy, resume=resume, overwrite=overwrite, **options)
        return writer

    def reader(self, path: Path | str, **options: Any) -> Reader:
        """Opens a dataset for reading.

        Args:
            path: Its folder or index file.
            options: Those of the format's `Reader`.

        Raises:
            InputError: The format cannot be read.
            FormatError: There is no such dataset at `path`, or its index is damaged.
        """
        if not self.reads:
            raise InputError(f"the format {self.name!r} can be written but not read; choose another one")
        if self.dialect:
            options["dialect"] = self.dialect
        module = import_module(f"{__package__}.{self.module}")
        reader: Reader = module.Reader(Path(path), **options)
        return reader


FORMATS: dict[str, Format] = {
    entry.name: entry
    for entry in (
        Format("seamseg", "Seamseg dataset (img, msk, lst, coco, metadata.bin)", "seamseg", has_splits=True),
        Format(
            "coco-panoptic",
            "COCO panoptic (PNG and JSON)",
            "coco_panoptic",
            has_splits=True,
            finds_images=True,
            copies_images=True,
        ),
        Format(
            "coco-instances",
            "COCO instances (JSON with run lengths or polygons)",
            "coco_instances",
            has_splits=True,
            finds_images=True,
            copies_images=True,
            keeps_partition=False,
        ),
        Format(
            "cityscapes",
            "Cityscapes (gtFine: labelIds, instanceIds, color, polygons)",
            "cityscapes",
            has_splits=True,
            finds_images=True,
            copies_images=True,
        ),
        Format(
            "vistas",
            "Mapillary Vistas 2.0 and 1.2 (16-bit instances, config.json)",
            "vistas",
            has_splits=True,
            finds_images=True,
            copies_images=True,
        ),
        Format(
            "labelme",
            "labelme (JSON with polygons beside each photograph)",
            "labelme",
            finds_images=True,
            copies_images=True,
            keeps_partition=False,
        ),
        Format("yolo", "YOLO segmentation (polygons in text files)", "yolo", has_splits=True, keeps_partition=False),
        Format(
            "voc",
            "Pascal VOC masks (SegmentationClass, SegmentationObject)",
            "voc",
            has_splits=True,
            finds_images=True,
            copies_images=True,
        ),
        Format("npz", "Raw arrays, one .npz an image", "raw", reads=False),
        Format("overlay", "Pictures: the photo with its labels over it", "overlay", reads=False),
    )
}


def find_format(name: str) -> Format:
    """Returns the format called `name`; "datumaro:NAME" is any that this library reads.

    Raises:
        InputError: There is none; the message lists those there are.
    """
    library, _, dialect = name.partition(":")
    if library == "datumaro" and dialect:
        return Format(name, f"{dialect}, through datumaro", "foreign", writes=False, dialect=dialect)
    try:
        return FORMATS[name]
    except KeyError:
        raise InputError(f"unknown format {name!r}; there are {', '.join(FORMATS)}, and datumaro:NAME") from None


def to_map(labels: Labels) -> PanopticMap:
    """Returns the panoptic map of either kind of labels."""
    return labels.to_map() if isinstance(labels, PanopticResult) else labels
