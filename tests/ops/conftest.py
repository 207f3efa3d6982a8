"""The compiled ops, loaded; tests that need them are skipped where they cannot be built."""

from __future__ import annotations

import pytest
import torch

from seamseg_studio.engine.ops import native

GPU = [pytest.param("cuda", marks=pytest.mark.gpu)] if torch.cuda.is_available() else []


@pytest.fixture(scope="session", autouse=True)
def compiled_ops() -> None:
    """Loads the compiled ops."""
    if native.status().kind == "reference":
        pytest.skip(f"the compiled ops cannot be had here: {native.status().reason}")


@pytest.fixture(scope="session", params=["cpu", *GPU])
def device(request: pytest.FixtureRequest) -> torch.device:
    """Each kind of device of this machine."""
    if request.param == "cuda" and native.status().kind != "cuda":
        pytest.skip(f"there are no GPU ops: {native.status().reason}")
    return torch.device(request.param)
