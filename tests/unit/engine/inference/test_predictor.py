"""The predictor on images of all sizes, its options, devices and refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from seamseg_studio.engine import load_model
from seamseg_studio.engine.checkpoints.bundle import save_bundle
from seamseg_studio.engine.checkpoints.errors import BundleError
from seamseg_studio.engine.inference import predictor as predictor_module
from seamseg_studio.engine.inference import seen_images
from seamseg_studio.engine.inference.detection import Detections
from seamseg_studio.engine.inference.device import find_device, find_precision
from seamseg_studio.engine.inference.errors import DeviceError
from seamseg_studio.engine.inference.fuse import fuse
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.scene.consequences import corrected_part, part_around
from seamseg_studio.engine.scene.edits import delete
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

TAXONOMY = Taxonomy(
    "street",
    tuple(
        Category(name, kind, (1, 2, 3))
        for name, kind in [("road", Kind.STUFF), ("sky", Kind.STUFF), ("car", Kind.THING), ("person", Kind.THING)]
    ),
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network whose box head finds things almost anywhere."""
    torch.manual_seed(3)
    config = Config().replace(
        body={"body": "efficientnet_lite0", "normalization_mode": "bn"},
        fpn={"out_channels": 16},
        rpn={"hidden_channels": 16, "num_post_nms_val": 50, "anchor_scale": 4.0, "min_size": 2.0},
        roi={"fc_channels": 16, "mask_channels": 16},
        sem={"hidden_channels": 8, "min_stuff_area": 100.0},
        dataloader={"shortest_size": 64},
    )
    network = build_network(config, TAXONOMY)
    torch.nn.init.normal_(network.sem_head.conv_sem.weight, std=0.5)
    torch.nn.init.normal_(network.roi_head.roi_msk.weight, std=0.5)
    torch.nn.init.constant_(network.roi_head.roi_cls.bias[0], -2.0)
    path = tmp_path_factory.mktemp("models") / "small"
    save_bundle(
        path,
        name="small",
        config=config,
        taxonomy=TAXONOMY,
        state_dict=network.state_dict(),
        card="# A small model\n\ntext",
    )
    return path


@pytest.fixture(scope="module")
def predictor(bundle: Path) -> Predictor:
    return load_model(bundle, device="cpu")


def picture(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(height * 7 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_loaded_model_says_what_it_is(predictor: Predictor) -> None:
    assert (predictor.bundle_name, predictor.card_title) == ("small", "A small model")
    assert predictor.taxonomy == TAXONOMY
    assert predictor.device == torch.device("cpu")
    network = build_network(predictor.config, TAXONOMY)
    assert predictor.num_parameters == sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (32, 2000), (2000, 32), (3, 5), (64, 97), (150, 100)])
def test_images_of_any_size_give_partitions(predictor: Predictor, size: tuple[int, int]) -> None:
    result = predictor.predict(picture(*size))
    assert result.ids.shape == size
    assert result.ids.dtype == np.int32
    assert result.second_choice is not None
    assert result.second_choice.shape == size
    used = np.unique(result.ids)
    assert set(used[used > 0].tolist()) == set(range(1, len(result.categories)))
    assert result.categories[0] == 255
    result.to_map().check()


def test_the_map_holds_instances_and_stuff(predictor: Predictor) -> None:
    result = predictor.predict(picture(64, 96), PredictOptions(score_threshold=0.1, min_stuff_area=1))
    categories = result.categories[1:]
    assert (categories < TAXONOMY.num_stuff).any()
    assert ((categories >= TAXONOMY.num_stuff) & ~result.is_crowd[1:]).any()
    assert (np.diff(result.scores[1:][~result.is_crowd[1:] & (categories >= 2)]) <= 0).all()


def test_the_second_choice_is_another_category(predictor: Predictor) -> None:
    result = predictor.predict(picture(64, 96), PredictOptions(score_threshold=0.1))
    assert result.second_choice is not None
    chosen = result.categories[result.ids]
    assert (result.second_choice != chosen).all()
    assert set(np.unique(result.second_choice)) <= {0, 1, 2, 3}
    assert predictor.predict(picture(64, 96), PredictOptions(with_second_choice=False)).second_choice is None


def test_reference_maps_have_the_networks_size(predictor: Predictor) -> None:
    image = picture(100, 150)
    result = predictor.predict(image, PredictOptions(reference=True))
    assert result.ids.shape == (64, 96)
    assert predictor.predict(image).ids.shape == (100, 150)
    same_size = picture(64, 96)
    reference = predictor.predict(same_size, PredictOptions(reference=True))
    np.testing.assert_array_equal(predictor.predict(same_size).ids > 0, reference.ids > 0)


def test_stuff_areas_count_at_the_networks_size(predictor: Predictor) -> None:
    image = np.repeat(np.repeat(picture(64, 96), 3, axis=0), 3, axis=1)
    options = PredictOptions(score_threshold=1.0, min_stuff_area=1000)
    result = predictor.predict(image, options)
    areas = np.bincount(result.ids.ravel(), minlength=len(result.categories))[1:]
    assert len(areas)
    assert areas.min() >= 9000
    everything = predictor.predict(image, PredictOptions(score_threshold=1.0, min_stuff_area=0))
    assert (everything.ids > 0).all()


@pytest.mark.parametrize("size", [(20, 60), (5, 15)])
def test_least_areas_are_scaled_to_the_map(size: tuple[int, int]) -> None:
    # A map of 20 x 60 pixels from an input of 10 x 30 has four times its area, one of 5 x 15 a quarter.
    height, width = size
    semantic = torch.zeros(size, dtype=torch.uint8)
    semantic[:, : width // 3] = 1
    area = height * width // 3
    scale = height * width / 300

    def categories(min_stuff_area: float) -> list[int]:
        return fuse(
            semantic,
            Detections(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long), torch.zeros(0)),
            torch.zeros(0, 28, 28),
            input_size=(10, 30),
            num_stuff=2,
            score_threshold=0.5,
            overlap_threshold=0.5,
            min_stuff_area=min_stuff_area,
            keep_empty=False,
        ).categories.tolist()

    assert area == 100 * scale
    assert categories(100) == [255, 0, 1]
    assert categories(101) == [255, 0]
    assert categories(201) == [255]


def test_the_models_own_least_area_holds_unless_told(predictor: Predictor) -> None:
    image = picture(64, 96)
    own = predictor.predict(image)
    np.testing.assert_array_equal(own.ids, predictor.predict(image, PredictOptions(min_stuff_area=100)).ids)


def test_raw_output_is_complete(predictor: Predictor) -> None:
    image = picture(100, 150)
    assert predictor.predict(image).raw is None
    raw = predictor.predict(image, PredictOptions(with_raw=True)).raw
    assert raw is not None
    num = len(raw.obj_pred)
    assert num > 0
    assert raw.sem_pred.shape == (64, 96)
    assert (raw.bbx_pred.shape, raw.msk_pred.shape, raw.cls_pred.shape) == ((num, 4), (num, 28, 28), (num,))
    types = [raw.sem_pred.dtype, raw.bbx_pred.dtype, raw.cls_pred.dtype, raw.obj_pred.dtype, raw.msk_pred.dtype]
    assert types == [np.uint8, np.float32, np.int64, np.float32, np.float32]
    assert (raw.obj_pred > predictor.config.roi.score_threshold).all()


def test_leaving_out_what_the_map_never_shows_changes_nothing(predictor: Predictor) -> None:
    image = picture(64, 96)
    lean = predictor.predict(image, PredictOptions(score_threshold=0.3))
    full = predictor.predict(image, PredictOptions(score_threshold=0.3, with_raw=True))
    np.testing.assert_array_equal(lean.ids, full.ids)


def test_stages_are_told_timed_and_may_end_the_work(predictor: Predictor) -> None:
    stages: list[str] = []
    result = predictor.predict(picture(20, 30), on_stage=stages.append)
    assert stages == list(result.timings_ms) == ["preprocess", "network", "detection", "masks", "semantic", "fusion"]

    def cancel(stage: str) -> None:
        if stage == "detection":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predictor.predict(picture(20, 30), on_stage=cancel)


def test_a_smaller_input_gives_a_map_of_the_same_size(predictor: Predictor) -> None:
    image = picture(90, 120)
    result = predictor.predict(image, PredictOptions(with_raw=True), input_scale=0.5)
    assert result.ids.shape == (90, 120)
    assert result.raw is not None
    assert result.raw.sem_pred.shape == (32, 42)


def test_lower_precision_agrees(bundle: Path, predictor: Predictor) -> None:
    image = picture(64, 96)
    low = load_model(bundle, device="cpu", precision="bf16").predict(image, PredictOptions(with_raw=True)).raw
    full = predictor.predict(image, PredictOptions(with_raw=True)).raw
    assert low is not None
    assert full is not None
    assert (low.sem_pred == full.sem_pred).mean() > 0.9


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_a_taxonomy_of_stuff_only_needs_no_boxes(tmp_path: Path, predictor: Predictor) -> None:
    taxonomy = Taxonomy("stuff", TAXONOMY.categories[:1])
    network = build_network(predictor.config, taxonomy)
    save_bundle(
        tmp_path / "m",
        name="m",
        config=predictor.config,
        taxonomy=taxonomy,
        state_dict=network.state_dict(),
        card="",
    )
    result = load_model(tmp_path / "m").predict(picture(20, 30))
    assert (result.ids == 1).all()
    assert (result.second_choice == 255).all()


def test_other_arrays_are_refused(predictor: Predictor) -> None:
    with pytest.raises(ValueError, match="image must be uint8"):
        predictor.predict(np.zeros((4, 4), np.uint8))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"score_threshold": 1.5}, "score_threshold must be between 0 and 1, got 1.5"),
        ({"overlap_threshold": float("nan")}, "overlap_threshold must be between"),
        ({"input_scale": 0.0}, "input_scale must be between 1/8 and 8"),
        ({"min_stuff_area": -1}, "min_stuff_area must be 0 or more"),
    ],
)
def test_impossible_options_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PredictOptions(**values)


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("cuda:99", "device 'cuda:99' is not available: .* use --device cpu"),
        ("gpu", "device 'gpu' is unknown: use auto, cpu, cuda or cuda:N"),
        ("meta", "device 'meta' is not supported"),
    ],
)
def test_unknown_devices_are_named(bundle: Path, device: str, message: str) -> None:
    with pytest.raises(DeviceError, match=message):
        load_model(bundle, device=device)


def test_precisions() -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda", 0)
    assert find_precision("auto", cpu) == torch.float32
    assert find_precision("auto", gpu) == torch.float16
    assert find_precision("tf32", gpu) == find_precision("tf32", cpu) == torch.float32
    assert find_device("cpu") == cpu
    with pytest.raises(DeviceError, match="fp16 needs a GPU"):
        find_precision("fp16", cpu)
    with pytest.raises(DeviceError, match="precision 'int8' is unknown"):
        find_precision("int8", cpu)


def test_products_are_shortened_only_where_that_is_asked_for(bundle: Path) -> None:
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    try:
        for precision, is_shortened in (("tf32", True), ("fp32", False), ("tf32", True), ("auto", False)):
            load_model(bundle, device="cpu", precision=precision)
            assert torch.backends.cuda.matmul.allow_tf32 == torch.backends.cudnn.allow_tf32 == is_shortened
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def test_the_starter_is_the_default(monkeypatch: pytest.MonkeyPatch, bundle: Path) -> None:
    asked: list[object] = []

    def load(spec: object) -> object:
        asked.append(spec)
        return predictor_module_load(bundle)

    predictor_module_load = predictor_module.load_bundle
    monkeypatch.setattr(predictor_module, "load_bundle", load)
    assert load_model().bundle_name == "small"
    assert asked == [None]


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such file, nor a model of that name"):
        load_model(tmp_path / "none")


@pytest.mark.parametrize("size", [(64, 97), (150, 100)])
def test_other_thresholds_need_no_network(
    predictor: Predictor, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = picture(*size)
    many = [
        PredictOptions(score_threshold=score, overlap_threshold=overlap, min_stuff_area=area)
        for score, overlap, area in ((0.5, 0.5, None), (0.1, 0.5, 0.0), (0.3, 0.9, 50.0), (1.0, 0.0, 1e6))
    ]
    expected = [predictor.predict(image, options) for options in many]
    assert predictor.fuse_again("fused", many[0]) is None
    predictor.predict(image, key="fused")
    monkeypatch.setattr(seen_images, "look", None)
    for options, labels in zip(many, expected, strict=True):
        again = predictor.fuse_again("fused", options)
        assert again is not None
        np.testing.assert_array_equal(again.ids, labels.ids)
        np.testing.assert_array_equal(again.categories, labels.categories)
        np.testing.assert_array_equal(again.second_choice, labels.second_choice)
    assert len({labels.ids.tobytes() for labels in expected}) > 1
    assert predictor.fuse_again("fused", PredictOptions(input_scale=2.0)) is None  # was seen at another size
    predictor.release()
    assert predictor.fuse_again("fused", many[0]) is None


def test_what_is_kept_for_other_thresholds_counts_as_memory(predictor: Predictor) -> None:
    predictor.release()
    predictor.predict(picture(64, 97), key="counted")
    before = predictor.seen.num_bytes
    predictor.fuse_again("counted")
    assert predictor.seen.num_bytes >= before + 2 * 64 * 97
    predictor.release()


def test_what_follows_from_a_correction_needs_no_network(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    image, options = picture(64, 97), PredictOptions(min_stuff_area=0)
    panoptic_map = predictor.predict(image, options).to_map()
    things = [i for i, segment in panoptic_map.segments.items() if TAXONOMY.is_thing(segment.category)]
    chosen = min(things, key=panoptic_map.area)
    patch = delete(panoptic_map, [chosen], EditingPolicy(TAXONOMY))
    patch.apply(panoptic_map)
    box = part_around(panoptic_map, patch)
    assert box is not None
    part = corrected_part(panoptic_map, panoptic_map.segments, patch, box, TAXONOMY)
    stages: list[str] = []
    assert predictor.seen.fuse_around(None, "around", part, options, on_stage=stages.append) is None
    first = predictor.seen.fuse_around(image, "around", part, options, on_stage=stages.append)
    assert "network" in stages
    monkeypatch.setattr(seen_images, "look", None)
    stages.clear()
    again = predictor.seen.fuse_around(None, "around", part, options, on_stage=stages.append)
    assert stages == ["fusion"]
    assert first is not None
    assert again is not None
    assert first.box == again.box == panoptic_map.box
    np.testing.assert_array_equal(first.result.ids, again.result.ids)
    np.testing.assert_array_equal(first.is_new, again.is_new)
    assert again.is_new.any()  # somebody else has the place now
    assert not (again.is_new & part.after.is_said).any()
    predictor.release()
