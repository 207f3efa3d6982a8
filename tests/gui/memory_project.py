"""A project in memory, for tests of the canvas and the tools: the journal without a disk."""

from __future__ import annotations

from dataclasses import dataclass

from seamseg_studio.engine.project import ImageRecord, Status
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal."""

    label: str
    undone: bool


class MemoryProject:
    """What a document asks of a project."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self.read_only = False
        self.patches: list[Patch] = []
        self.num_done = 0

    def append(self, image_id: int, patch: Patch) -> int:
        del self.patches[self.num_done :]
        self.patches.append(Patch.from_bytes(patch.to_bytes()))
        self.num_done += 1
        return self.num_done

    def undo(self, image_id: int) -> Patch | None:
        if not self.num_done:
            return None
        self.num_done -= 1
        return self.patches[self.num_done]

    def redo(self, image_id: int) -> Patch | None:
        if self.num_done == len(self.patches):
            return None
        self.num_done += 1
        return self.patches[self.num_done - 1]

    def images(self) -> list[ImageRecord]:
        return []

    def history(self, image_id: int) -> list[Line]:
        return [Line(patch.label, place >= self.num_done) for place, patch in enumerate(self.patches)]


def record_of(shape: tuple[int, int]) -> ImageRecord:
    """The line of an image of `shape`."""
    return ImageRecord(
        id=1,
        file="a.jpg",
        name="a.jpg",
        height=shape[0],
        width=shape[1],
        sha256="",
        status=Status.NEW,
        note="",
        has_labels=True,
        num_edits=0,
    )
