"""The compiled ops, built once per checkout; tests that need them are skipped where they cannot be built."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from seamseg_studio.engine.ops import native, native_cache
from seamseg_studio.engine.ops.build import BuildError, Target

# Below the git-ignored build folder, so that one build serves all test processes of a checkout.
CACHE = Path(__file__).resolve().parents[2] / "build" / "ops"


@pytest.fixture(scope="session", autouse=True)
def compiled_ops() -> None:
    """Loads the compiled CPU ops."""
    if hasattr(torch.ops.seamseg, "nms"):
        return
    patch = pytest.MonkeyPatch()
    patch.setenv("SEAMSEG_OPS_CACHE", str(CACHE))
    try:
        native._register(native_cache.cached_or_built(Target("cpu")).library)
    except BuildError as error:
        pytest.skip(f"the compiled ops cannot be built here: {error}")
    finally:
        patch.undo()
