"""The whole network: a body with a feature pyramid and three heads.

Training and inference call the four parts themselves; state dicts have the original's tensor names (`body.`,
`rpn_head.`, `roi_head.`, `sem_head.`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from torch import Tensor, nn

from seamseg_studio.engine.model import efficientnet_lite, resnet
from seamseg_studio.engine.model.config import Config, ConfigError
from seamseg_studio.engine.model.fpn import FPN, Body
from seamseg_studio.engine.model.norm import NormSpec, norm_specs
from seamseg_studio.engine.model.roi import ROIHead
from seamseg_studio.engine.model.rpn import RPNHead
from seamseg_studio.engine.model.sections import BodyConfig
from seamseg_studio.engine.model.semantic import SemanticHead


class HasCategories(Protocol):
    """Anything with the numbers of categories, such as a taxonomy."""

    @property
    def num_stuff(self) -> int: ...
    @property
    def num_things(self) -> int: ...


class PanopticNet(nn.Module):
    """Body, region proposals, box and mask heads, semantic head.

    Attributes:
        config: What it was built from.
        num_stuff: Stuff categories; category ids 0..num_stuff - 1.
        num_thing: Thing categories; category ids from num_stuff on.
        body: Images [B, 3, H, W] -> pyramid levels, fine to coarse.
        rpn_head: Levels -> objectness logits and box shifts per level.
        roi_head: `box` and `mask` on sampled regions.
        sem_head: Levels -> semantic logits at the finest stride.
    """

    def __init__(self, config: Config, num_stuff: int, num_thing: int) -> None:
        super().__init__()
        self.config = config
        self.num_stuff = num_stuff
        self.num_thing = num_thing
        dense_norm, roi_norm = norm_specs(config.body)
        self.body = _build_body(config, dense_norm)
        width = config.fpn.out_channels
        self.rpn_head = RPNHead(width, len(config.rpn.anchor_ratios), config.rpn.hidden_channels, dense_norm)
        self.roi_head = ROIHead(
            width, num_thing, config.roi.roi_size, config.roi.fc_channels, config.roi.mask_channels, roi_norm
        )
        self.sem_head = SemanticHead(
            width,
            config.sem.fpn_levels,
            num_stuff + num_thing,
            config.sem.hidden_channels,
            config.sem.pooling_size,
            dense_norm,
        )
        self.reset_parameters()

    def rpn_levels(self, levels: Sequence[Tensor]) -> Sequence[Tensor]:
        """Returns the levels that proposals come from."""
        first = self.config.rpn.fpn_min_level
        return levels[first : first + self.config.rpn.fpn_levels]

    def roi_levels(self, levels: Sequence[Tensor]) -> Sequence[Tensor]:
        """Returns the levels that regions are sampled from."""
        first = self.config.roi.fpn_min_level
        return levels[first : first + self.config.roi.fpn_levels]

    def sem_levels(self, levels: Sequence[Tensor]) -> Sequence[Tensor]:
        """Returns the levels that the semantic head sees."""
        first = self.config.sem.fpn_min_level
        return levels[first : first + self.config.sem.fpn_levels]

    def forward(self, images_BCHW: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor], Tensor]:
        """Returns levels, objectness logits and box shifts per level, and semantic logits."""
        levels = self.body(images_BCHW)
        objectness, shifts = self.rpn_head(self.rpn_levels(levels))
        return levels, objectness, shifts, self.sem_head(self.sem_levels(levels))

    def reset_parameters(self) -> None:
        """Draws new weights: He's normal for hidden layers, narrow normals for the predicting ones, zero biases."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                # A transposed 2x2 convolution of stride 2 sums over its input channels only.
                is_transposed = isinstance(module, nn.ConvTranspose2d)
                fan_in = module.weight.shape[0] if is_transposed else math.prod(module.weight.shape[1:])
                nn.init.normal_(module.weight, std=math.sqrt(2.0 / fan_in))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for predictor in (self.rpn_head.conv_obj, self.roi_head.roi_cls, self.sem_head.conv_sem, self.roi_head.roi_msk):
            nn.init.normal_(predictor.weight, std=0.01)
        for predictor in (self.rpn_head.conv_bbx, self.roi_head.roi_bbx):
            nn.init.normal_(predictor.weight, std=0.001)


def build_backbone(config: BodyConfig, norm: NormSpec) -> resnet.ResNet | efficientnet_lite.EfficientNetLite:
    """Returns the untrained backbone that `config` names.

    Raises:
        ConfigError: An unknown parameter in `body_params`.
    """
    params = dict(config.body_params)
    if config.body in resnet.LAYOUTS:
        _refuse(params, config.body, known="none")
        return resnet.ResNet(resnet.LAYOUTS[config.body], norm)
    drop_path = params.pop("drop_path", 0.0)
    _refuse(params, config.body, known="drop_path")
    return efficientnet_lite.EfficientNetLite(efficientnet_lite.LAYOUTS[config.body], norm, float(drop_path))


def _refuse(params: dict[str, object], body: str, known: str) -> None:
    if params:
        raise ConfigError(
            f"[body] body_params: {body} has no parameter {sorted(params)[0]!r} (known: {known}); remove it"
        )


def _build_body(config: Config, norm: NormSpec) -> Body:
    backbone = build_backbone(config.body, norm)
    for name in config.fpn.inputs:
        if name not in backbone.out_channels:
            raise ConfigError(f"[fpn] inputs: {name!r} is no module of {config.body.body}; use mod1 to mod5")
    in_channels = [backbone.out_channels[name] for name in config.fpn.inputs]
    strides = tuple(backbone.out_strides[name] for name in config.fpn.inputs)
    if strides != config.fpn.out_strides[: len(strides)]:
        raise ConfigError(f"[fpn] out_strides must begin with {strides}, the strides of {', '.join(config.fpn.inputs)}")
    fpn = FPN(in_channels, config.fpn.out_channels, config.fpn.extra_scales, norm, config.fpn.interpolation)
    return Body(backbone, fpn, config.fpn.inputs)


def build_network(config: Config, taxonomy: HasCategories | tuple[int, int]) -> PanopticNet:
    """Returns an untrained network, in training mode, for the categories of a taxonomy.

    Args:
        config: The configuration.
        taxonomy: A taxonomy, or the numbers of stuff and thing categories.

    Raises:
        ConfigError: The configuration contradicts itself.
        ValueError: There is no category.
    """
    num_stuff, num_thing = taxonomy if isinstance(taxonomy, tuple) else (taxonomy.num_stuff, taxonomy.num_things)
    if num_stuff + num_thing < 1:
        raise ValueError("a network needs at least one category")
    return PanopticNet(config, num_stuff, num_thing)
