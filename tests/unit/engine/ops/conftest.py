"""Every test of this folder runs with the compiled ops and with plain PyTorch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from seamseg_studio.engine.ops import native


@pytest.fixture(autouse=True, params=["compiled", "reference"])
def _implementation(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.param == "compiled":
        if native.status().kind == "reference":
            pytest.skip(f"the compiled ops cannot be had here: {native.status().reason}")
        yield
    else:
        with native.reference_only():
            yield
