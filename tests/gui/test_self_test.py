"""The self-test passes where a photo gets labels, and fails where something is said to be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.self_test import SelfTest
from seamseg_studio.app.studio import Studio


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exit codes that the program would have ended with."""
    found: list[int] = []
    monkeypatch.setattr(QApplication, "exit", found.append)
    return found


@pytest.fixture
def self_test(window: MainWindow, studio: Studio, tmp_path: Path) -> SelfTest:
    folder = tmp_path / "photos"
    folder.mkdir()
    return SelfTest(studio, window, folder)


def test_a_labelled_photo_passes(
    self_test: SelfTest, codes: list[int], qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    self_test.start()
    qtbot.waitUntil(lambda: bool(codes), timeout=30_000)
    assert codes == [0]
    assert "self-test passed" in capsys.readouterr().err


def test_an_error_fails(
    self_test: SelfTest, studio: Studio, codes: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    studio.session.post_error("The engine does not work", "the engine ended while it was starting")
    assert codes == [1]
    assert "self-test failed: The engine does not work" in capsys.readouterr().err
