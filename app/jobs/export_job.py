"""Writing the labels of a project to disk in another format; runs in a thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING

from seamseg_studio.app.jobs.job import JobContext, sentence_of
from seamseg_studio.engine.errors import SeamsegError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seamseg_studio.engine.formats.losses import Losses
    from seamseg_studio.engine.formats.mapping import TaxonomyMapping
    from seamseg_studio.engine.formats.registry import Writer
    from seamseg_studio.engine.project import ImageRecord, Project
    from seamseg_studio.engine.scene.panoptic_map import PanopticMap

TOO_SMALL = "segments too small for the chosen size"


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What to write where.

    Attributes:
        format_name: One of the registry's.
        folder: Made if missing.
        accepted_only: Whether images that nobody has accepted are left out.
        overwrite: Whether a dataset that is there is replaced.
        mapping: File that says what the categories become; None for as they are.
        validation_percent: Of the images, in the part for validation; 0 for one part only.
        group_by: What stays in one part besides near-duplicates: a value of `engine.project.split.GroupBy`.
        max_side_px: Images and labels are made smaller so that no side is longer; 0 for as they are.
        copy_images: Whether the photographs are put beside the labels, where the format can do without.
    """

    format_name: str
    folder: Path
    accepted_only: bool = False
    overwrite: bool = False
    mapping: Path | None = None
    validation_percent: int = 0
    group_by: str = "look"
    max_side_px: int = 0
    copy_images: bool = False


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written, what the format could not carry, and a sentence for each image that was left out."""

    folder: Path
    num_written: int
    losses: tuple[str, ...]
    problems: tuple[str, ...]


def chosen_records(records: Sequence[ImageRecord], *, accepted_only: bool) -> list[ImageRecord]:
    """The images that an export would write: those with labels, or of them the accepted ones."""
    if accepted_only:
        return [record for record in records if record.status == "accepted"]
    return [record for record in records if record.has_labels]


def export(project: Project, order: ExportOrder, context: JobContext) -> ExportReport:
    """Writes the labels. One image that cannot be written never stops the others.

    Raises:
        SeamsegError: Nothing can be written there at all.
        JobCancelled: The person cancelled; what is written is complete and has its index.
    """
    from seamseg_studio.engine.formats.losses import Losses, merged
    from seamseg_studio.engine.formats.names import unique_names
    from seamseg_studio.engine.formats.registry import find_format
    from seamseg_studio.engine.project.dataset import BY_NAME

    records = chosen_records(project.images(), accepted_only=order.accepted_only)
    names = unique_names([record.path for record in records])
    chosen = find_format(order.format_name)
    mapping = _mapping(order, project)
    taxonomy = project.taxonomy if mapping is None else mapping.target
    # Smaller labels fit only photographs that are as small.
    copies = chosen.copies_images and (order.copy_images or order.max_side_px > 0)
    options = {"copy_images": True} if copies else {}
    parts, unseen = _parts(project, records, order, context) if chosen.has_splits else ({}, frozenset())
    own_losses = Losses()
    for record, name in zip(records, names, strict=True):
        if record.id in unseen:
            own_losses.add(BY_NAME, name, 1, str(record.path))
    problems: list[str] = []
    num_written = 0
    try:
        target = chosen.writer(order.folder, taxonomy, overwrite=order.overwrite, **options)
    except OSError as error:
        raise SeamsegError(f"{order.folder}: {error.strerror or error}; choose another folder") from error
    # The writer closes, and so writes its index, also when the person cancels in the middle.
    with target as writer:
        for record, name in zip(records, names, strict=True):
            context.report(num_written + len(problems), len(records))
            split = parts.get(record.id, "")
            try:
                _write(writer, project, record, name, order, mapping, own_losses, split)
                num_written += 1
            except (SeamsegError, OSError) as error:
                if isinstance(error, OSError) and error.errno == ENOSPC:
                    raise SeamsegError(f"{order.folder}: the disk is full; free some space and export again") from error
                problems.append(f"{record.name}: {sentence_of(error)}")
    losses = merged([own_losses, writer.losses])
    return ExportReport(order.folder, num_written, tuple(losses.summary()), tuple(problems))


def _parts(
    project: Project, records: Sequence[ImageRecord], order: ExportOrder, context: JobContext
) -> tuple[Mapping[int, str], frozenset[int]]:
    """The part of the dataset that each image belongs to, by id, and the images that were divided by name alone.

    Near-duplicates are never torn apart.
    """
    from seamseg_studio.engine.project.split import GroupBy, SplitRule

    if order.validation_percent <= 0:
        return {}, frozenset()

    def progress(done: int, total: int) -> bool:
        context.check()
        return True

    rule = SplitRule(order.validation_percent / 100, GroupBy(order.group_by))
    split = project.split_images([record.id for record in records], rule, progress)
    return split.part_of, split.unseen


def _mapping(order: ExportOrder, project: Project) -> TaxonomyMapping | None:
    from seamseg_studio.engine.formats.mapping import read_mapping

    return None if order.mapping is None else read_mapping(order.mapping, project.taxonomy)


def _write(
    writer: Writer,
    project: Project,
    record: ImageRecord,
    name: str,
    order: ExportOrder,
    mapping: TaxonomyMapping | None,
    losses: Losses,
    split: str,
) -> None:
    from seamseg_studio.engine.formats.image_file import read_image
    from seamseg_studio.engine.formats.segments import ImageLabels

    panoptic_map = project.load_map(record.id)
    if mapping is not None:
        panoptic_map = mapping.apply(ImageLabels(panoptic_map.ids, panoptic_map.segments), name, losses).to_map()
    side = max(panoptic_map.shape)
    if not order.max_side_px or side <= order.max_side_px:
        writer.write(name, record.path, panoptic_map, split=split)
        return
    smaller, image = shrunk(panoptic_map, read_image(record.path), order.max_side_px / side)
    losses.add(TOO_SMALL, name, len(panoptic_map.segments) - len(smaller.segments))
    writer.write(name, None, smaller, image=image, split=split)


def shrunk(panoptic_map: PanopticMap, image: NDArray[np.uint8], scale: float) -> tuple[PanopticMap, NDArray[np.uint8]]:
    """Labels and photograph `scale` times as large; segments that no pixel shows any more are gone.

    Each label is that of the pixel in the middle of what it covers; the photograph is averaged.
    """
    import cv2
    import numpy as np

    from seamseg_studio.engine.formats.segments import ImageLabels

    shape = tuple(max(1, round(length * scale)) for length in panoptic_map.shape)
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(np.intp) for new, old in zip(shape, panoptic_map.shape, strict=True)
    )
    ids = panoptic_map.ids[np.ix_(rows, columns)]
    left = set(np.unique(ids).tolist())
    segments = {segment_id: one for segment_id, one in panoptic_map.segments.items() if segment_id in left}
    smaller = cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return ImageLabels(ids, segments).to_map(), smaller.astype(np.uint8, copy=False)
