"""Errors of the panoptic scene: each is also a `ValueError`, for callers who only know that their input was wrong."""

from __future__ import annotations

from seamseg_studio.engine.errors import SeamsegError


class SceneError(SeamsegError, ValueError):
    """Base of the errors of `engine.scene`."""


class TaxonomyError(SceneError):
    """A taxonomy is not usable; the message says which entry and why."""


class PartitionError(SceneError):
    """An id image and its segments do not form a partition."""


class PatchError(SceneError):
    """A patch does not belong to this map in its present state, or its bytes are damaged."""


class EditError(SceneError):
    """An edit cannot be made; the message tells the person why."""
