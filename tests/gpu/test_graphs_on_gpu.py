"""Predictions by CUDA graphs answer as the network does without, and never fail where that would not."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from seamseg_studio.engine.inference import features as features_module
from seamseg_studio.engine.inference import graphs as graphs_module
from seamseg_studio.engine.inference.compiled import prepare_network
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.inference.preprocess import resized_pixels
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.efficientnet_lite import SameConv2d
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

TAXONOMY = Taxonomy(
    "street",
    tuple(
        Category(name, kind, (1, 2, 3))
        for name, kind in [("road", Kind.STUFF), ("sky", Kind.STUFF), ("car", Kind.THING), ("person", Kind.THING)]
    ),
)
OPTIONS = PredictOptions(score_threshold=0.3, min_stuff_area=20.0)


@pytest.fixture
def predictor(gpu: torch.device) -> Predictor:
    """A small network that finds much, in float32; two of its answers differ by rounding only."""
    torch.manual_seed(3)
    config = Config().replace(
        body={"body": "efficientnet_lite0", "normalization_mode": "bn"},
        fpn={"out_channels": 16},
        rpn={"hidden_channels": 16, "num_post_nms_val": 50, "anchor_scale": 4.0},
        roi={"fc_channels": 16, "mask_channels": 16},
        sem={"hidden_channels": 8, "min_stuff_area": 100.0},
        dataloader={"shortest_size": 128},
    )
    network = build_network(config, TAXONOMY)
    torch.nn.init.normal_(network.sem_head.conv_sem.weight, std=0.5)
    torch.nn.init.normal_(network.roi_head.roi_msk.weight, std=0.5)
    torch.nn.init.normal_(network.roi_head.roi_cls.weight, std=0.5)
    torch.nn.init.constant_(network.roi_head.roi_cls.bias[0], -2.0)
    made = Predictor(prepare_network(config, TAXONOMY, network.state_dict(), gpu), TAXONOMY)
    made.acceleration = "graph"
    return made


@pytest.fixture(autouse=True)
def exact_products() -> None:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def picture(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(16, 0).repeat(16, 1)[:height, :width])


def eager(predictor: Predictor, image: NDArray[np.uint8], options: PredictOptions = OPTIONS) -> PanopticResult:
    other = Predictor(predictor._network, TAXONOMY)
    other.acceleration = "eager"
    # Graphs resize on the device, where some values come out one higher or lower; with random weights that shows.
    with mock.patch.object(features_module, "resized", resized_there):
        return other.predict(image, options)


def resized_there(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    return resized_pixels(torch.from_numpy(image).cuda(), size).byte().cpu().numpy()


def assert_alike(found: PanopticResult, expected: PanopticResult) -> None:
    assert found.ids.shape == expected.ids.shape
    assert found.ids.dtype == expected.ids.dtype
    assert len(expected.categories) > 3, "the case shows nothing"
    same = found.categories[found.ids] == expected.categories[expected.ids]
    assert same.mean() > 0.995
    assert sorted(found.categories.tolist()) == sorted(expected.categories.tolist())
    np.testing.assert_allclose(np.sort(found.scores), np.sort(expected.scores), atol=1e-3)
    assert found.second_choice is not None
    assert expected.second_choice is not None
    assert (found.second_choice == expected.second_choice).mean() > 0.98


@pytest.mark.parametrize("size", [(128, 256), (200, 131), (37, 500)])
def test_answers_are_those_without_graphs(predictor: Predictor, size: tuple[int, int]) -> None:
    predictor.predict(picture(*size), OPTIONS)
    assert predictor._graphs is not None
    assert not len(predictor._graphs._graphs), "a size that came once is not worth a graph"
    for seed in range(4):
        image = picture(*size, seed)
        assert_alike(predictor.predict(image, OPTIONS), eager(predictor, image))
        assert len(predictor._graphs._graphs) == 1


def test_images_on_their_way_at_once_do_not_mix(predictor: Predictor) -> None:
    images = [picture(128, 256, seed) for seed in range(6)]
    expected = [eager(predictor, image) for image in images]
    predictor.predict(images[0], OPTIONS)
    with ThreadPoolExecutor(3) as pool:
        for _ in range(20):
            for found, wanted in zip(pool.map(lambda x: predictor.predict(x, OPTIONS), images), expected, strict=True):
                assert_alike(found, wanted)
    assert predictor._graphs is not None
    assert len(predictor._graphs._graphs) == 1


def test_results_stay_when_others_follow(predictor: Predictor) -> None:
    predictor.predict(picture(128, 256, 5), OPTIONS)
    first = predictor.predict(picture(128, 256, 0), OPTIONS)
    ids, second = first.ids.copy(), None if first.second_choice is None else first.second_choice.copy()
    for seed in range(1, 4):
        predictor.predict(picture(128, 256, seed), OPTIONS)
    assert np.array_equal(first.ids, ids)
    assert np.array_equal(first.second_choice, second)


def test_prompts_are_answered_from_what_a_graph_saw(predictor: Predictor) -> None:
    image = picture(128, 256)
    predictor.predict(image, OPTIONS)
    predictor.predict(image, OPTIONS, key="a")
    assert predictor._graphs is not None
    assert len(predictor._graphs._graphs) == 1
    predictor.predict(picture(128, 256, 9), OPTIONS)  # overwrites the graph's own outputs
    found = predictor.prompt(None, graphs_prompt(), key="a")
    other = Predictor(predictor._network, TAXONOMY)
    other.acceleration = "eager"
    other.predict(image, OPTIONS, key="a")
    expected = other.prompt(None, graphs_prompt(), key="a")
    assert found.score == pytest.approx(expected.score, abs=1e-3)
    assert found.mask.box == expected.mask.box


def graphs_prompt() -> object:
    from seamseg_studio.engine.inference.prompts import BoxPrompt

    return BoxPrompt(10.0, 20.0, 90.0, 200.0)


def test_few_graphs_are_kept_and_all_can_go(predictor: Predictor) -> None:
    for width in range(130, 130 + 8 * 16, 16):
        for _ in range(6):
            predictor.predict(picture(128, width), OPTIONS)
    assert predictor._graphs is not None
    assert len(predictor._graphs._graphs) == graphs_module._MAX_GRAPHS
    assert predictor.release()
    assert not predictor._graphs._graphs
    assert_alike(predictor.predict(picture(128, 256), OPTIONS), eager(predictor, picture(128, 256)))


@pytest.mark.parametrize("stage", ["warming up", "capturing", "running"])
def test_a_full_gpu_has_fewer_graphs_and_the_same_answers(
    stage: str, predictor: Predictor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = picture(128, 256), picture(128, 160)
    for _ in range(3):
        predictor.predict(first, OPTIONS)
    assert predictor._graphs is not None
    assert len(predictor._graphs._graphs) == 1

    owner, name = (graphs_module.Graphs, "_run") if stage == "running" else (graphs_module.PaddedFusion, "__call__")
    whole, num_failures = getattr(owner, name), 0

    def fails_once(*arguments: Any, **options: Any) -> Any:
        nonlocal num_failures
        if not num_failures and (stage != "capturing" or torch.cuda.is_current_stream_capturing()):
            num_failures = 1
            torch.empty(2**45, device="cuda")
        return whole(*arguments, **options)

    monkeypatch.setattr(owner, name, fails_once)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert_alike(predictor.predict(second, OPTIONS), eager(predictor, second))
    assert num_failures == 1
    assert "memory is short: 1 CUDA graphs are kept" in caplog.text
    for _ in range(3):
        assert_alike(predictor.predict(first, OPTIONS), eager(predictor, first))
    assert len(predictor._graphs._graphs) == 1


def test_a_new_size_is_seen_without_planning(gpu: torch.device) -> None:
    x = torch.randn(1, 32, 37, 41, device=gpu).contiguous(memory_format=torch.channels_last)
    for stride in (1, 2):
        convolution = SameConv2d(32, 32, 5, stride, groups=32).to(gpu)
        convolution.bias = torch.nn.Parameter(torch.randn(32, device=gpu))
        expected = convolution(x).detach()  # with gradients: by cuDNN
        with torch.no_grad(), torch.profiler.profile() as seen:
            found = convolution(x)
        names = {entry.key for entry in seen.key_averages()}
        assert "aten::_conv_depthwise2d" in names
        assert not any("cudnn" in name for name in names)
        assert found.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("options", [PredictOptions(reference=True), PredictOptions(with_raw=True)])
def test_what_graphs_do_not_give_comes_without(predictor: Predictor, options: PredictOptions) -> None:
    for _ in range(3):
        predictor.predict(picture(128, 256), options)
    assert predictor._graphs is not None
    assert not predictor._graphs._graphs


def test_a_graph_that_cannot_be_captured_is_said_once(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def waits(*_: object) -> object:
        return torch.zeros(3, device="cuda").sum().item()

    monkeypatch.setattr(graphs_module.PaddedFusion, "__call__", waits)
    image = picture(128, 256)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert_alike(predictor.predict(image, OPTIONS), eager(predictor, image))
    assert [record.levelname for record in caplog.records].count("WARNING") == 1
    assert "CUDA graphs cannot be used" in caplog.text


def test_a_compiler_that_fails_is_said_once(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object, **__: object) -> object:
        raise RuntimeError("no compiler here\nand more")

    monkeypatch.setattr(torch, "compile", fails)
    predictor.acceleration = "compiled"
    image = picture(128, 256)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert_alike(predictor.predict(image, OPTIONS), eager(predictor, image))
            predictor.wait_for_compiler()
    assert caplog.text.count("no compiler here") == 1
    assert "and more" not in caplog.text


@pytest.mark.slow
def test_a_compiled_network_takes_over(predictor: Predictor) -> None:
    predictor.acceleration = "compiled"
    image = picture(128, 256)
    for _ in range(4):
        assert_alike(predictor.predict(image, OPTIONS), eager(predictor, image))
    predictor.wait_for_compiler()
    assert predictor._graphs is not None
    assert predictor._graphs.compiled_sizes == ((128, 256),)
    assert_alike(predictor.predict(image, OPTIONS), eager(predictor, image))
