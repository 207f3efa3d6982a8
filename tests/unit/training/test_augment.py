"""Random light and grain."""

from __future__ import annotations

import pytest
import torch

from seamseg_studio.engine.model.config import ConfigError
from seamseg_studio.training.augment import add_noise, jitter_colors
from seamseg_studio.training.config import load_training_config


def grey(count: int = 4, side: int = 64) -> torch.Tensor:
    return torch.full((count, 3, side, side), 128, dtype=torch.uint8)


def test_no_grain_leaves_images_alone() -> None:
    assert torch.equal(add_noise(grey(), 0.0), grey().float())


def test_every_image_has_its_own_grain() -> None:
    torch.manual_seed(0)
    found = add_noise(grey(16), 0.1)
    deviations = found.std(dim=(1, 2, 3))
    assert found.dtype == torch.float32
    assert float(deviations.max()) <= 0.1 * 255 * 1.05
    assert float(deviations.max()) > 3 * float(deviations.min())
    assert (found.mean(dim=(1, 2, 3)) - 128).abs().max() < 1
    assert not torch.equal(found[:, 0], found[:, 1]), "channels differ"


def test_values_stay_within_white_and_black() -> None:
    for value in (0, 255):
        found = add_noise(torch.full((2, 3, 32, 32), value, dtype=torch.uint8), 0.5)
        assert float(found.min()) >= 0
        assert float(found.max()) <= 255


def test_light_changes_with_its_strength() -> None:
    def moved(strength: float) -> float:
        found = jitter_colors(grey(64, 4), strength, torch.Generator().manual_seed(1))
        return float((found - 128).abs().mean())

    assert moved(0.0) == 0
    assert 0 < moved(0.1) < moved(0.6)


@pytest.mark.parametrize(
    ("lines", "said"),
    [("mosaic = 0.3", "crop_size"), ("noise = -1", "noise"), ("mosaic = -0.5\ncrop_size = (64, 64)", "mosaic")],
)
def test_senseless_options_are_named(lines: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_training_config(f"[training]\n{lines}\n")
