"""The sections of a configuration, one frozen dataclass each, with the original project's published defaults.

A few width keys are ours (marked below); their defaults give the original network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BODIES = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "efficientnet_lite0",
    "efficientnet_lite1",
    "efficientnet_lite2",
)
NORMALIZATION_MODES = ("bn", "syncbn", "syncbn+bn", "gn", "syncbn+gn", "off")
ACTIVATIONS = ("leaky_relu", "elu", "identity", "relu6")
SCHEDULES = ("linear", "step", "poly", "multistep")


@dataclass(frozen=True, slots=True)
class GeneralConfig:
    """How often the trainer validates and logs."""

    val_interval: int = 10  # epochs between validations
    log_interval: int = 10  # steps between log lines
    cudnn_benchmark: bool = False  # let cuDNN try its algorithms (pays off when all images have one size)


@dataclass(frozen=True, slots=True)
class BodyConfig:
    """The backbone and the normalisation of the whole network."""

    body: str = "resnet101"  # one of BODIES
    weights: str = ""  # file with ImageNet weights that a training starts from; empty for none
    normalization_mode: str = "syncbn"  # one of NORMALIZATION_MODES
    activation: str = "leaky_relu"  # one of ACTIVATIONS
    activation_slope: float = 0.01  # negative slope of leaky_relu
    gn_groups: int = 32  # groups of group normalisation
    body_params: Mapping[str, Any] = field(default_factory=dict)  # {"drop_path": 0.2} for EfficientNet-Lite
    num_frozen: int = 2  # modules mod1..modN that a training leaves alone
    bn_frozen: bool = True  # whether norms of the body keep their running statistics in training
    out_channels: Mapping[str, int] = field(default_factory=dict)  # informative: follows from `body`
    out_strides: Mapping[str, int] = field(default_factory=dict)  # informative: follows from `body`


@dataclass(frozen=True, slots=True)
class FpnConfig:
    """The feature pyramid."""

    out_channels: int = 256  # ours
    extra_scales: int = 0  # coarser levels made by strided convolutions
    inputs: tuple[str, ...] = ("mod2", "mod3", "mod4", "mod5")
    interpolation: str = "nearest"
    out_strides: tuple[int, ...] = (4, 8, 16, 32)  # one per level, extra ones included


@dataclass(frozen=True, slots=True)
class RpnConfig:
    """Anchors, proposals and their training targets."""

    hidden_channels: int = 256  # ours
    anchor_ratios: tuple[float, ...] = (1.0, 0.5, 2.0)  # height / width
    anchor_scale: float = 8.0  # anchor side in strides
    nms_threshold: float = 0.7
    num_pre_nms_train: int = 12000
    num_post_nms_train: int = 2000
    num_pre_nms_val: int = 6000
    num_post_nms_val: int = 300
    min_size: float = 16.0  # pixels; smaller proposals are dropped
    num_samples: int = 256
    pos_ratio: float = 0.5
    pos_threshold: float = 0.7
    neg_threshold: float = 0.3
    void_threshold: float = 0.7
    fpn_min_level: int = 0
    fpn_levels: int = 4
    sigma: float = 3.0  # of the smooth L1 loss


@dataclass(frozen=True, slots=True)
class RoiConfig:
    """The box and mask heads, detection and their training targets."""

    fc_channels: int = 1024  # ours
    mask_channels: int = 256  # ours
    roi_size: tuple[int, int] = (14, 14)
    num_samples: int = 128
    pos_ratio: float = 0.25
    pos_threshold: float = 0.5
    neg_threshold_hi: float = 0.5
    neg_threshold_lo: float = 0.0
    void_threshold: float = 0.7
    void_is_background: bool = False
    nms_threshold: float = 0.3
    score_threshold: float = 0.05
    max_predictions: int = 100
    fpn_min_level: int = 0
    fpn_levels: int = 4
    fpn_canonical_scale: float = 224.0  # pixels
    fpn_canonical_level: int = 2
    bbx_reg_weights: tuple[float, float, float, float] = (10.0, 10.0, 5.0, 5.0)
    sigma: float = 1.0  # of the smooth L1 loss


@dataclass(frozen=True, slots=True)
class SemConfig:
    """The semantic head and its loss."""

    hidden_channels: int = 128  # ours
    fpn_min_level: int = 0
    fpn_levels: int = 4
    pooling_size: tuple[int, int] = (64, 64)
    ohem: float = 0.25  # share of the worst pixels that the loss keeps
    min_stuff_area: float = 4096.0  # ours: default of the prediction option; pixels of the network's input


@dataclass(frozen=True, slots=True)
class OptimizerConfig:
    """Stochastic gradient descent."""

    lr: float = 0.01
    weight_decay: float = 1e-4
    weight_decay_norm: bool = False  # whether norms decay too
    momentum: float = 0.9
    nesterov: bool = True
    # obj, bbx, roi_cls, roi_bbx, roi_msk, sem
    loss_weights: tuple[float, float, float, float, float, float] = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class SchedulerConfig:
    """The learning rate over time."""

    epochs: int = 35
    type: str = "linear"  # linear, step, poly or multistep
    update_mode: str = "batch"  # batch or epoch
    params: Mapping[str, Any] = field(default_factory=dict)
    burn_in_steps: int = 500
    burn_in_start: float = 0.333  # fraction of lr at the first step


@dataclass(frozen=True, slots=True)
class DataloaderConfig:
    """Images on their way into the network."""

    shortest_size: int = 800  # pixels
    longest_max_size: int = 1300  # pixels; training only
    train_batch_size: int = 1  # per process
    val_batch_size: int = 1
    rgb_mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    rgb_std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    random_flip: bool = False
    random_scale: tuple[float, ...] = ()  # lowest and highest factor; empty for none
    num_workers: int = 2
    train_set: str = "train"
    val_set: str = "val"
    coco_gt: str = ""  # COCO instances of val_set, for AP
