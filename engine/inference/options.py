"""What one prediction may vary. Imports no torch, so that the window and the protocol can use it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PredictOptions:
    """Settings of one prediction.

    Attributes:
        score_threshold: Instances at or below this score are left out.
        overlap_threshold: An instance of which more than this share is taken already is left out.
        min_stuff_area: Smaller semantic regions become void; pixels of the network's input, scaled to the image. None
            is the model's own value, `[sem] min_stuff_area` of its configuration.
        reference: Whether to give the original project's map: at the network's input resolution, empty segments kept.
        with_raw: Whether to give the network's own output too (all detections with their masks; slower).
        with_second_choice: Whether to give the runner-up category per pixel.
        with_uncertainty: Whether to say how unsure the network is of every pixel (not in reference mode).
        input_scale: Size of the network's input relative to the one it was trained with: more sees smaller things and
            takes longer.

    Raises:
        ValueError: A threshold outside [0, 1], a negative area, or a size outside [1/8, 8].
    """

    score_threshold: float = 0.5
    overlap_threshold: float = 0.5
    min_stuff_area: float | None = None
    reference: bool = False
    with_raw: bool = False
    with_second_choice: bool = True
    with_uncertainty: bool = False
    input_scale: float = 1.0

    def __post_init__(self) -> None:
        for name in ("score_threshold", "overlap_threshold"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be between 0 and 1, got {getattr(self, name)}")
        if self.min_stuff_area is not None and not self.min_stuff_area >= 0:
            raise ValueError(f"min_stuff_area must be 0 or more pixels, got {self.min_stuff_area}")
        if not 1 / 8 <= self.input_scale <= 8:
            raise ValueError(f"input_scale must be between 1/8 and 8, got {self.input_scale}")
