"""From images to the network's input."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from seamseg_studio.engine.inference.preprocess import check_image, network_size, normalised, resized, resized_pixels
from seamseg_studio.engine.model.sections import DataloaderConfig

PARITY = Path(__file__).resolve().parents[3] / "fixtures" / "parity"
CONFIG = DataloaderConfig(rgb_mean=(0.41738699, 0.45732192, 0.46886091), rgb_std=(0.25685097, 0.26509955, 0.29067996))


@pytest.mark.parametrize("index", range(4))
def test_equals_the_originals_transform(recipe: ModuleType, index: int) -> None:
    with np.load(PARITY / "ops_test_transform.npz") as arrays:
        height, width, shortest = arrays[f"test{index}/hws"].tolist()
        expected, moments = arrays[f"test{index}/out"], arrays[f"test{index}/stats"]
    image = recipe.image(height, width, 5 + index)
    x = normalised(resized(image, network_size((height, width), shortest)), CONFIG, torch.device("cpu"))[0]
    assert x.shape == expected.shape
    np.testing.assert_allclose(x, expected.astype(np.float32), atol=1e-3)  # stored in 16 bits
    np.testing.assert_allclose([x.mean(), x.std()], moments, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "shortest", "expected"),
    [
        ((480, 640), 480, (480, 640)),
        ((333, 517), 200, (200, 310)),  # 310.5 is cut
        ((1, 1), 64, (64, 64)),
        ((32, 2000), 512, (32, 2048)),  # not 512 x 32000
        ((5000, 1), 512, (2048, 1)),
        ((100, 400), 512, (512, 2048)),
    ],
)
def test_network_size(size: tuple[int, int], shortest: int, expected: tuple[int, int]) -> None:
    assert network_size(size, shortest) == expected


def test_read_only_and_strided_pixels_are_taken() -> None:
    image = np.zeros((4, 6, 3), np.uint8)[:, ::-1]
    image.flags.writeable = False
    x = normalised(image, CONFIG, torch.device("cpu"))
    assert x.shape == (1, 3, 4, 6)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 6), np.uint8),
        np.zeros((4, 6, 4), np.uint8),
        np.zeros((4, 6, 3), np.float32),
        np.zeros((0, 6, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"image must be uint8 \[H, W, 3\]"):
        check_image(image)


@pytest.mark.parametrize("size", [(40, 60), (64, 48), (97, 131), (200, 300), (23, 131), (97, 50)])
def test_resizing_on_the_device_is_that_of_pillow(size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (97, 131, 3), dtype=np.uint8)
    expected = resized(image, size).astype(np.float32)
    found = resized_pixels(torch.from_numpy(image), size)
    assert found.dtype == torch.float32
    assert found.is_contiguous()
    difference = np.abs(found.numpy() - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.03
