"""The project folder: SQLite store, journal, label checkpoints, corrections."""

from seamseg_studio.engine.project.beside import open_or_create_beside
from seamseg_studio.engine.project.corrections import Correction
from seamseg_studio.engine.project.errors import (
    DamagedError,
    NewerProjectError,
    ProjectError,
    ReadOnlyError,
    SaveError,
)
from seamseg_studio.engine.project.records import ImageRecord, JournalEntry, Status
from seamseg_studio.engine.project.recovery import Recovery
from seamseg_studio.engine.project.rescue import recover_project
from seamseg_studio.engine.project.statistics import Statistics
from seamseg_studio.engine.project.store import DATABASE_NAME, SUFFIX, Project

__all__ = [
    "DATABASE_NAME",
    "SUFFIX",
    "Correction",
    "DamagedError",
    "ImageRecord",
    "JournalEntry",
    "NewerProjectError",
    "Project",
    "ProjectError",
    "ReadOnlyError",
    "Recovery",
    "SaveError",
    "Statistics",
    "Status",
    "open_or_create_beside",
    "recover_project",
]
