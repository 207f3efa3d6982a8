"""Which kernels a depthwise convolution takes; that they agree is tested on a GPU."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
import torch
from torch import Tensor

from seamseg_studio.engine.model import depthwise

ON_GPU = cast(Tensor, SimpleNamespace(is_cuda=True))


def test_kernels_without_a_plan_are_for_inference_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not depthwise.is_for_inference(ON_GPU), "a training finds its own way"
    with torch.no_grad():
        assert depthwise.is_for_inference(ON_GPU)
        assert not depthwise.is_for_inference(torch.zeros(1, 2, 3, 3))
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
        assert not depthwise.is_for_inference(ON_GPU), "a compiler plans at its leisure"
