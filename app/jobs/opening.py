"""What is read from disk when a project or an image is opened; runs in a thread, returns values."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seamseg_studio.app.jobs.job import JobContext
from seamseg_studio.engine.errors import InputError, SeamsegError
from seamseg_studio.engine.files import real_paths

if TYPE_CHECKING:
    from seamseg_studio.engine.project import ImageRecord, Project, Recovery

PROJECT_SUFFIX = ".seamseg"
DATABASE_NAME = "project.db"
_SEE_FIRST = 64  # images of a new folder after which the window shows them, and goes on adding
_ADD_AT_ONCE = 256  # images looked at and stored between two looks at the cancel button


@dataclass(frozen=True, slots=True)
class OpenedProject:
    """A project that was opened or made.

    Attributes:
        project: Ready for use by the window's thread and the jobs.
        records: All its images.
        first: The image to show first, if a person named one.
        problems: One sentence per image that could not be added, and per folder that may not be read.
        is_new: Whether the project was made just now.
        recovery: What came back and what not, if it was damaged.
        waiting: Images still to be added, by `add_waiting`: a person need not wait for thousands to see the first.
    """

    project: Project
    records: list[ImageRecord]
    first: Path | None = None
    problems: tuple[str, ...] = ()
    is_new: bool = False
    recovery: Recovery | None = None
    waiting: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Added:
    """Some of the images that waited.

    Attributes:
        records: The new ones, in order.
        problems: One sentence per image that could not be added.
    """

    records: list[ImageRecord]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Damage:
    """Something of a project that cannot be read, so that a person can choose to do without it.

    Attributes:
        folder: The project.
        reason: What is damaged, as a sentence.
        image_id: The image whose labels or history it is, None if it is the project's database.
    """

    folder: Path
    reason: str
    image_id: int | None = None


def is_project(path: Path) -> bool:
    """Whether `path` is a project folder, or the database in one; one whose database is lost can be recovered."""
    if path.name == DATABASE_NAME:
        return True
    is_lost = path.suffix == PROJECT_SUFFIX and (path / "journal").is_dir()
    return path.is_dir() and (is_lost or (path / DATABASE_NAME).is_file())


def project_folder(path: Path) -> Path:
    """The folder of the project at `path`, its folder or the database in it."""
    return path.parent if path.name == DATABASE_NAME else path


def open_project(path: Path, context: JobContext, more: Sequence[Path] = ()) -> OpenedProject:
    """Opens the project at `path` (its folder or the database in it) and adds the images among `more`.

    Raises:
        SeamsegError: There is no project, or it cannot be read.
    """
    from seamseg_studio.engine.project import Project

    context.report(0, 0)
    folder = project_folder(path)
    if not is_project(folder):
        raise InputError(f"{folder}: there is no project here; choose a folder whose name ends in {PROJECT_SUFFIX}")
    project = Project.open(folder)
    with _closed_on_failure(project):
        project.statistics()  # the window asks for them at once: if they are damaged, it should be known here
        return add_images(project, more, context) if more else OpenedProject(project, project.images())


def recover(folder: Path, context: JobContext) -> OpenedProject:
    """Makes the database of a damaged project anew from what can be read, keeping the damaged one, and opens it.

    Raises:
        SeamsegError: Nothing can be read, it cannot be written, or somebody has the project open.
    """
    from seamseg_studio.engine.project import recover_project

    context.report(0, 0)
    recovery = recover_project(folder, context.report)
    return replace(open_project(folder, context), recovery=recovery)


def open_folder(folder: Path, context: JobContext) -> OpenedProject:
    """Opens the project beside `folder`, made now if there is none, and adds the images that it does not know.

    Raises:
        SeamsegError: There are no images, or the project cannot be made.
    """
    context.report(0, 0)
    try:
        os.scandir(folder).close()  # the search below goes on beside what may not be read
    except OSError as error:
        raise InputError(_closed(error, folder)) from error
    paths, problems = _search([folder])
    return _with_problems(_beside(folder, paths, None, context), problems)


def open_images(paths: Sequence[Path], context: JobContext) -> OpenedProject:
    """Opens the project beside the folder of the first of `paths` with at least these images in it.

    Raises:
        SeamsegError: None of them is an image, or the project cannot be made.
    """
    context.report(0, 0)
    found, problems = _search(paths)
    return _with_problems(_beside(found[0].parent, found, found[0], context), problems)


def add_images(project: Project, paths: Sequence[Path], context: JobContext) -> OpenedProject:
    """Adds the images among `paths` to an open project.

    Raises:
        SeamsegError: None of them is an image.
    """
    context.report(0, 0)
    found, problems = _search(paths)
    return _with_problems(_with_images(project, found, found[0], context), problems)


def _search(paths: Sequence[Path]) -> tuple[list[Path], tuple[str, ...]]:
    """Finds images, and says which folders could not be looked into."""
    from seamseg_studio.engine.formats.image_file import find_images

    problems: list[str] = []
    found = find_images(paths, on_closed=lambda error: problems.append(_closed(error, error.filename)))
    return found, tuple(problems)


def _closed(error: OSError, folder: object) -> str:
    return f"{folder}: cannot be read ({error.strerror}); change its permissions"


def _with_problems(opened: OpenedProject, problems: tuple[str, ...]) -> OpenedProject:
    return replace(opened, problems=problems + opened.problems)


def _beside(folder: Path, paths: list[Path], first: Path | None, context: JobContext) -> OpenedProject:
    from seamseg_studio.engine.project import open_or_create_beside

    is_new = not is_project(folder.with_name(folder.name + PROJECT_SUFFIX))
    project = open_or_create_beside(folder)
    try:
        with _closed_on_failure(project):
            project.statistics()
            opened = _with_images(project, paths, first, context)
            if not opened.records:
                raise InputError(opened.problems[0] if opened.problems else f"{folder}: no images found")
    except BaseException:
        if is_new:  # made for nothing: there is no image in it, and no work
            shutil.rmtree(project.folder, ignore_errors=True)
        raise
    return replace(opened, is_new=is_new)


@contextmanager
def _closed_on_failure(project: Project) -> Iterator[None]:
    try:
        yield
    except BaseException:
        project.close()
        raise


def add_waiting(project: Project, paths: Sequence[Path], context: JobContext) -> None:
    """Adds images to an open project; `context` is told an `Added` after the first few, then ever less often.

    What was told stays in the project, also if it is cancelled.
    """
    untold, enough = Added([]), _ADD_AT_ONCE
    try:
        for start in range(0, len(paths), _ADD_AT_ONCE):
            context.report(start, len(paths))
            batch = _add(project, list(paths[start : start + _ADD_AT_ONCE]))
            untold = Added(untold.records + batch.records, untold.problems + batch.problems)
            if len(untold.records) >= enough:  # whoever shows them does so a few times, however many they are
                context.tell(untold)
                untold, enough = Added([]), 2 * enough
    finally:
        context.tell(untold)


def _with_images(project: Project, paths: list[Path], first: Path | None, context: JobContext) -> OpenedProject:
    known = {record.file for record in project.images()}
    new = [path for path in real_paths(paths) if str(path) not in known] if not project.read_only else []
    problems: tuple[str, ...] = ()
    num_seen = 0
    while num_seen < len(new):
        context.report(num_seen, len(new))
        batch = _add(project, new[num_seen : num_seen + _SEE_FIRST])
        problems += batch.problems
        num_seen += _SEE_FIRST
        if batch.records:
            break  # there is something to look at
    opened = OpenedProject(project, project.images(), real_paths([first])[0] if first else None, problems)
    return replace(opened, waiting=tuple(new[num_seen:]))


def _add(project: Project, paths: list[Path]) -> Added:
    """Adds `paths`; one at a time if they fail together."""
    try:
        return Added(project.add_images(paths))
    except SeamsegError as error:
        if len(paths) == 1:
            return Added([], (str(error),))
        parts = [_add(project, [path]) for path in paths]
        records = [record for part in parts for record in part.records]
        return Added(records, tuple(problem for part in parts for problem in part.problems))
