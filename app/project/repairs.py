"""What a person can do about a damaged project or image: cards that offer to go on with what can be read."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from seamseg_studio.app.jobs.job import JobContext
from seamseg_studio.app.jobs.opening import Damage
from seamseg_studio.app.jobs.project_work import ProjectWork
from seamseg_studio.app.words.messages import Choice, Level, Message

if TYPE_CHECKING:
    from seamseg_studio.app.project.session import Session
    from seamseg_studio.engine.project import Recovery

_IMAGE, _PROJECT = "image", "recovery"  # keys of messages
_MAX_LINES = 6  # images named in a card


class Repairs(QObject):
    """Offers repairs of what `session` cannot open, makes them in the background and says what was lost."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    def offer(self, damage: Damage) -> None:
        """Says what is damaged, with a button that goes on with what can be read."""
        if damage.image_id is None:
            recover = Choice(self.tr("Recover what can be read"), partial(self._recover, damage.folder))
            self._session.post_error(self.tr("The project is damaged"), damage.reason, recover, key=_PROJECT)
            return
        work = self._session.work
        if work is not None:
            salvage = Choice(self.tr("Open what can be read"), partial(self._salvage, work, damage.image_id))
            self._session.post_error(self.tr("The labels are damaged"), damage.reason, salvage, key=_IMAGE)

    def tell(self, folder: Path, recovery: Recovery) -> None:
        """Says what a recovery brought back and what not."""
        counts = self.tr("Images: {0}. Changes that can be undone: {1}.")
        lines = [counts.format(recovery.num_images, recovery.num_steps)]
        without = self.tr("{0}: the labels are back, their history is not")
        lost = self.tr("{0}: lost: {1}")
        images = [without.format(name) for name in recovery.from_label_files]
        images += [lost.format(name, what) for name, what in recovery.shortened.items()]
        lines += images[:_MAX_LINES]
        if len(images) > _MAX_LINES:
            lines.append(self.tr("… and {0} more").format(len(images) - _MAX_LINES))
        if not images:
            lines.append(self.tr("Every image that was found opens with its history."))
        if recovery.has_lost_categories:
            lines.append(self.tr("The categories could not be read; those of the bundled model took their place."))
        if recovery.damaged_copy is not None:
            lines.append(self.tr("What was damaged is kept in {0}.").format(recovery.damaged_copy.parent))
        title = self.tr("{0} was recovered").format(folder.name)
        self._session.post(Message(title, "\n".join(lines), Level.WARNING, key=_PROJECT))

    def _recover(self, folder: Path) -> None:
        session = self._session
        if session.project is not None and session.project.folder == folder and not session.save_all():
            text = self.tr("Changes of open images cannot be saved in it. Quit the studio, then open it again.")
            session.post_error(self.tr("The project is damaged"), text, key=_PROJECT)
            return
        session.recover_project(folder)

    def _salvage(self, work: ProjectWork, image_id: int) -> None:
        project = work.project

        def salvage(_: JobContext) -> list[str] | Damage:
            from seamseg_studio.engine.project import DamagedDatabaseError

            try:
                return project.salvage(image_id)
            except DamagedDatabaseError as error:
                return Damage(project.folder, str(error))

        work.run(
            image_id,
            salvage,
            on_done=partial(self._on_salvaged, work, image_id),
            on_failed=partial(self._session.post_error, self.tr("Could not open the image"), key=_IMAGE),
            urgent=True,
        )

    def _on_salvaged(self, work: ProjectWork, image_id: int, lost: list[str] | Damage) -> None:
        if isinstance(lost, Damage):
            self.offer(lost)
            return
        session = self._session
        if session.work is not work:  # another project was opened meanwhile
            return
        session.refresh_record(image_id)
        record = session.record(image_id)
        if record is None:
            return
        session.open_image(image_id)
        title = self.tr("{0} was opened as far as it can be read").format(record.name)
        if lost:
            named = ", ".join(lost[:_MAX_LINES]) + (" …" if len(lost) > _MAX_LINES else "")
            text = self.tr("Lost ({0}): {1}. A copy of the project as it was is in its folder 'backups'.")
            text = text.format(len(lost), named)
        else:
            text = self.tr("No change was lost.")
        session.post(Message(title, text, Level.WARNING, key=_IMAGE))
