"""Everything of Seamseg Studio that needs no window: scene, formats, project, network, service, commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seamseg_studio.engine.inference.predictor import Predictor, load_model

__all__ = ["Predictor", "load_model"]


def __getattr__(name: str) -> Any:
    # Imported on first use: the window's process imports this package and must never load torch.
    if name in __all__:
        from seamseg_studio.engine.inference import predictor

        return getattr(predictor, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
