"""What goes wrong before a prediction can begin. Imports no torch."""

from __future__ import annotations

from seamseg_studio.engine.errors import InputError


class DeviceError(InputError):
    """A device or precision that was asked for cannot be had; `str(error)` says what to use instead."""
