"""Configurations: reading, writing, and telling people what is wrong."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.engine.model.config import Config, ConfigError, dump_config, load_config
from seamseg_studio.engine.model.panoptic_net import build_network

PARITY = Path(__file__).resolve().parents[3] / "fixtures" / "parity"
SHIPPED = sorted(path.name for path in (Path(str(files("seamseg_studio.resources"))) / "configs").glob("*.ini"))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_configurations_make_networks(name: str) -> None:
    import torch

    config = load_config(Path(str(files("seamseg_studio.resources"))) / "configs" / name)
    with torch.device("meta"):
        assert build_network(config, (3, 2)).config is config
    assert load_config(dump_config(config)) == config


def test_both_published_configurations_are_shipped() -> None:
    assert {"vistas_r50.ini", "cityscapes_r50.ini"} <= set(SHIPPED)


@pytest.mark.parametrize("name", ["vistas_r18", "cityscapes_r50"])
def test_the_originals_files_are_read(name: str) -> None:
    config = load_config(PARITY / f"{name}.ini")
    assert config.rpn.num_pre_nms_val == 6000
    assert config.sem.pooling_size == (64, 64)
    assert config.optimizer.loss_weights == (1.0,) * 6
    assert config.scheduler.params["gamma"] == 0.1
    assert config.rpn.anchor_scale == {"vistas_r18": 2, "cityscapes_r50": 8}[name]
    assert load_config(dump_config(config)) == config


def test_nothing_gives_the_defaults() -> None:
    assert load_config("\n") == Config()


@given(
    st.builds(
        lambda ratios, size, flag, text, params: Config().replace(
            rpn={"anchor_ratios": tuple(ratios)},
            roi={"roi_size": size},
            dataloader={"random_flip": flag, "train_set": text},
            scheduler={"params": params},
        ),
        st.lists(st.floats(0.01, 100), min_size=1, max_size=5),
        st.tuples(st.integers(1, 99), st.integers(1, 99)),
        st.booleans(),
        st.from_regex(r"[a-z0-9_%=-]{0,20}", fullmatch=True),
        st.dictionaries(st.sampled_from(["gamma", "power"]), st.integers(0, 9)),
    )
)
def test_round_trip(config: Config) -> None:
    assert load_config(dump_config(config)) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[rpn]\nnum_sample = 3\n", r"\[rpn\] num_sample is unknown; did you mean 'num_samples'\?"),
        ("[rpn]\nqqqq = 3\n", r"\[rpn\] qqqq is unknown: remove it"),
        ("[bodi]\nbody = resnet50\n", r"unknown section \[bodi\]; did you mean 'body'\?"),
        ("[body]\nbody = resnet51\n", r"\[body\] body = 'resnet51' is unknown; did you mean 'resnet50'"),
        ("[rpn]\nnum_samples = many\n", r"\[rpn\] num_samples = 'many' is not a whole number"),
        ("[rpn]\nnum_samples = 1.5\n", "is not a whole number"),
        ("[rpn]\nsigma = nan\n", "is not a number"),
        ("[rpn]\nsigma = three\n", r"\[rpn\] sigma = 'three' is not a number"),
        ("[dataloader]\nrandom_flip = perhaps\n", "is not yes or no"),
        ("[roi]\nroi_size = (14, 14, 14)\n", "is not a list of 2 whole numbers"),
        ("[fpn]\nout_strides = ('a', 8)\n", "is not a list of whole numbers"),
        ("[fpn]\nout_strides = __import__('os')\n", "is not a list of whole numbers"),
        ("[scheduler]\nparams = [1]\n", "is not a JSON mapping"),
        ("[rpn]\nnum_samples = 0\n", "must be more than 0"),
        ("[rpn]\nnum_pre_nms_val = -1\n", "must be 0 or more"),
        ("[rpn]\nnms_threshold = 1.5\n", "must be between 0 and 1"),
        ("[fpn]\nextra_scales = 1\n", r"\[fpn\] out_strides names 4 levels, but inputs and extra_scales make 5"),
        ("[rpn]\nfpn_levels = 6\n", r"\[rpn\] uses feature levels up to 5, but \[fpn\] makes only 4"),
        ("[dataloader]\nrgb_mean = (0.5, 0.5)\n", "is not a list of 3 numbers"),
        ("[dataloader]\nrgb_std = (0.5,)\n", "is not a list of 3 numbers"),
        ("[roi]\nbbx_reg_weights = (10, 10)\n", "is not a list of 4 numbers"),
        ("[optimizer]\nloss_weights = (1, 1)\n", "is not a list of 6 numbers"),
        ("[dataloader]\nrandom_scale = (1.0,)\n", "random_scale is the lowest and the highest factor"),
        ("[body]\nactivation_slope = 0\n", "use more than 0"),
        (f"[rpn]\nsigma = {'(' * 3000}\n", r"'\({60}\.\.\.' is not a number"),
        ("no section\n", "is no .ini file"),
        ("[rpn]\nsigma = 1\nsigma = 2\n", "is no .ini file"),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(text, name="my.ini")
    assert str(caught.value).startswith("my.ini")
    assert "\n" not in str(caught.value)


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.ini cannot be read"):
        load_config(tmp_path / "none.ini")
    (tmp_path / "binary.ini").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"binary\.ini cannot be read"):
        load_config(tmp_path / "binary.ini")


def test_archives_of_other_programs_may_hold_more() -> None:
    config = load_config("[rpn]\nnum_samples = 7\nmystery = 1\n[other]\nkey = 2\n", strict=False)
    assert config.rpn.num_samples == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[body]\nbody = resnet18\nbody_params = {"depth": 3}\n', "resnet18 has no parameter 'depth'"),
        ("[fpn]\ninputs = ('mod2', 'mod3', 'mod4', 'mod9')\n", "'mod9' is no module"),
        ("[fpn]\nout_strides = (4, 8, 16, 31)\n", r"must begin with \(4, 8, 16, 32\)"),
    ],
)
def test_networks_that_cannot_be_are_named(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_network(load_config(text), (1, 1))
