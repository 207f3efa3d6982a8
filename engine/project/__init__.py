"""The project folder: SQLite store, journal, label checkpoints, corrections."""

from seamseg_studio.engine.project.beside import open_or_create_beside
from seamseg_studio.engine.project.compaction import JournalSize, Trimmed
from seamseg_studio.engine.project.corrections import Correction
from seamseg_studio.engine.project.dataset import ExportedCorrections, ProjectReader, export_corrections
from seamseg_studio.engine.project.errors import (
    DamagedDatabaseError,
    DamagedError,
    MisfitError,
    NewerProjectError,
    ProjectError,
    ReadOnlyError,
    RetiredCategoryError,
    SaveError,
)
from seamseg_studio.engine.project.records import ImageRecord, JournalEntry, Status
from seamseg_studio.engine.project.recovery import Recovery
from seamseg_studio.engine.project.rescue import recover_project
from seamseg_studio.engine.project.split import GroupBy, Split, SplitRule
from seamseg_studio.engine.project.statistics import Statistics
from seamseg_studio.engine.project.store import DATABASE_NAME, SUFFIX, Project
from seamseg_studio.engine.project.taxonomy_change import TaxonomyImpact, TaxonomyReport
from seamseg_studio.engine.project.taxonomy_methods import TaxonomyVersion

__all__ = [
    "DATABASE_NAME",
    "SUFFIX",
    "Correction",
    "DamagedDatabaseError",
    "DamagedError",
    "ExportedCorrections",
    "GroupBy",
    "ImageRecord",
    "JournalEntry",
    "JournalSize",
    "MisfitError",
    "NewerProjectError",
    "Project",
    "ProjectError",
    "ProjectReader",
    "ReadOnlyError",
    "Recovery",
    "RetiredCategoryError",
    "SaveError",
    "Split",
    "SplitRule",
    "Statistics",
    "Status",
    "TaxonomyImpact",
    "TaxonomyReport",
    "TaxonomyVersion",
    "Trimmed",
    "export_corrections",
    "open_or_create_beside",
    "recover_project",
]
