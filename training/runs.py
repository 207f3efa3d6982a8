"""The two kinds of run of `seamseg-train`, put together from their parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Sampler

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
    TrainingSet,
    make_loader,
)
from seamseg_studio.training.errors import TrainingError, TrainingInputError
from seamseg_studio.training.events import EventLog
from seamseg_studio.training.memory import check_memory, estimate_need, free_bytes
from seamseg_studio.training.report import write_report
from seamseg_studio.training.sampler import AspectSampler, MixtureSampler
from seamseg_studio.training.sets import ChosenSource, DataSets, open_sets, repeat_rare
from seamseg_studio.training.snapshots import BEST_NAME, FILE_NAME, clean_up, snapshot_files
from seamseg_studio.training.trainer import Trainer
from seamseg_studio.training.transforms import Cutout, TrainTransform, cut_out
from seamseg_studio.training.validation import measure_panoptic
from seamseg_studio.training.watch import listeners

BUNDLE_FOLDER = "model"
MAX_CUTOUT_IMAGES = 400  # that instances to paste are taken from


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line says about any run.

    Attributes:
        out: Folder of the result; made if missing.
        device: "auto", "cpu", "cuda" or "cuda:N".
        resume: Whether to go on from the snapshot in `out`.
        bar: Whether to show progress on a terminal.
    """

    out: Path
    device: str = "auto"
    resume: bool = False
    bar: bool = False


def train_dataset(config_path: Path, dataset: Path, run: RunOptions, events: EventLog) -> Path | None:
    """Trains a network on a seamseg dataset, or on a list of several (see `sets`).

    Returns:
        The bundle; None if the run was stopped before its end.

    Raises:
        ConfigError, FormatError, TrainingInputError, DeviceError: The input makes the run pointless.
        TrainingError: It failed on the way.
    """
    config, options = load_training_config(config_path)
    sets = open_sets(dataset, config, options)
    if sets.is_partial:
        options = replace(options, ignore_void=True)
    device = find_device(run.device)
    seed_everything(options.seed)
    network = build_network(config, sets.taxonomy)
    if config.body.weights and not run.resume:
        load_backbone(network.body.backbone, Path(config.body.weights).expanduser())

    def validate(network: PanopticNet) -> dict[str, Any]:
        assert sets.held_out is not None
        return measure_panoptic(network, sets.held_out, sets.taxonomy, max_images=options.val_max_images)

    trainer = _make_trainer(
        network, config, options, sets, run, device, events, None if sets.held_out is None else validate
    )
    with listeners(run.out, bar=run.bar, tensorboard=options.tensorboard and not ranks.rank()) as found:
        events.listeners += found
        if not run_trainer(trainer, run, events, len(sets.train)):
            return None
    card = f"# {sets.name}\n\nTrained by seamseg-train on {len(sets.train)} images of {sets.name}.\n"
    lineage = {"dataset": sets.name, "images": len(sets.train), "steps": trainer.progress.step}
    path = write_bundle(trainer, run, events, config, sets.taxonomy, sets.name, card, lineage)
    if not ranks.rank():
        network.load_state_dict(trainer.final_state())
        write_report(run.out, events, f"Training on {sets.name}", network, sets.held_out, sets.taxonomy)
    return path


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
    sets: DataSets,
    run: RunOptions,
    device: torch.device,
    events: EventLog,
    validate: Callable[[PanopticNet], dict[str, Any]] | None,
) -> Trainer:
    data = config.dataloader
    batch_size = _batch_size(data.train_batch_size, len(sets.train))
    source: SampleSource = sets.train
    if options.balance and not sets.shares:
        source = ChosenSource(source, repeat_rare(source, len(sets.taxonomy), options.balance))
    transform = TrainTransform(
        data.shortest_size,
        data.longest_max_size,
        data.random_flip,
        data.random_scale,
        options.log_scale,
        options.crop_size,
        options.blur,
    )
    prepare_folder(run)
    batches = KeyedBatches(_make_sampler(source, sets, batch_size, options))
    dataset = TrainingSet(
        source,
        transform,
        seed=options.seed,
        cutouts=_find_cutouts(source, sets.taxonomy) if options.copy_paste else [],
        copy_paste=options.copy_paste,
        mosaic=options.mosaic,
    )
    collate = Collate(network.num_stuff, network.num_thing, options.crop_size)
    loader = make_loader(dataset, batches, collate, num_workers=data.num_workers, pin_memory=device.type == "cuda")
    trainer = Trainer(
        network,
        config,
        options,
        loader,
        batches,
        out=run.out,
        device=device,
        events=events,
        category_sets=sets.category_sets,
        validate=validate,
    )
    warn_of_memory(trainer, events, batch_size, options.crop_size or _largest_size(source, config))
    return trainer


def warn_of_memory(
    trainer: Trainer, events: EventLog, batch_size: int, size: Sequence[int], *, has_teacher: bool = False
) -> None:
    """Tells before the start if memory will be scarce.

    Raises:
        TrainingInputError: It will not suffice by far; the message says what would fit.
    """
    shape = (size[0], size[1])
    need = estimate_need(trainer.network, trainer.config, trainer.options, shape, has_teacher=has_teacher)
    warning = check_memory(need, free_bytes(trainer.device), batch_size, shape, str(trainer.device))
    if warning:
        events.emit("warning", message=warning)


def _make_sampler(
    source: SampleSource, sets: DataSets, batch_size: int, options: TrainingOptions
) -> Sampler[list[int]]:
    rank, num_ranks = ranks.rank(), ranks.count()
    if sets.shares:
        num_batches = max(1, len(source) // (batch_size * num_ranks))
        return MixtureSampler(
            sets.groups, sets.shares, batch_size, num_batches, options.seed, rank=rank, num_ranks=num_ranks
        )
    sizes = [source.size(i) for i in range(len(source))]
    return AspectSampler(sizes, batch_size, rank=rank, num_ranks=num_ranks, seed=options.seed)


def _find_cutouts(source: SampleSource, taxonomy: Taxonomy) -> list[Cutout]:
    step = max(1, len(source) // MAX_CUTOUT_IMAGES)
    things = frozenset(range(taxonomy.num_stuff, len(taxonomy)))
    return [cutout for i in range(0, len(source), step) for cutout in cut_out([source[i]], things)]


def _largest_size(source: SampleSource, config: Config) -> tuple[int, int]:
    """Returns (height, width) of the largest image that a step may see; wide ones stand for tall ones."""
    data = config.dataloader
    largest = max(data.random_scale, default=1.0)
    step = max(1, len(source) // MAX_CUTOUT_IMAGES)
    ratio = max(max(size) / min(size) for size in (source.size(i) for i in range(0, len(source), step)))
    shortest = data.shortest_size * largest
    longest = min(shortest * ratio, data.longest_max_size or shortest * ratio)
    return int(longest / ratio), int(longest)


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


def clear_former(out: Path) -> None:
    """Removes the snapshots of a former run, once nothing refuses the new one.

    Were the first snapshot of the new run damaged, one of the former would serve in its place.
    """
    for path in [*snapshot_files(out), out / BEST_NAME]:
        path.unlink(missing_ok=True)


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
    elif ranks.rank() == 0:
        clear_former(run.out)
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
