"""What goes wrong with models on disk."""

from __future__ import annotations

from seamseg_studio.engine.errors import InputError


class BundleError(InputError):
    """A model cannot be loaded or is not what it says; `str(error)` is one sentence with path and remedy."""
