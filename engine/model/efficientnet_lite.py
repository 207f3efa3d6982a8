"""EfficientNet-Lite bodies (Tan and Le, arXiv 1905.11946, the Lite variants: no squeeze-excite, ReLU6).

Convolutions pad as TensorFlow's "SAME" does, from the input size. Norms keep that release's eps 1e-3 on the variance;
their scale is `|weight| + 1e-5` as everywhere in this network (see `checkpoints.backbones` for the exact conversion).
Modules: mod1 is the stem and block 0 (stride 2); mod2..mod5 end at strides 4, 8, 16, 32.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seamseg_studio.engine.model import depthwise
from seamseg_studio.engine.model.norm import NormFactory, NormSpec

_KERNELS = (3, 3, 5, 3, 5, 5, 3)
_STRIDES = (1, 2, 2, 2, 1, 2, 1)
_STAGE_MODULES = ("mod1", "mod2", "mod3", "mod4", "mod4", "mod5", "mod5")
_STEM_CHANNELS = 32
_BN_EPS = 1e-3
_BN_MOMENTUM = 0.01


@dataclass(frozen=True, slots=True)
class LiteLayout:
    """Repeats and output channels of the seven stages."""

    repeats: tuple[int, ...]
    widths: tuple[int, ...]


LAYOUTS = {
    "efficientnet_lite0": LiteLayout((1, 2, 2, 3, 3, 4, 1), (16, 24, 40, 80, 112, 192, 320)),
    "efficientnet_lite1": LiteLayout((1, 3, 3, 4, 4, 5, 1), (16, 24, 40, 80, 112, 192, 320)),
    "efficientnet_lite2": LiteLayout((1, 3, 3, 4, 4, 5, 1), (16, 24, 48, 88, 120, 208, 352)),
}


def same_padding(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Returns the padding before and after an axis of `length` so that the output has ceil(length / stride)."""
    total = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


class SameConv2d(nn.Conv2d):
    """A convolution without bias that pads as TensorFlow's "SAME" does."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(in_channels, out_channels, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        top, bottom = same_padding(x_BCHW.shape[2], kernel, stride)
        left, right = same_padding(x_BCHW.shape[3], kernel, stride)
        if top == bottom and left == right:
            return self._convolve(x_BCHW, stride, (top, left))
        return self._convolve(F.pad(x_BCHW, (left, right, top, bottom)), stride, 0)

    def _convolve(self, x_BCHW: Tensor, stride: int, padding: int | tuple[int, int]) -> Tensor:
        if 1 < self.groups == self.in_channels == self.out_channels:
            if depthwise.is_for_inference(x_BCHW):
                return depthwise.convolve_at_once(x_BCHW, self.weight, self.bias, stride, padding)
            if self.bias is None and depthwise.prefers_channels_first(x_BCHW, self.weight, stride, padding):
                return depthwise.convolve(x_BCHW, self.weight, stride, padding, channels_first=True)
        return F.conv2d(x_BCHW, self.weight, self.bias, stride, padding, 1, self.groups)


class InvertedResidual(nn.Module):
    """Expand 1x1, depthwise, project 1x1 (linear); the input is added where the shape stays the same.

    Attributes:
        drop_path: Probability that a sample's branch is dropped in training.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int,
        expand: int,
        norm: NormFactory,
        drop_path: float,
    ) -> None:
        super().__init__()
        middle = in_channels * expand
        layers: list[tuple[str, nn.Module]] = []
        if expand != 1:
            layers += [("conv1", SameConv2d(in_channels, middle, 1)), ("bn1", norm(middle))]
        layers += [
            ("conv2", SameConv2d(middle, middle, kernel, stride, groups=middle)),
            ("bn2", norm(middle)),
            ("conv3", SameConv2d(middle, out_channels, 1)),
            ("bn3", norm(out_channels, activation="identity")),
        ]
        self.convs = nn.Sequential(OrderedDict(layers))
        self.has_shortcut = stride == 1 and in_channels == out_channels
        self.drop_path = drop_path

    def forward(self, x_BCHW: Tensor) -> Tensor:
        y_BCHW: Tensor = self.convs(x_BCHW)
        if not self.has_shortcut:
            return y_BCHW
        if self.training and self.drop_path > 0:
            keep = 1 - self.drop_path
            kept_B111 = torch.rand(len(y_BCHW), 1, 1, 1, device=y_BCHW.device) < keep
            y_BCHW = y_BCHW * (kept_B111.to(y_BCHW.dtype) / keep)
        return y_BCHW + x_BCHW


class EfficientNetLite(nn.Module):
    """Modules mod1 (stride 2) to mod5 (stride 32).

    Attributes:
        out_channels: Channels of each module's output by name.
        out_strides: Stride of each module's output by name, in image pixels.
    """

    def __init__(self, layout: LiteLayout, norm: NormSpec, drop_path: float = 0.0) -> None:
        super().__init__()
        norm = replace(norm, activation="relu6", eps=_BN_EPS, momentum=_BN_MOMENTUM)
        modules: dict[str, OrderedDict[str, nn.Module]] = {
            "mod1": OrderedDict([("conv1", SameConv2d(3, _STEM_CHANNELS, 3, stride=2)), ("bn1", norm(_STEM_CHANNELS))])
        }
        self.out_channels: dict[str, int] = {}
        self.out_strides: dict[str, int] = {}
        in_channels, out_stride, index = _STEM_CHANNELS, 2, 0
        num_blocks = sum(layout.repeats)
        stages = zip(_STAGE_MODULES, layout.repeats, layout.widths, _KERNELS, _STRIDES, strict=True)
        for name, repeats, width, kernel, first_stride in stages:
            blocks = modules.setdefault(name, OrderedDict())
            for repeat in range(repeats):
                stride = first_stride if repeat == 0 else 1
                expand = 1 if index == 0 else 6
                number = sum(key.startswith("block") for key in blocks) + 1
                blocks[f"block{number}"] = InvertedResidual(
                    in_channels, width, kernel, stride, expand, norm, drop_path * index / num_blocks
                )
                in_channels = width
                out_stride *= stride
                index += 1
            self.out_channels[name] = in_channels
            self.out_strides[name] = out_stride
        for name, blocks in modules.items():
            self.add_module(name, nn.Sequential(blocks))

    def forward(self, x_BCHW: Tensor) -> dict[str, Tensor]:
        """Returns the output of every module by name."""
        outputs: dict[str, Tensor] = {}
        for name in self.out_channels:
            x_BCHW = self.get_submodule(name)(x_BCHW)
            outputs[name] = x_BCHW
        return outputs
