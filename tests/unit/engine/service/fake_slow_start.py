"""A worker that says nothing the first time, and is a usual one from then on."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from seamseg_studio.engine.service.worker import main

if __name__ == "__main__":
    once = Path(os.environ["FAKE_ENGINE_ONCE"])
    if not once.exists():
        once.touch()
        os.kill(os.getpid(), signal.SIGSTOP)
    sys.exit(main())
