"""A project as a dataset: what the writers of all formats take, with a split that does not leak."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from seamseg_studio.engine.files import atomic_write
from seamseg_studio.engine.formats.conversion import convert
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.names import unique_names
from seamseg_studio.engine.formats.registry import LabelledImage, find_format
from seamseg_studio.engine.formats.segments import ImageLabels
from seamseg_studio.engine.project.corrections import vouched_labels, vouched_records
from seamseg_studio.engine.project.errors import ProjectError, SaveError
from seamseg_studio.engine.project.images import Progress
from seamseg_studio.engine.project.records import ImageRecord
from seamseg_studio.engine.project.split import VAL, Split, SplitRule
from seamseg_studio.engine.project.store import Project
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.taxonomy import Taxonomy

SPLIT_FILE = "split.json"
BY_NAME = "photographs that are missing and were never looked at, kept with their like by name alone"


class ProjectReader:
    """Reads a project image by image, as the readers of `engine.formats` do.

    Attributes:
        taxonomy: The categories of the project.
        losses: Images that were divided without knowing what they look like.
        split: Which image is in which part; None if the images were not divided.
    """

    def __init__(
        self, project: Project, *, only_vouched: bool = True, rule: SplitRule | None = None, part: str | None = None
    ) -> None:
        """Chooses the images.

        Args:
            project: Stays open as long as this is used.
            only_vouched: Corrections: void where nobody vouched, images that nobody has worked on left out. If not,
                all labels, the model's too.
            rule: How to divide the images; not divided if missing.
            part: Only the images of this part (`split.TRAIN` or `split.VAL`).

        Raises:
            ProjectError: The images cannot be divided, or there is no such part.
        """
        self.taxonomy: Taxonomy = project.taxonomy
        self.losses = Losses()
        self._project = project
        self._only_vouched = only_vouched
        records = vouched_records(project) if only_vouched else [r for r in project.images() if r.has_labels]
        names = unique_names([record.path for record in records])
        self._entries = list(zip(records, names, strict=True))
        self.split: Split | None = None
        if rule is not None:
            self.split = project.split_images([record.id for record in records], rule)
            for record, name in self._entries:
                if record.id in self.split.unseen and rule.val_share > 0:
                    self.losses.add(BY_NAME, name, 1, str(record.path))
        if part is not None:
            known = set() if self.split is None else set(self.split.part_of.values())
            if part not in known:
                raise ProjectError(
                    f"{project.folder}: has no part {part!r}; there is {', '.join(sorted(known)) or 'none'}"
                )
            self._entries = [entry for entry in self._entries if self._part(entry[0]) == part]

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[LabelledImage]:
        for record, name in self._entries:
            image_path = record.path if record.path.is_file() else None
            yield LabelledImage(name, image_path, self._labels_of(record), self._part(record))

    def entries(self) -> list[tuple[ImageRecord, str]]:
        """Returns the images and their names in the dataset."""
        return list(self._entries)

    def _part(self, record: ImageRecord) -> str:
        return "" if self.split is None else self.split.part_of[record.id]

    def _labels_of(self, record: ImageRecord) -> Callable[[], ImageLabels]:
        def read() -> ImageLabels:
            panoptic_map: PanopticMap = self._project.load_map(record.id)
            if not self._only_vouched:
                return ImageLabels(panoptic_map.ids, dict(panoptic_map.segments))
            panoptic_map, weights = vouched_labels(panoptic_map, record.status, self.taxonomy)
            return ImageLabels(panoptic_map.ids, dict(panoptic_map.segments), panoptic_map.provenance, weights)

        return read


@dataclass(frozen=True, slots=True)
class ExportedCorrections:
    """What an export wrote.

    Attributes:
        num_train: Images to train on.
        num_val: Images to validate on.
        num_groups: Groups that were kept together.
        failures: Image name and reason of those that could not be written.
        losses: Sentences about what the format could not carry.
    """

    num_train: int
    num_val: int
    num_groups: int
    failures: tuple[tuple[str, str], ...]
    losses: tuple[str, ...]


def export_corrections(
    project: Project,
    folder: Path | str,
    *,
    rule: SplitRule | None = None,
    format_name: str = "seamseg",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ExportedCorrections:
    """Writes the corrections as a dataset with the parts `train` and `val`.

    `split.json` beside it says how the images were divided; the same project and rule give the same parts again.

    Args:
        project: Where they come from.
        folder: Where to; made if missing.
        rule: How to divide them; `SplitRule()` if missing.
        format_name: One of `engine.formats`.
        overwrite: Replace a dataset that is there.
        progress: Called with (done, total); returning False stops after the images at hand.

    Raises:
        ProjectError: There are no corrections, or they cannot be divided without leaking.
        FormatError: The folder holds a dataset already.
        SaveError: The folder cannot be written.
    """
    folder = Path(folder)
    reader = ProjectReader(project, rule=rule or SplitRule())
    if not len(reader):
        raise ProjectError(f"{project.folder}: has no corrected or accepted images; correct or accept one first")
    state = {"done": 0, "stopped": False}

    def on_image(name: str) -> None:
        state["done"] += 1
        if progress is not None and progress(int(state["done"]), len(reader)) is False:
            state["stopped"] = True

    assert reader.split is not None
    try:
        with find_format(format_name).writer(folder, reader.taxonomy, overwrite=overwrite) as writer:
            done = convert(
                reader, writer, num_threads=2, on_image=on_image, is_cancelled=lambda: bool(state["stopped"])
            )
        atomic_write(folder / SPLIT_FILE, _split_json(project, reader).encode())
    except OSError as error:
        raise SaveError(folder, error) from error
    parts = [reader.split.part_of[record.id] for record, _ in reader.entries()]
    return ExportedCorrections(
        len(parts) - parts.count(VAL),
        parts.count(VAL),
        len(set(reader.split.group_of.values())),
        done.failures,
        tuple(done.losses.summary()),
    )


def _split_json(project: Project, reader: ProjectReader) -> str:
    assert reader.split is not None
    split = reader.split
    content = {
        "project": project.folder.name,
        "val_share": split.rule.val_share,
        "group_by": split.rule.group_by.value,
        "seed": split.rule.seed,
        "images": {
            name: {"part": split.part_of[record.id], "group": split.group_of[record.id], "status": record.status.value}
            for record, name in reader.entries()
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=1)
