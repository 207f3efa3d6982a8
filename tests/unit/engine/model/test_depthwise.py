"""Which kernels a depthwise convolution takes; that they agree is tested on a GPU."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from torch import Tensor

from seamseg_studio.engine.model import depthwise

ON_GPU = cast(Tensor, SimpleNamespace(is_cuda=True))


def test_only_what_is_repeated_is_planned() -> None:
    with torch.no_grad():
        assert depthwise.needs_no_plan(ON_GPU)
        with depthwise.planned():
            assert not depthwise.needs_no_plan(ON_GPU)
            with depthwise.planned():
                pass
            assert not depthwise.needs_no_plan(ON_GPU)
            with ThreadPoolExecutor(1) as pool:  # another image, in another thread
                assert pool.submit(torch.no_grad()(depthwise.needs_no_plan), ON_GPU).result()
        with pytest.raises(KeyError), depthwise.planned():
            raise KeyError
        assert depthwise.needs_no_plan(ON_GPU)


def test_a_cpu_and_a_training_have_their_own_ways() -> None:
    assert not depthwise.needs_no_plan(ON_GPU)
    with torch.no_grad():
        assert not depthwise.needs_no_plan(torch.zeros(1, 2, 3, 3))
