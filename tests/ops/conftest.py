"""The compiled ops, loaded; tests that need them are skipped where they cannot be built."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from seamseg_studio.engine.ops import native

GPU = [pytest.param("cuda", marks=pytest.mark.gpu)] if torch.cuda.is_available() else []
MakeBoxes = Callable[..., Tensor]


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


@pytest.fixture(scope="session")
def make_boxes() -> MakeBoxes:
    """Makes random boxes on the CPU, a third of `extent` wide at most."""

    def make(num: int, seed: int, extent: float = 100.0) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        centres = torch.rand(num, 2, generator=generator) * extent
        sizes = torch.rand(num, 2, generator=generator) * extent / 3 + 1
        return torch.cat([centres - sizes / 2, centres + sizes / 2], dim=1)

    return make
