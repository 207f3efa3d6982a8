"""Where training images come from, and how they reach a batch."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Sampler

from seamseg_studio.engine.errors import InputError, SeamsegError
from seamseg_studio.engine.formats.image_file import read_image, read_size
from seamseg_studio.engine.formats.registry import LabelledImage
from seamseg_studio.engine.formats.seamseg import Reader
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.batch import Batch, Collate
from seamseg_studio.training.errors import TrainingError, TrainingInputError
from seamseg_studio.training.sample import VOID_CATEGORY, Sample
from seamseg_studio.training.transforms import Cutout, TrainTransform, join_four, paste

MAX_PASTED = 4
ACCEPTED_WEIGHT = 0.5  # of a segment that the model got right: it teaches less than one that it got wrong
_EPOCH_PRIME, _INDEX_PRIME = 1_000_003, 7_919


class SampleSource(Protocol):
    """Labelled images by number."""

    def __len__(self) -> int: ...
    def size(self, index: int) -> tuple[int, int]:
        """Returns (height, width) without reading the pixels."""
        ...

    def __getitem__(self, index: int) -> Sample: ...


class MemorySource:
    """Samples that are held in memory."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = list(samples)

    def __len__(self) -> int:
        return len(self._samples)

    def size(self, index: int) -> tuple[int, int]:
        """Returns (height, width)."""
        return self._samples[index].size

    def __getitem__(self, index: int) -> Sample:
        return self._samples[index]


class SeamsegSource:
    """One split of a seamseg dataset, read from disk when asked.

    Attributes:
        taxonomy: Its categories.
        is_partial: Whether void may hide things, as in corrections, which nobody vouched for everywhere.
    """

    def __init__(self, folder: Path, split: str) -> None:
        """Opens the split.

        Raises:
            FormatError: There is no such dataset or split, or an image is described wrongly.
            TrainingInputError: It holds no images, or a photograph is missing.
        """
        reader = Reader(folder, split=split)
        self.taxonomy: Taxonomy = reader.taxonomy
        self.is_partial = reader.has_weights
        self._images: list[LabelledImage] = list(reader)
        if not self._images:
            raise TrainingInputError(f"{folder}: split {split!r} lists no images; export some or name another split")
        for image in self._images:
            if image.error is not None:
                raise image.error
            if image.image_path is None:
                raise TrainingInputError(f"{folder}: the photograph of {image.name!r} is missing from img/; add it")

    def __len__(self) -> int:
        return len(self._images)

    def size(self, index: int) -> tuple[int, int]:
        """Returns (height, width)."""
        path = self._images[index].image_path
        assert path is not None
        return read_size(path)

    def __getitem__(self, index: int) -> Sample:
        image = self._images[index]
        assert image.image_path is not None
        labels = image.labels
        # The reader keeps all labels it has read; a large dataset would fill the memory.
        image.__dict__.pop("labels", None)
        return sample_from_map(image.name, read_image(image.image_path), labels.to_map(), labels.weights)


def sample_from_map(
    name: str, image: np.ndarray, panoptic_map: PanopticMap, pixel_weights: NDArray[np.float32] | None = None
) -> Sample:
    """Returns a panoptic map as ground truth, its segments numbered without gaps.

    Args:
        name: What messages call it.
        image: [H, W, 3] uint8.
        panoptic_map: The labels.
        pixel_weights: How much each pixel counts; None for the same. [H, W] float32.

    Raises:
        TrainingInputError: The image and the map differ in size.
    """
    if image.shape[:2] != panoptic_map.shape:
        raise TrainingInputError(
            f"{name}: the image is {image.shape[1]} x {image.shape[0]} pixels, its labels are "
            f"{panoptic_map.shape[1]} x {panoptic_map.shape[0]}; label it again or restore the image"
        )
    old = sorted(panoptic_map.segments)
    table = np.zeros(max([0, *old]) + 1, dtype=np.int32)
    table[old] = np.arange(1, len(old) + 1)
    segments = [panoptic_map.segments[i] for i in old]
    categories = np.array([VOID_CATEGORY, *(s.category for s in segments)], dtype=np.int64)
    is_crowd = np.array([False, *(s.is_crowd for s in segments)], dtype=np.bool_)
    weights = None if pixel_weights is None else segment_weights(panoptic_map, pixel_weights)
    return Sample(name, image, table[panoptic_map.ids], categories, is_crowd, weights)


def segment_weights(panoptic_map: PanopticMap, pixel_weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns how much each segment counts: the mean of its pixels, times `ACCEPTED_WEIGHT` if the model made it.

    Args:
        panoptic_map: Of a correction.
        pixel_weights: Of the same; see `Correction.weights`. [H, W].

    Returns:
        In the order of `sample_from_map`, entry 0 being void. [S + 1].
    """
    human = np.isin(panoptic_map.provenance, (Origin.HUMAN.code, Origin.IMPORTED.code))
    touched = set(np.unique(panoptic_map.ids[human]).tolist())
    sums = np.bincount(panoptic_map.ids.ravel(), pixel_weights.ravel(), panoptic_map.next_id())
    counts = np.bincount(panoptic_map.ids.ravel(), minlength=panoptic_map.next_id())
    weights = [1.0]
    for segment_id in sorted(panoptic_map.segments):
        by_model = panoptic_map.segments[segment_id].origin is Origin.MODEL and segment_id not in touched
        mean = float(sums[segment_id] / max(1, counts[segment_id]))
        weights.append(mean * (ACCEPTED_WEIGHT if by_model else 1.0))
    return np.array(weights, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Takes the place of a sample that cannot be read, on its way out of a worker.

    An error that leaves a worker by itself arrives as the text of its traceback.

    Attributes:
        message: What the error says.
        is_input: Whether it is one of the data.
    """

    message: str
    is_input: bool


class TrainingSet(Dataset[Sample | Unreadable]):
    """Randomly changed samples; what an item looks like depends on the seed, the epoch and the index alone.

    Args:
        source: The images.
        transform: How they are changed.
        seed: Of all chance.
        cutouts: Instances to paste.
        copy_paste: Probability that some are pasted into a sample.
        mosaic: Probability that a sample is joined with three others of the source, to one of the crop size.
    """

    def __init__(
        self,
        source: SampleSource,
        transform: TrainTransform,
        *,
        seed: int = 0,
        cutouts: Sequence[Cutout] = (),
        copy_paste: float = 0.0,
        mosaic: float = 0.0,
    ) -> None:
        self.source = source
        self._transform = transform
        self._seed = seed
        self._cutouts = list(cutouts)
        self._copy_paste = copy_paste
        self._mosaic = mosaic

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, key: Any) -> Sample | Unreadable:
        try:
            return self._make(*key)
        except SeamsegError as error:
            return Unreadable(str(error), isinstance(error, InputError))
        except OSError as error:
            return Unreadable(f"{error.filename or 'an image'}: {error.strerror or error}", False)

    def _make(self, epoch: int, place: int, index: int) -> Sample:
        rng = random.Random(self._seed + _EPOCH_PRIME * (epoch + 1) + _INDEX_PRIME * place + index)
        sample = self._transform(self.source[index], rng)
        if self._mosaic and rng.random() < self._mosaic:
            others = [self._transform(self.source[rng.randrange(len(self.source))], rng) for _ in range(3)]
            height, width = self._transform.crop_size
            sample = join_four([sample, *others], (height, width), rng)
        if self._cutouts and rng.random() < self._copy_paste:
            for _ in range(rng.randint(1, MAX_PASTED)):
                sample = paste(sample, rng.choice(self._cutouts), rng)
        return sample


class KeyedBatches(Sampler[list[tuple[int, int, int]]]):
    """Adds the epoch and the place in it to each index, and starts in the middle of an epoch after a resume."""

    def __init__(self, batches: Any) -> None:
        self._batches = batches
        self._epoch = 0
        self._start = 0

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        """Sets the epoch that the next iteration is for, and how many of its batches are over."""
        self._batches.set_epoch(epoch)
        self._epoch = epoch
        self._start = start

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[tuple[int, int, int]]]:
        for number, batch in enumerate(self._batches):
            if number >= self._start:
                yield [(self._epoch, number * len(batch) + i, index) for i, index in enumerate(batch)]


class _Loader(DataLoader[Any]):
    """Raises in this process what a worker has met, as one sentence."""

    def __iter__(self) -> Any:
        for batch in super().__iter__():
            if isinstance(batch, Unreadable):
                raise TrainingInputError(batch.message) if batch.is_input else TrainingError(batch.message)
            yield batch


@dataclass(frozen=True, slots=True)
class _Collated:
    """Makes a batch of samples, unless one could not be read."""

    collate: Callable[[Sequence[Sample]], Batch]

    def __call__(self, samples: Sequence[Sample | Unreadable]) -> Batch | Unreadable:
        wrong = next((sample for sample in samples if isinstance(sample, Unreadable)), None)
        return self.collate([s for s in samples if isinstance(s, Sample)]) if wrong is None else wrong


def make_loader(
    dataset: TrainingSet, batches: KeyedBatches, collate: Collate, *, num_workers: int, pin_memory: bool
) -> DataLoader[Batch]:
    """Returns the loader of a training set; its workers live as long as it does.

    Iterating raises TrainingInputError or TrainingError if an image cannot be read.
    """
    return _Loader(
        dataset,
        batch_sampler=batches,
        collate_fn=_Collated(collate),
        num_workers=num_workers,
        pin_memory=pin_memory,
        # Its own, or each epoch would draw from the random numbers of the training, and a resumed run differ.
        generator=torch.Generator().manual_seed(0),
        persistent_workers=num_workers > 0,
        prefetch_factor=3 if num_workers else None,
    )
