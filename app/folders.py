"""Where the program keeps what belongs to a user: its own folders, which nobody else writes to."""

from __future__ import annotations

from pathlib import Path

import appdirs

APP_NAME = "seamseg-studio"


def user_data_folder() -> Path:
    """The sample project, trained models, what is known of trainings, reports of failures."""
    return Path(appdirs.user_data_dir(APP_NAME, appauthor=False))


def user_config_folder() -> Path:
    """What the window remembers between runs."""
    return Path(appdirs.user_config_dir(APP_NAME, appauthor=False))
