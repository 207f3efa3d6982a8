"""Copying a dataset from one format to another, image by image, several at a time."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.formats.errors import FormatError, ImageError
from seamseg_studio.engine.formats.losses import Losses, merged, noted
from seamseg_studio.engine.formats.mapping import TaxonomyMapping
from seamseg_studio.engine.formats.photos import check_photo
from seamseg_studio.engine.formats.registry import LabelledImage, Reader, Writer
from seamseg_studio.engine.formats.segments import ImageLabels

UNREADABLE = "photographs that cannot be read"
_MAX_PARTS = 5  # named in a sentence
# What the disk says when no other image could be written either.
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENODEV})


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion did.

    Attributes:
        num_images: Images written now.
        num_kept: Images that an earlier, interrupted run had written.
        failures: Image name and reason of those that could not be converted.
        losses: What the target could not carry, and what had to be repaired in the source.
    """

    num_images: int
    num_kept: int
    failures: tuple[tuple[str, str], ...]
    losses: Losses


def convert(
    reader: Reader,
    writer: Writer,
    mapping: TaxonomyMapping | None = None,
    *,
    prefix: str = "",
    source: str = "",
    default_split: str = "",
    num_threads: int = 4,
    on_image: Callable[[str], None] | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> Conversion:
    """Reads every image and writes it; one that fails does not stop the others. The writer is left open.

    Args:
        reader: The source.
        writer: The target; images that it already has are skipped.
        mapping: Translates the labels; None if both sides have the same taxonomy.
        prefix: Put before every image's name, so that several datasets can be merged into one.
        source: Tells this dataset apart from others that the target may hold images of.
        default_split: The part of images that belong to none.
        num_threads: Images in work at once.
        on_image: Told the name of every image that is done, failed or skipped.
        is_cancelled: Asked before every image; True stops after those in work.

    Raises:
        FormatError: The target has an image of the same name from another dataset; nothing was written.
        OSError: The disk is full or broken; what is done is a valid dataset.
    """
    mapped = Losses()
    done = writer.done_names()
    _check_names(reader, writer, prefix, source)
    failures: list[tuple[str, str]] = []
    written = kept = 0

    def one(image: LabelledImage) -> None:
        with noted() as repairs:
            labels = image.labels
            _check_photo(image, labels, mapped)
            if mapping is not None:
                labels = mapping.apply(labels, image.name, mapped)
        name, photo, split = prefix + image.name, image.image_path, image.split or default_split
        weights, panoptic_map = labels.weights, labels.to_map()
        writer.write(name, photo, panoptic_map, split=split, source=source, repairs=repairs, weights=weights)

    def collect(futures: set[Future[None]]) -> None:
        nonlocal written
        for future in futures:
            name = names.pop(future)
            try:
                future.result()
                written += 1
            except Exception as error:  # the job runner: one image must not end the others
                if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
                    raise
                failures.append((name, explain(name, error)))
            if on_image is not None:
                on_image(name)

    names: dict[Future[None], str] = {}
    seen: set[str] = set()
    part_of: dict[str, str] = {}
    with ThreadPoolExecutor(num_threads) as pool:
        for image in reader:
            if is_cancelled is not None and is_cancelled():
                break
            if image.name in seen:
                failures.append((image.name, f"{image.name}: the source has two images of this name; rename one"))
                if on_image is not None:
                    on_image(image.name)
                continue
            seen.add(image.name)
            if image.split and writer.loses_parts:
                part_of[image.name] = image.split
            if prefix + image.name in done and _has_part(writer, prefix + image.name, image.split or default_split):
                kept += 1
                recall_losses(writer, prefix + image.name, mapped)
                if on_image is not None:
                    on_image(image.name)
                continue
            names[pool.submit(one, image)] = image.name
            if len(names) >= 2 * num_threads:
                collect(wait(names, return_when=FIRST_COMPLETED).done)
        collect(wait(names).done)
    for name, _ in failures:
        part_of.pop(name, None)
    _count_parts(part_of, mapped)
    return Conversion(written, kept, tuple(sorted(failures)), merged([reader.losses, mapped, writer.losses]))


def recall_losses(writer: Writer, name: str, losses: Losses) -> None:
    """Adds what an image lost when it was written, perhaps by an earlier run."""
    former = writer.kept(name)
    for loss in former.losses if former is not None else ():
        losses.add(loss.kind, loss.image, loss.count, loss.detail)


def explain(name: str, error: Exception) -> str:
    """A sentence for an image that could not be converted: what went wrong, with which file, and what to do."""
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
        return f"{name}: is too large for the memory of this machine; convert it with fewer --workers"
    if isinstance(error, SeamsegError):
        return str(error)
    reason = " ".join(str(error).split())[:160] or type(error).__name__
    if isinstance(error, OSError):
        path = error.filename2 or error.filename or name  # of a renaming the second is the one that people know
        return f"{path}: {error.strerror or reason}; make room for this file or choose another target"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    return f"{name}: unexpected {type(error).__name__} ({reason}; {where}); report it with the image's labels"


def _check_photo(image: LabelledImage, labels: ImageLabels, losses: Losses) -> None:
    """Refuses labels of another size than their photograph; one that cannot be read is counted, as labels go on."""
    if image.image_path is None:
        return
    height, width = labels.ids.shape
    try:
        check_photo(image.image_path, (height, width))
    except ImageError as error:
        losses.add(UNREADABLE, image.name, 1, str(error))


def _count_parts(part_of: dict[str, str], losses: Losses) -> None:
    """Counts the images whose part the target does not keep; one part alone is the whole dataset."""
    parts = sorted(set(part_of.values()))
    if len(parts) < 2:
        return
    named = ", ".join(parts[:_MAX_PARTS]) + (", ..." if len(parts) > _MAX_PARTS else "")
    for name, part in part_of.items():
        losses.add(f"memberships in parts of the dataset ({named}) left out", name, 1, part)


def _has_part(writer: Writer, name: str, split: str) -> bool:
    """Whether a written image is in the part where it belongs; a project may have been divided anew since."""
    former = writer.kept(name)
    return writer.loses_parts or former is None or former.split in (None, split)


def _check_names(reader: Reader, writer: Writer, prefix: str, source: str) -> None:
    """Refuses to take the images of another dataset for those of this one, before anything is written."""
    if not source or not writer.has_others(source):
        return
    # What the reader repairs on its way is counted when it is read for good.
    losses, reader.losses = reader.losses, Losses()
    try:
        for image in reader:
            former = writer.kept(prefix + image.name)
            if former is not None and former.source not in ("", source):
                raise FormatError(
                    f"{prefix}{image.name}: the target has an image of this name from another dataset; "
                    "tell them apart with another --prefix, or choose another target"
                )
    finally:
        reader.losses = losses
