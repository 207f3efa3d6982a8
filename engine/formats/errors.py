"""What goes wrong while reading or writing images and datasets."""

from __future__ import annotations

from seamseg_studio.engine.errors import InputError


class FormatError(InputError):
    """A dataset or label file is not what its format says; `str(error)` is one sentence with path and remedy."""


class ImageError(FormatError):
    """An image file cannot be read; `str(error)` is one sentence with path and remedy."""
