"""The window comes up before anything slow is loaded."""

from __future__ import annotations

import subprocess
import sys

SLOW = ("numpy", "cv2", "pyqtgraph", "sqlite3", "PIL", "torch")


def test_the_window_needs_none_of_the_slow_libraries() -> None:
    code = f"import sys, seamseg_studio.app.run; print([name for name in {SLOW} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"
