"""The frame of writers: the target folder, resuming, and the record of what is done."""

from __future__ import annotations

import errno
import math
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.files import all_or_none, atomic_write, finite, open_own, sweep_parts
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.losses import Loss, Losses, noted
from seamseg_studio.engine.formats.names import path_inside
from seamseg_studio.engine.formats.parcel import Parcel
from seamseg_studio.engine.formats.record_log import Record, RecordLog, read_records
from seamseg_studio.engine.formats.registry import Kept, Labels, to_map
from seamseg_studio.engine.formats.segments import NO_SCORE
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Taxonomy

SCORES = "scores left out"
NO_WEIGHTS = "images without what their pixels count in training and who labelled them"
_LOSSES, _SOURCE, _PART, _MORE = "losses", "source", "part", "more"  # keys of the log that no index takes over


class FolderWriter(ABC):
    """Keeps a log of finished images beside the dataset; subclasses write one image and, at the end, the indexes.

    Attributes:
        format_name: The format's name, also that of its log `.NAME.log`.
        index_names: Files and folders whose presence without a log means a dataset from elsewhere.
        scores_lost: What is said of scores if the format has no place for them.
        needs_finite_scores: Whether its scores lie in JSON files, which hold no other numbers.
        loses_parts: Whether a dataset's parts (train, val) become one.
        folder: The target.
        taxonomy: The categories that the labels refer to.
        losses: What the format could not carry so far.
    """

    format_name: ClassVar[str]
    index_names: ClassVar[tuple[str, ...]] = ()
    scores_lost: ClassVar[str] = ""
    needs_finite_scores: ClassVar[bool] = False
    loses_parts: ClassVar[bool] = False

    def __init__(
        self,
        folder: Path,
        taxonomy: Taxonomy,
        *,
        resume: bool = False,
        overwrite: bool = False,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """Opens the target.

        Args:
            folder: Made if missing.
            taxonomy: The categories that the labels refer to.
            resume: Go on with what is there.
            overwrite: Replace what is there.
            settings: What else must be the same for a run to be continued.

        Raises:
            FormatError: There is something to resume or overwrite and neither was asked for, or it was begun with
                another taxonomy or other settings.
        """
        self.folder = folder
        self.taxonomy = taxonomy
        self.losses = Losses()
        self._made: list[Path] = []
        self._is_closed = False
        self._has_written = False
        try:
            self._make_folder(folder)
        except FileExistsError as error:
            raise FormatError(f"{folder}: is a file, not a folder; choose another target") from error
        path = folder / f".{self.format_name}.log"
        self._former = folder / f".{self.format_name}.log.old"
        header = {
            "format": self.format_name,
            "version": 1,
            "categories": taxonomy.to_json()["categories"],  # the name may differ: datasets can be merged
            "settings": dict(settings or {}),
        }
        if path.exists() and not resume and not overwrite:
            raise FormatError(
                f"{folder}: already holds a {self.format_name} dataset; "
                "resume it, overwrite it or choose another folder"
            )
        foreign = [name for name in self.index_names if (folder / name).exists()]
        if foreign and not path.exists() and not overwrite:
            raise FormatError(f"{folder / foreign[0]}: is there already; overwrite it or choose another folder")
        if path.exists() or self._former.exists():
            sweep_parts(folder, self.format_name)  # of a run that was killed
        if path.exists() and overwrite:
            # The former dataset stays until the new one is done: nothing is gone if every image fails.
            try:
                with open_own(self._former, "ab") as former:
                    former.write(finite(path).read_bytes())
            except OSError as error:
                reason = error.strerror
                raise FormatError(
                    f"{self._former}: cannot be written ({reason}); remove it or choose another"
                ) from error
            path.unlink()
        self._log = RecordLog(path, header, resume=resume)

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
        """Writes one image's labels. See `registry.Writer.write`."""
        self._has_written = True
        self._check_categories(name, labels)
        # A failure leaves no half of an image behind, and what it was to replace as it was.
        with noted() as found, all_or_none(self.format_name) as files:
            record = self._write_image(name, image_path, labels, image, split)
            if weights is not None:
                record |= self._write_weights(name, to_map(labels), weights)
            if self.scores_lost:
                self.losses.add(self.scores_lost, name, _count_scores(labels))
            elif self.needs_finite_scores:
                self.losses.add(NO_SCORE, name, _count_broken_scores(labels))
        record = {"name": name, **record}
        more = [path.relative_to(self.folder).as_posix() for path in files if path not in self._files_of(record)]
        lost = [[loss.kind, loss.image, loss.count, _printable(loss.detail)] for loss in (*repairs, *found)]
        record |= {_PART: split} | ({_MORE: more} if more else {}) | ({_LOSSES: lost} if lost else {})
        self._note(record | ({_SOURCE: source} if source else {}))

    def pack(self, name: str) -> Parcel:
        """Returns what was written of the only image of a new folder. See `registry.Writer.pack`."""
        record = self._log.record(name)
        if record is None:
            raise ValueError(f"{name} has not been written")
        written = (path for path in self.folder.rglob("*") if path.is_file() and path != self._log.path)
        files = {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in written}
        return Parcel(record, files)

    def accept(self, parcel: Parcel) -> None:
        """Writes an image that another writer has packed. See `registry.Writer.accept`."""
        self._has_written = True
        with all_or_none(self.format_name):
            for name, data in sorted(parcel.files.items()):
                path = path_inside(self.folder, name, self.folder)
                self._make_folder(path.parent)
                atomic_write(path, data, durable=False)
        for loss in parcel.record.get(_LOSSES, ()):
            self.losses.add(*loss)
        self._note(parcel.record)

    def _note(self, record: Record) -> None:
        """Puts an image that is written into the log; removes files that it had before and has no more."""
        former = self._log.record(record["name"])
        self._log.append(record)
        if former is not None:
            for stale in {*self._all_files_of(former)} - {*self._all_files_of(record)}:
                self._remove(stale)

    def kept(self, name: str) -> Kept | None:
        """What the log says of an image; None if it was not written. See `registry.Writer.kept`."""
        record = self._log.record(name)
        if record is None:
            return None
        losses = tuple(Loss(*entry) for entry in record.get(_LOSSES, ()))
        return Kept(record.get(_SOURCE, ""), record.get(_PART), losses)

    def _check_categories(self, name: str, labels: Labels) -> None:
        if isinstance(labels, PanopticResult):
            used: list[int] = labels.categories[1:].tolist()
        else:
            used = [segment.category for segment in labels.segments.values()]
        wrong = [category for category in used if not 0 <= category < len(self.taxonomy)]
        if wrong:
            raise FormatError(
                f"{name}: has a segment of category {wrong[0]}, but the taxonomy {self.taxonomy.name!r} ends with "
                f"{len(self.taxonomy) - 1}; label it with this taxonomy or name the right one"
            )

    @abstractmethod
    def _write_image(
        self, name: str, image_path: Path | None, labels: Labels, image: NDArray[np.uint8] | None, split: str
    ) -> Record:
        """Writes the files of one image; returns what the indexes need of it."""

    def _write_weights(self, name: str, panoptic_map: PanopticMap, weights: NDArray[np.float32]) -> Record:
        """Writes how much each pixel counts and who said so; returns what the indexes need of it."""
        self.losses.add(NO_WEIGHTS, name)
        return {}

    def _write_indexes(self) -> None:  # noqa: B027 - formats without an index have nothing to do
        """Writes what describes all images together."""

    def _files_of(self, record: Record) -> list[Path]:
        """The label files of an image: if one is missing it must be written again."""
        return []

    def _all_files_of(self, record: Record) -> list[Path]:
        """Those, and what else was written with them: the photograph."""
        more = (path_inside(self.folder, name, self._log.path) for name in record.get(_MORE, ()))
        return [*self._files_of(record), *more]

    def _index_files(self, records: Iterable[Record]) -> Iterable[Path]:
        """The indexes that a dataset of these images has, as far as that depends on them."""
        return ()

    def done_names(self) -> frozenset[str]:
        """The names written so far whose files are still there, in earlier interrupted runs too."""
        records = self._log.records()
        return frozenset(r["name"] for r in records if all(_has_content(path) for path in self._all_files_of(r)))

    def has_others(self, source: str) -> bool:
        """Whether some images came from another dataset than `source`."""
        return any(record.get(_SOURCE, source) != source for record in self._log.records())

    def close(self) -> None:
        """Writes the indexes, removes what is left of a dataset that was overwritten, and closes the log.

        If no image was written, a dataset that was to be overwritten stays.
        """
        self._finish(is_whole=True)

    def discard(self) -> None:
        """Takes back a run that has written no image: its log and the folders that it made, as far as they are empty.

        What came into the target from elsewhere stays, and so does a dataset that was to be overwritten. Nothing
        happens if an image was written.
        """
        if len(self._log) or self._is_closed:
            return
        self._restore()
        for folder in sorted(self._made, key=lambda made: -len(made.parts)):
            with suppress(OSError):  # something else has been put there meanwhile
                folder.rmdir()

    def _make_folder(self, folder: Path) -> Path:
        """Makes a folder and those above it where they are missing, and remembers which for `discard`.

        Raises:
            FormatError: It lies behind a link in the dataset.
        """
        if self._leads_out(folder):
            raise FormatError(f"{folder}: is a link, or lies behind one; remove it or choose another target")
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        for parent in reversed(missing):
            with suppress(FileExistsError):  # another thread was faster
                parent.mkdir()
                self._made.append(parent)
        if not folder.is_dir():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
        return folder

    def _remove(self, stale: Path) -> None:
        """Removes a file that a log names, if it lies in the dataset itself."""
        if not self._leads_out(stale.parent):
            stale.unlink(missing_ok=True)

    def _leads_out(self, folder: Path) -> bool:
        """Whether a folder of the dataset is, or lies in, a link: the dataset may come from a stranger."""
        inner = (parent for parent in (folder, *folder.parents) if parent.is_relative_to(self.folder))
        return any(parent.is_symlink() for parent in inner if parent != self.folder)

    def _restore(self) -> None:
        """Closes a run that has written no image; the log is what it was before."""
        self._is_closed = True
        self._log.close()
        self._log.path.unlink(missing_ok=True)
        if self._former.exists():
            self._former.replace(self._log.path)

    def _finish(self, *, is_whole: bool) -> None:
        if self._is_closed:
            return
        if not len(self._log) and self._former.exists():
            self._restore()
            return
        self._is_closed = True
        if is_whole or self._has_written or not len(self._log):
            with all_or_none(self.format_name):
                self._write_indexes()
        if is_whole and self._former.exists():
            # Formats that are read folder by folder would find images of the former dataset among the new ones.
            kept = {file for record in self._log.records() for file in self._all_files_of(record)}
            kept |= set(self._index_files(self._log.records()))
            for record in read_records(self._former):
                for stale in self._all_files_of(record):
                    if stale not in kept:
                        self._remove(stale)
            for stale in self._index_files(read_records(self._former)):
                if stale not in kept:
                    self._remove(stale)
            self._former.unlink()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error the indexes are written all the same: what is finished is a valid dataset. Only a run that was
        # refused before its first image leaves the dataset that it was to go on with as it is.
        self._finish(is_whole=kind is None)


def _printable(text: str) -> str:
    # A detail may name a file whose name is no UTF-8, which the log is.
    return text.encode(errors="replace").decode()


def _count_scores(labels: Labels) -> int:
    if isinstance(labels, PanopticResult):
        return int(np.count_nonzero(np.bincount(labels.ids.ravel())[1:]))  # every segment that shows has one
    return sum(segment.score is not None for segment in labels.segments.values())


def _count_broken_scores(labels: Labels) -> int:
    if isinstance(labels, PanopticResult):
        shown = np.bincount(labels.ids.ravel(), minlength=len(labels.scores))[1 : len(labels.scores)] > 0
        return int(np.count_nonzero(shown & ~np.isfinite(labels.scores[1:])))
    return sum(s.score is not None and not math.isfinite(s.score) for s in labels.segments.values())


def _has_content(path: Path) -> bool:
    # After a power loss a file may be there without its content. Text files of images without instances are empty.
    try:
        status = path.stat()
        return stat.S_ISREG(status.st_mode) and (status.st_size > 0 or path.suffix == ".txt")
    except OSError:
        return False
