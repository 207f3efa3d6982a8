"""Sentences of the engine, whose remedies are those of the command line, in the words of the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from seamseg_studio.engine.remedies import USE_CPU, USE_OTHER_DEVICE, USE_OTHER_PRECISION


def in_window_words(text: str) -> str:
    """Returns `text` with what a person can do in the window in the place of options of commands."""
    translate = QCoreApplication.translate
    device = translate("Remedies", "choose another device in Preferences > Engine > Device")
    precision = translate("Remedies", "choose another in Preferences > Engine > Precision")
    for remedy, here in ((USE_CPU, device), (USE_OTHER_DEVICE, device), (USE_OTHER_PRECISION, precision)):
        text = text.replace(remedy, here)
    return text
