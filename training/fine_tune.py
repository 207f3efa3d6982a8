"""Fine-tuning a bundle on the corrections of a project: careful settings, replay, and the gate at the end."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from seamseg_studio.engine.checkpoints.bundle import Bundle, load_bundle
from seamseg_studio.engine.inference.device import find_device
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_network
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training import ranks
from seamseg_studio.training.agreement import corrected_share, find_evidence
from seamseg_studio.training.batch import Collate
from seamseg_studio.training.budget import (
    LARGEST_SCALE,
    NUM_VALIDATIONS,
    REPLAY_SHARE,
    Budget,
    fine_tune_settings,
    keep_network,
)
from seamseg_studio.training.chance import seed_everything
from seamseg_studio.training.comparison import write_comparison
from seamseg_studio.training.config import TrainingOptions
from seamseg_studio.training.corrections import Material, read_material
from seamseg_studio.training.dataset import (
    KeyedBatches,
    MemorySource,
    SampleSource,
    SeamsegSource,
    TrainingSet,
    make_loader,
)
from seamseg_studio.training.distill import Teacher
from seamseg_studio.training.events import EventLog
from seamseg_studio.training.extend import category_map, load_extended
from seamseg_studio.training.gate import Comparison, decide
from seamseg_studio.training.recipes.pack import read_pack
from seamseg_studio.training.report import write_report
from seamseg_studio.training.runs import RunOptions, prepare_folder, run_trainer, warn_of_memory, write_bundle
from seamseg_studio.training.sample import Sample
from seamseg_studio.training.sampler import MixtureSampler
from seamseg_studio.training.sources import ChangedSource, JoinedSource, translated
from seamseg_studio.training.trainer import Trainer
from seamseg_studio.training.transforms import TrainTransform, flip, shrink
from seamseg_studio.training.validation import measure_panoptic
from seamseg_studio.training.watch import listeners

REPLAY_PACK = "replay.zip"  # in a bundle: samples of what it was trained on
MAX_OLD_IMAGES = 50


@dataclass(frozen=True, slots=True)
class OldData:
    """What the base was trained on, as far as it is known, in the words of the new model."""

    train: SampleSource
    val: SampleSource


def train_from_corrections(
    project: Path, base_spec: str | None, run: RunOptions, budget: Budget, events: EventLog
) -> Path | None:
    """Fine-tunes a bundle on the corrections of a project.

    Returns:
        The new bundle; None if the run was stopped before its end.

    Raises:
        BundleError, ProjectError, TrainingInputError, DeviceError: The input makes the run pointless.
        TrainingError: It failed on the way.
    """
    base = load_bundle(base_spec)
    device = find_device(run.device)
    on_gpu = device.type == "cuda"
    heads_only = budget.heads_only if budget.heads_only is not None else not on_gpu
    shortest = base.config.dataloader.shortest_size
    teacher = build_network(base.config, base.taxonomy)
    weights = base.state_dict()
    teacher.load_state_dict(weights)
    teacher.eval().requires_grad_(False).to(device)
    material = read_material(
        project,
        base.taxonomy,
        shortest_px=shortest if heads_only else round(LARGEST_SCALE * shortest),
        lineage=base.manifest.get("lineage", {}),
        ask=Predictor(teacher, base.taxonomy).predict if budget.replay else None,
    )
    num_images = len(material.corrected)
    config, options = fine_tune_settings(
        base.config,
        num_images,
        on_gpu=on_gpu,
        heads_only=heads_only,
        budget=budget,
        num_held_out=len(material.held_out),
        evidence=find_evidence(material.corrected, material.taxonomy.num_stuff) if budget.replay else None,
    )
    old = _find_old_data(base, material.taxonomy, budget, round(LARGEST_SCALE * shortest))
    seed_everything(options.seed)
    network = build_network(config, material.taxonomy)
    load_extended(network, weights, base.taxonomy, material.taxonomy)
    held_out = MemorySource(material.held_out)

    def validate(network: PanopticNet) -> dict[str, Any]:
        return measure_panoptic(network, held_out, material.taxonomy)

    source, groups = _join(material, old, budget, heads_only=heads_only)
    prepare_folder(run)
    trainer = Trainer(
        network,
        config,
        options,
        *_make_loader(source, groups, config, options, material.taxonomy, budget, device, heads_only=heads_only),
        out=run.out,
        device=device,
        events=events,
        validate=validate if material.held_out else None,
        teacher=Teacher(teacher, category_map(base.taxonomy, material.taxonomy).to(device)),
        keep_features=heads_only,
    )
    if not heads_only:
        size = round(LARGEST_SCALE * shortest)
        warn_of_memory(trainer, events, config.dataloader.train_batch_size, (size, 2 * size), has_teacher=True)
    base_scores = _measure_base(teacher, held_out, old, base.taxonomy, material.taxonomy)
    extra: dict[str, Any] = {
        "num_held_out": len(held_out),
        "num_unlabelled": len(material.unlabelled),
        "heads_only": heads_only,
    }
    if base_scores[0] is not None:
        extra["base_scores"] = {name: base_scores[0][name] for name in ("pq", "miou")}
    with listeners(run.out, bar=run.bar, tensorboard=False) as found:
        events.listeners += found
        if not run_trainer(trainer, run, events, num_images, **extra):
            return None
    network.load_state_dict(trainer.final_state())
    verdicts = _compare(network, base_scores, held_out, old, material.taxonomy)
    verdict = decide(*verdicts)
    gate: dict[str, Any] = {"status": verdict.status, "reason": verdict.reason}
    for name, comparison in zip(("held_out", "old_data"), verdicts, strict=True):
        if comparison is not None:
            gate[name] = comparison.to_json()
    _write_pictures(run, events, (teacher, base.taxonomy), (network.eval(), material.taxonomy), held_out, gate)
    path = write_bundle(
        trainer,
        run,
        events,
        keep_network(base.config, config),
        material.taxonomy,
        f"{base.name} + {project.stem}",
        _card(base, project, material, trainer.progress.step, verdict.reason),
        _lineage(base, project, material, trainer.progress.step, gate),
        gate=gate,
    )
    if ranks.rank() == 0:
        write_report(run.out, events, f"Training on {project.stem}", network, held_out, material.taxonomy)
    if ranks.rank() == 0 and base.path.is_dir() and (base.path / REPLAY_PACK).is_file():
        shutil.copyfile(base.path / REPLAY_PACK, path / REPLAY_PACK)
    return path


def _find_old_data(base: Bundle, taxonomy: Taxonomy, budget: Budget, shortest_px: int) -> OldData | None:
    if budget.replay_set is not None:
        sets = [SeamsegSource(budget.replay_set, split) for split in ("train", "val")]
        train, val = (translated(source, source.taxonomy, taxonomy, prefix="old/") for source in sets)
        return OldData(
            ChangedSource(train, lambda sample: shrink(sample, shortest_px)),
            ChangedSource(val, lambda sample: shrink(sample, 2 * shortest_px)),
        )
    pack = base.path / REPLAY_PACK
    if not base.path.is_dir() or not pack.is_file():
        return None
    samples = read_pack(pack)
    parts = [MemorySource([p.sample for p in samples if p.split == split]) for split in ("train", "val")]
    train, val = (translated(part, base.taxonomy, taxonomy, prefix="old/") for part in parts)
    return OldData(train, val)


def _join(
    material: Material, old: OldData | None, budget: Budget, *, heads_only: bool
) -> tuple[SampleSource, list[range]]:
    """Returns all images to learn from, and which are corrected, unlabelled and old."""
    corrected, unlabelled = list(material.corrected), list(material.unlabelled)
    if heads_only:
        # Mirrored images are images of their own, so that their features are kept too.
        corrected = [variant for sample in corrected for variant in (sample, _mirrored(sample))]
    parts: list[SampleSource] = [MemorySource(corrected)]
    parts.append(MemorySource([*unlabelled, *material.agreed] if budget.replay else []))
    parts.append(old.train if old is not None and budget.replay else MemorySource([]))
    joined = JoinedSource(parts)
    return joined, joined.groups()


def _mirrored(sample: Sample) -> Sample:
    return replace(flip(sample), name=f"{sample.name} (mirrored)")


def _make_loader(
    source: SampleSource,
    groups: list[range],
    config: Config,
    options: TrainingOptions,
    taxonomy: Taxonomy,
    budget: Budget,
    device: torch.device,
    *,
    heads_only: bool,
) -> tuple[Any, KeyedBatches]:
    data = config.dataloader
    replayed = [group for group in groups[1:] if group]
    shares = [1 - REPLAY_SHARE if replayed else 1.0]
    shares += [REPLAY_SHARE / len(replayed) if group else 0.0 for group in groups[1:]]
    num_batches = max(1, round(len(groups[0]) / shares[0] / (data.train_batch_size * ranks.count())))
    # An epoch ends in a validation, and there shall be some of them.
    num_batches = min(num_batches, max(1, options.max_steps // NUM_VALIDATIONS))
    sampler = MixtureSampler(
        groups,
        shares,
        data.train_batch_size,
        num_batches,
        options.seed,
        rank=ranks.rank(),
        num_ranks=ranks.count(),
    )
    batches = KeyedBatches(sampler)
    transform = TrainTransform(
        data.shortest_size, data.longest_max_size, data.random_flip, data.random_scale, False, options.crop_size
    )
    dataset = TrainingSet(source, transform, seed=options.seed)
    collate = Collate(taxonomy.num_stuff, taxonomy.num_things)
    loader = make_loader(dataset, batches, collate, num_workers=data.num_workers, pin_memory=device.type == "cuda")
    return loader, batches


def _measure_base(
    teacher: PanopticNet, held_out: SampleSource, old: OldData | None, own: Taxonomy, wanted: Taxonomy
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Returns the base's scores on the held-back corrections and on old data, where there are such."""
    table = category_map(own, wanted).numpy()
    held = measure_panoptic(teacher, held_out, wanted, categories=table) if len(held_out) else None
    if old is None or not len(old.val):
        return held, None
    return held, measure_panoptic(teacher, old.val, wanted, max_images=MAX_OLD_IMAGES, categories=table)


def _compare(
    network: PanopticNet,
    base_scores: tuple[dict[str, Any] | None, dict[str, Any] | None],
    held_out: SampleSource,
    old: OldData | None,
    taxonomy: Taxonomy,
) -> tuple[Comparison | None, Comparison | None]:
    held = old_data = None
    if base_scores[0] is not None:
        held = Comparison(base_scores[0], measure_panoptic(network, held_out, taxonomy))
    if base_scores[1] is not None and old is not None:
        new = measure_panoptic(network, old.val, taxonomy, max_images=MAX_OLD_IMAGES)
        old_data = Comparison(base_scores[1], new)
    return held, old_data


def _write_pictures(
    run: RunOptions,
    events: EventLog,
    base: tuple[PanopticNet, Taxonomy],
    new: tuple[PanopticNet, Taxonomy],
    held_out: SampleSource,
    gate: dict[str, Any],
) -> None:
    if ranks.rank() or not len(held_out):
        return
    try:
        write_comparison(run.out, base, new, held_out, gate)
    except OSError as error:
        events.emit("warning", message=f"the pictures for comparing could not be written ({error})")


def _lineage(base: Bundle, project: Path, material: Material, steps: int, gate: dict[str, Any]) -> dict[str, Any]:
    return {
        "base": base.name,
        "base_sha256": dict(base.manifest["sha256"]),
        "base_lineage": base.manifest.get("lineage", {}),
        "project": project.name,
        "images": [sample.name for sample in (*material.corrected, *material.agreed)],
        "held_out": [sample.name for sample in material.held_out],
        "labelled_share": [round(corrected_share(sample), 4) for sample in material.corrected],
        "steps": steps,
        "gate": gate,
    }


def _card(base: Bundle, project: Path, material: Material, steps: int, reason: str) -> str:
    title, _, rest = base.card.partition("\n")
    return (
        f"# {base.name}, fine-tuned on {project.stem}\n\n{steps} steps on {len(material.corrected)} corrected images "
        f"of {project.name}; {len(material.held_out)} more were held back to judge by: {reason}. The licence and the "
        f"limits of the base model hold for it too.\n\n## The base model\n\n{title.lstrip('# ')}\n{rest}"
    )
