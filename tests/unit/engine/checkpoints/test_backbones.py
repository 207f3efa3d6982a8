"""ImageNet weights: the converted body computes what the original one does."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from seamseg_studio.engine.checkpoints.backbones import convert_backbone, load_backbone
from seamseg_studio.engine.checkpoints.errors import BundleError
from seamseg_studio.engine.model.norm import NormSpec
from seamseg_studio.engine.model.panoptic_net import build_backbone
from seamseg_studio.engine.model.sections import BodyConfig

Tensors = dict[str, Tensor]
# Kernel, first stride, repeats and width of the seven stages, and after which the features of a stride end.
LITE0 = ((3, 1, 1, 16), (3, 2, 2, 24), (5, 2, 2, 40), (3, 2, 3, 80), (5, 1, 3, 112), (5, 2, 4, 192), (3, 1, 1, 320))
LITE0_ENDS = {2: "mod2", 4: "mod3", 10: "mod4", 15: "mod5"}


class Source:
    """Random tensors of another project, made as they are asked for, and its plain operations on them."""

    def __init__(self, eps: float) -> None:
        self.tensors: Tensors = {}
        self.eps = eps
        self._random = torch.Generator().manual_seed(0)

    def draw(self, *shape: int, scale: float = 1.0) -> Tensor:
        return torch.randn(*shape, generator=self._random) * scale

    def norm(self, x: Tensor, name: str) -> Tensor:
        channels = x.shape[1]
        gamma = self.draw(channels)
        gamma[0], gamma[1] = 0.0, -3e-6  # what |weight| + eps cannot express by itself
        self.tensors |= {
            f"{name}.weight": gamma,
            f"{name}.bias": self.draw(channels),
            f"{name}.running_mean": self.draw(channels, scale=0.1),
            f"{name}.running_var": self.draw(channels).abs() + 0.1,
            f"{name}.num_batches_tracked": torch.tensor(7),
        }
        mean, var, bias = (self.tensors[f"{name}.{leaf}"] for leaf in ("running_mean", "running_var", "bias"))
        return F.batch_norm(x, mean, var, gamma, bias, False, 0.0, self.eps)

    def weight(self, name: str, *shape: int) -> Tensor:
        return self.tensors.setdefault(f"{name}.weight", self.draw(*shape, scale=1 / math.sqrt(math.prod(shape[1:]))))


def same_conv(x: Tensor, weight: Tensor, stride: int, groups: int = 1) -> Tensor:
    """A convolution with TensorFlow's "SAME" padding, written out."""
    pads = []
    for length in (x.shape[3], x.shape[2]):
        total = max((math.ceil(length / stride) - 1) * stride + weight.shape[2] - length, 0)
        pads += [total // 2, total - total // 2]
    return F.conv2d(F.pad(x, pads), weight, stride=stride, groups=groups)


def lite0(x: Tensor) -> tuple[Tensors, Tensors]:
    """EfficientNet-Lite0 in plain functions: its tensors, and its features by module."""
    source, features = Source(eps=1e-3), {}
    x = F.relu6(source.norm(same_conv(x, source.weight("_conv_stem", 32, 3, 3, 3), 2), "_bn0"))
    index = 0
    for kernel, first_stride, repeats, width in LITE0:
        for repeat in range(repeats):
            name, stride, before = f"_blocks.{index}", first_stride if repeat == 0 else 1, x
            if index > 0:
                weight = source.weight(f"{name}._expand_conv", x.shape[1] * 6, x.shape[1], 1, 1)
                x = F.relu6(source.norm(F.conv2d(x, weight), f"{name}._bn0"))
            weight = source.weight(f"{name}._depthwise_conv", x.shape[1], 1, kernel, kernel)
            x = F.relu6(source.norm(same_conv(x, weight, stride, x.shape[1]), f"{name}._bn1"))
            weight = source.weight(f"{name}._project_conv", width, x.shape[1], 1, 1)
            x = source.norm(F.conv2d(x, weight), f"{name}._bn2")
            if stride == 1 and before.shape == x.shape:
                x = x + before
            if index in LITE0_ENDS:
                features[LITE0_ENDS[index]] = x
            index += 1
    source.tensors |= {"_conv_head.weight": torch.zeros(1280, 320, 1, 1), "_fc.bias": torch.zeros(1000)}
    return source.tensors, features


def resnet18(x: Tensor) -> tuple[Tensors, Tensors]:
    """ResNet-18 in plain functions: its tensors, and its features by module. Leaky, as bodies are here."""
    source, features = Source(eps=1e-5), {}

    def act(y: Tensor) -> Tensor:
        return F.leaky_relu(y, 0.01)

    x = act(source.norm(F.conv2d(x, source.weight("conv1", 64, 3, 7, 7), stride=2, padding=3), "bn1"))
    x = F.max_pool2d(x, 3, 2, 1)
    for level, width in enumerate((64, 128, 256, 512), start=1):
        for number in range(2):
            name, stride, before = f"layer{level}.{number}", 2 if level > 1 and number == 0 else 1, x
            weight = source.weight(f"{name}.conv1", width, x.shape[1], 3, 3)
            x = act(source.norm(F.conv2d(x, weight, stride=stride, padding=1), f"{name}.bn1"))
            weight = source.weight(f"{name}.conv2", width, width, 3, 3)
            x = source.norm(F.conv2d(x, weight, padding=1), f"{name}.bn2")
            if stride != 1:
                weight = source.weight(f"{name}.downsample.0", width, before.shape[1], 1, 1)
                before = source.norm(F.conv2d(before, weight, stride=stride), f"{name}.downsample.1")
            x = act(x + before)
        features[f"mod{level + 1}"] = x
    source.tensors["fc.weight"] = torch.zeros(1000, 512)
    return source.tensors, features


@pytest.mark.parametrize(("body", "original"), [("efficientnet_lite0", lite0), ("resnet18", resnet18)])
@pytest.mark.parametrize("size", [(64, 96), (75, 53)])
def test_converted_weights_give_the_same_features(
    tmp_path: Path, body: str, original: Callable[[Tensor], tuple[Tensors, Tensors]], size: tuple[int, int]
) -> None:
    x = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(1))
    tensors, expected = original(x)
    torch.save(tensors, tmp_path / "imagenet.pth")
    backbone = build_backbone(BodyConfig(body=body), NormSpec()).eval()
    load_backbone(backbone, tmp_path / "imagenet.pth")
    with torch.no_grad():
        found = backbone(x)
    for name, features in expected.items():
        torch.testing.assert_close(found[name], features, rtol=1e-3, atol=1e-3 * float(features.std()))


@pytest.mark.parametrize("body", ["efficientnet_lite1", "efficientnet_lite2", "resnet50"])
def test_every_tensor_of_the_other_bodies_has_a_place(body: str) -> None:
    backbone = build_backbone(BodyConfig(body=body), NormSpec())
    assert len(convert_backbone(backbone, original_names(body, backbone.state_dict()))) == len(backbone.state_dict())


def original_names(body: str, own: Tensors) -> Tensors:
    """Our tensors under the names of the other project, by the table in its documentation."""
    named: Tensors = {}
    blocks: dict[str, int] = {}
    parts = ("_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2")
    for name, value in own.items():
        module, first, *rest = name.split(".")
        if module == "mod1" and first in ("conv1", "bn1"):
            stem = {"conv1": "_conv_stem", "bn1": "_bn0"}[first] if "lite" in body else first
            named[f"{stem}.{rest[0]}"] = value
        elif "lite" in body:
            number = blocks.setdefault(f"{module}.{first}", len(blocks))
            index = (int(rest[1][-1]) - 1) * 2 + rest[1].startswith("bn")
            named[f"_blocks.{number}.{parts[index]}.{rest[2]}"] = value
        else:
            inner = {"proj_conv": "downsample.0", "proj_bn": "downsample.1"}.get(rest[0], rest[1])
            named[f"layer{int(module[3]) - 1}.{int(first[5:]) - 1}.{inner}.{rest[-1]}"] = value
    return named


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("this must never be printed",))


def test_bad_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backbone = build_backbone(BodyConfig(body="efficientnet_lite0"), NormSpec())
    path = tmp_path / "imagenet.pth"
    with pytest.raises(BundleError, match=r"imagenet\.pth: no such file"):
        load_backbone(backbone, path)
    path.write_bytes(b"text")
    with pytest.raises(BundleError, match=r"imagenet\.pth: is damaged"):
        load_backbone(backbone, path)
    torch.save({"a": _Evil()}, path)
    with pytest.raises(BundleError, match="holds more than weights"):
        load_backbone(backbone, path)
    assert "never" not in capsys.readouterr().out
    torch.save([1], path)
    with pytest.raises(BundleError, match="is no state dict"):
        load_backbone(backbone, path)


def test_weights_of_another_network_are_named() -> None:
    backbone = build_backbone(BodyConfig(body="efficientnet_lite0"), NormSpec())
    tensors, _ = lite0(torch.zeros(1, 3, 32, 32))
    for change, message in (
        ({"_blocks.99._bn0.weight": torch.zeros(3)}, r"holds _blocks\.99\._bn0\.weight"),
        ({"_bn0.weight": torch.zeros(3)}, r"_bn0\.weight is \[3\], not \[32\]"),
    ):
        with pytest.raises(BundleError, match=message):
            convert_backbone(backbone, tensors | change)
    del tensors["_bn0.bias"]
    with pytest.raises(BundleError, match=r"has nothing for mod1\.bn1\.bias"):
        convert_backbone(backbone, tensors)
