"""The mean of the weights of models that one training led to: `python -m ... average --out OUT MODEL MODEL...`.

Parts of one training that end at low rates lie close together, and their mean is often better than each
(Izmailov et al., arXiv 1803.05407). Norm statistics are averaged like weights.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from seamseg_studio.engine.checkpoints.bundle import Bundle, load_bundle, save_bundle
from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.training.errors import TrainingInputError


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the mean model; returns the exit code."""
    parser = argparse.ArgumentParser(prog="average", description="Averages the weights of models of one training.")
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new bundle")
    arguments = parser.parse_args(argv)
    try:
        average([load_bundle(path) for path in arguments.models], arguments.out)
    except SeamsegError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def average(bundles: Sequence[Bundle], out: Path) -> None:
    """Writes the mean of bundles, with the name, the card and the configuration of the last one.

    Raises:
        TrainingInputError: Their weights do not belong to one network and one taxonomy.
    """
    states = [bundle.state_dict() for bundle in bundles]
    parts = [bundle.manifest.get("lineage", {}) for bundle in bundles]
    last = bundles[-1]
    for bundle, state in zip(bundles, states, strict=True):
        same = bundle.taxonomy == last.taxonomy and {k: v.shape for k, v in state.items()} == {
            k: v.shape for k, v in states[-1].items()
        }
        if not same:
            raise TrainingInputError(
                f"{bundle.path}: has another network or other categories than {last.path}; "
                "average the parts of one training"
            )
    save_bundle(
        out,
        name=last.name,
        config=last.config,
        taxonomy=last.taxonomy,
        state_dict={name: _mean([state[name] for state in states]) for name in states[-1]},
        card=last.card,
        lineage={
            "recipe": "training/recipes/average.py",
            "trained_on_validation": any(part.get("trained_on_validation", False) for part in parts),
            "parts": parts,
        },
    )


def _mean(values: Sequence[Tensor]) -> Tensor:
    if not values[0].is_floating_point():
        return values[-1]  # counters of norms
    return torch.stack([value.double() for value in values]).mean(0).to(values[0].dtype)


if __name__ == "__main__":
    sys.exit(main())
