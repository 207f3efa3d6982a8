"""The two kinds of run of `seamseg-train`, put together from their parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seamseg_studio.engine.checkpoints.backbones import load_backbone
from seamseg_studio.engine.checkpoints.bundle import save_bundle
from seamseg_studio.engine.inference.device import find_device
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_network
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training import ranks
from seamseg_studio.training.batch import Collate
from seamseg_studio.training.chance import seed_everything
from seamseg_studio.training.config import TrainingOptions, load_training_config
from seamseg_studio.training.dataset import (
    KeyedBatches,
    SampleSource,
    SeamsegSource,
    TrainingSet,
    make_loader,
)
from seamseg_studio.training.errors import TrainingError, TrainingInputError
from seamseg_studio.training.events import EventLog
from seamseg_studio.training.sampler import AspectSampler
from seamseg_studio.training.snapshots import FILE_NAME, clean_up, snapshot_files
from seamseg_studio.training.trainer import Trainer
from seamseg_studio.training.transforms import TrainTransform, cut_out
from seamseg_studio.training.validation import measure_panoptic

BUNDLE_FOLDER = "model"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line says about any run.

    Attributes:
        out: Folder of the result; made if missing.
        device: "auto", "cpu", "cuda" or "cuda:N".
        resume: Whether to go on from the snapshot in `out`.
    """

    out: Path
    device: str = "auto"
    resume: bool = False


def train_dataset(config_path: Path, dataset: Path, run: RunOptions, events: EventLog) -> Path | None:
    """Trains a network on a seamseg dataset.

    Returns:
        The bundle; None if the run was stopped before its end.

    Raises:
        ConfigError, FormatError, TrainingInputError, DeviceError: The input makes the run pointless.
        TrainingError: It failed on the way.
    """
    config, options = load_training_config(config_path)
    source = SeamsegSource(dataset, config.dataloader.train_set)
    device = find_device(run.device)
    seed_everything(options.seed)
    network = build_network(config, source.taxonomy)
    if config.body.weights and not run.resume:
        load_backbone(network.body.backbone, Path(config.body.weights).expanduser())
    validate: Callable[[PanopticNet], dict[str, Any]] | None = None
    if config.dataloader.val_set and (dataset / "lst" / f"{config.dataloader.val_set}.txt").is_file():
        held_out = SeamsegSource(dataset, config.dataloader.val_set)

        def validate(network: PanopticNet) -> dict[str, Any]:
            return measure_panoptic(network, held_out, source.taxonomy, max_images=options.val_max_images)

    trainer = _make_trainer(network, config, options, source, run, device, events, validate)
    if not run_trainer(trainer, run, events, len(source)):
        return None
    card = f"# {dataset.name}\n\nTrained by seamseg-train on {len(source)} images of {dataset.name}.\n"
    lineage = {"dataset": dataset.name, "images": len(source), "steps": trainer.progress.step}
    return write_bundle(trainer, run, events, config, source.taxonomy, dataset.name, card, lineage)


def _batch_size(wished: int, num_images: int) -> int:
    """Returns the images per batch and process, so that each process has some."""
    if num_images < ranks.count():
        images = "1 image" if num_images == 1 else f"{num_images} images"
        raise TrainingInputError(f"there are {images} for {ranks.count()} processes; start fewer processes")
    return min(wished, num_images // ranks.count())


def _make_trainer(
    network: PanopticNet,
    config: Config,
    options: TrainingOptions,
    source: SampleSource,
    run: RunOptions,
    device: torch.device,
    events: EventLog,
    validate: Callable[[PanopticNet], dict[str, Any]] | None,
) -> Trainer:
    data = config.dataloader
    prepare_folder(run)
    sizes = [source.size(i) for i in range(len(source))]
    sampler = AspectSampler(
        sizes,
        _batch_size(data.train_batch_size, len(source)),
        rank=ranks.rank(),
        num_ranks=ranks.count(),
        seed=options.seed,
    )
    batches = KeyedBatches(sampler)
    transform = TrainTransform(
        data.shortest_size,
        data.longest_max_size,
        data.random_flip,
        data.random_scale,
        options.log_scale,
        options.crop_size,
        options.blur,
    )
    things = frozenset(range(network.num_stuff, network.num_stuff + network.num_thing))
    cutouts = cut_out([source[i] for i in range(len(source))], things) if options.copy_paste else []
    dataset = TrainingSet(source, transform, seed=options.seed, cutouts=cutouts, copy_paste=options.copy_paste)
    collate = Collate(network.num_stuff, network.num_thing, options.crop_size)
    loader = make_loader(dataset, batches, collate, num_workers=data.num_workers, pin_memory=device.type == "cuda")
    return Trainer(
        network, config, options, loader, batches, out=run.out, device=device, events=events, validate=validate
    )


def prepare_folder(run: RunOptions) -> None:
    """Makes the output folder.

    Raises:
        TrainingInputError: There is no snapshot to resume from.
        OSError: The folder cannot be made.
    """
    if run.resume and not snapshot_files(run.out):
        raise TrainingInputError(f"{run.out}: there is no {FILE_NAME} to resume from; start without --resume")
    run.out.mkdir(parents=True, exist_ok=True)
    if ranks.rank() == 0:
        clean_up(run.out)


def run_trainer(trainer: Trainer, run: RunOptions, events: EventLog, num_images: int, **extra: Any) -> bool:
    """Runs a trainer from its start or its snapshot; returns whether it came to its end.

    Args:
        trainer: Ready to run.
        run: Whether to resume.
        events: Told about the start and a stop.
        num_images: To learn from.
        extra: Further values of the `start` event.

    Raises:
        TrainingError: It failed on the way.
    """
    if run.resume:
        trainer.resume()
    events.emit(
        "start",
        total_steps=trainer.num_steps,
        num_images=num_images,
        device=str(trainer.device),
        step=trainer.progress.step,
        num_parameters=sum(p.numel() for p in trainer.network.parameters()),
        num_processes=ranks.count(),
        **extra,
    )
    try:
        finished = trainer.run()
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            f"{trainer.device} has too little memory for batches of {trainer.config.dataloader.train_batch_size}: "
            "lower [dataloader] train_batch_size or [training] crop_size, or use --device cpu"
        ) from error
    if not finished:
        events.emit("stopped", step=trainer.progress.step, snapshot=str(run.out / FILE_NAME))
    return finished


def write_bundle(
    trainer: Trainer,
    run: RunOptions,
    events: EventLog,
    config: Config,
    taxonomy: Taxonomy,
    name: str,
    card: str,
    lineage: Mapping[str, Any],
    **told: Any,
) -> Path:
    """Writes OUT/model and tells that the run is done; with several processes the first one does.

    Raises:
        OSError: It cannot be written.
    """
    path = run.out / BUNDLE_FOLDER
    if ranks.rank():
        return path
    state: dict[str, Tensor] = trainer.final_state()
    save_bundle(path, name=name, config=config, taxonomy=taxonomy, state_dict=state, card=card, lineage=lineage)
    events.emit(
        "done", step=trainer.progress.step, bundle=str(path), seconds=round(trainer.progress.seconds, 1), **told
    )
    return path
