"""Tests that need a GPU, and the GPU ops built for it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from seamseg_studio.engine.ops import native

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks all tests of this folder, and skips them where there is no GPU."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.gpu)
            if not torch.cuda.is_available():
                item.add_marker(pytest.mark.skip(reason="there is no GPU that torch can use"))


@pytest.fixture(scope="session")
def gpu() -> torch.device:
    """The GPU; the test fails if its ops cannot be built, because that is what is tested."""
    status = native.status()
    assert status.kind == "cuda", str(status)
    return torch.device("cuda")
