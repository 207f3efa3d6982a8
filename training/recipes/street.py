"""The starter model's recipe.

    python -m seamseg_studio.training.recipes.street prepare --data DIR --out street.zip
    python -m seamseg_studio.training.recipes.street train --pack street.zip --imagenet FILE.pth --out DIR

DIR holds the public sets in the folders camvid, labelmefacade, idd_lite and coco_street. The drive 0001TP of CamVid and
every eighth COCO photo with a person or a car are kept for validation, unless `--all` is given. The bundled model was
made in three parts: two are measured on what was kept, the third learns from that as well; and the mean of the last two
is bundled (`average.py`).

    ... train --pack PACK --imagenet FILE.pth --out ONE --max-minutes 8.7 --batch-size 48 --learning-rate 0.0012
    ... train --pack PACK --init ONE/model --out TWO --max-minutes 8.7 --learning-rate 0.001
    ... train --pack PACK --init TWO/model --out THREE --max-minutes 8.5 --learning-rate 0.0008 --all
    python -m seamseg_studio.training.recipes.average TWO/model THREE/model --out STARTER

Where a GPU can be had for ten minutes at a time, several runs do the parts of one schedule; only the model travels:

    ... train --pack street.zip --imagenet FILE.pth --out ONE --max-minutes 9 --part 1/3
    ... train --pack street.zip --init ONE/model --out TWO --max-minutes 9 --part 2/3
    ... train --pack street.zip --init TWO/model --out THREE --max-minutes 9 --part 3/3

Where the folder stays, `--resume` goes on exactly where a run was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seamseg_studio.engine.checkpoints.backbones import load_backbone
from seamseg_studio.engine.checkpoints.bundle import load_bundle, save_bundle
from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_network
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.batch import Collate
from seamseg_studio.training.chance import seed_everything
from seamseg_studio.training.config import load_training_config
from seamseg_studio.training.dataset import KeyedBatches, MemorySource, TrainingSet, make_loader
from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.events import EventLog
from seamseg_studio.training.recipes.pack import PackedSample, read_pack
from seamseg_studio.training.recipes.street_sets import (
    CAMVID_TO_STREET,
    NUM_STUFF,
    STREET,
    STREET_TO_CAMVID,
    category_set_table,
)
from seamseg_studio.training.sample import FIRST_CATEGORY_SET, Sample
from seamseg_studio.training.sampler import MixtureSampler
from seamseg_studio.training.trainer import Trainer
from seamseg_studio.training.transforms import TrainTransform, cut_out
from seamseg_studio.training.validation import measure

LONGEST_PX = {"camvid": 480, "labelmefacade": 512, "idd_lite": 320, "coco_street": 640}
QUALITY = {"camvid": 95, "labelmefacade": 90, "idd_lite": 95, "coco_street": 90}  # of what is larger
SHARES = {"camvid": 0.45, "labelmefacade": 0.22, "idd_lite": 0.08, "coco_street": 0.25}
BATCHES_PER_EPOCH = 200
CUTOUT_CATEGORIES = frozenset(range(NUM_STUFF, len(STREET)))
CARD = """# Starter model: expect mistakes, correct them, retrain

Street scenes, 8 stuff and 5 thing categories. Made by `training/recipes/street.py`.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the recipe; returns the exit code."""
    parser = argparse.ArgumentParser(prog="street", description="Prepares the data of the starter model and trains it.")
    commands = parser.add_subparsers(dest="command", required=True)
    prepare_parser = commands.add_parser("prepare", help="put the public sets into one file")
    prepare_parser.add_argument("--data", type=Path, required=True)
    prepare_parser.add_argument("--out", type=Path, required=True)
    train_parser = commands.add_parser("train", help="train and write a bundle")
    train_parser.add_argument("--pack", type=Path, required=True)
    begin = train_parser.add_mutually_exclusive_group(required=True)
    begin.add_argument("--imagenet", type=Path, help="weights of the body")
    begin.add_argument("--init", type=Path, metavar="MODEL", help="a model to go on from, with a new schedule")
    train_parser.add_argument("--out", type=Path, required=True)
    train_parser.add_argument("--config", type=Path, default=None)
    train_parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    train_parser.add_argument("--max-minutes", type=float, default=0.0)
    train_parser.add_argument(
        "--part",
        type=read_part,
        default=(),
        metavar="K/N",
        help="do the Kth of N parts of one schedule, each in a run of its own: from the second on with --init",
    )
    train_parser.add_argument("--learning-rate", type=float, default=0.0, help="its highest; 0: that of the config")
    train_parser.add_argument("--max-steps", type=int, default=0)
    train_parser.add_argument("--batch-size", type=int, default=0)
    train_parser.add_argument("--workers", type=int, default=-1)
    train_parser.add_argument("--resume", action="store_true", help="go on from the snapshot in OUT")
    train_parser.add_argument(
        "--all", action="store_true", help="train on the validation images too (no honest figure)"
    )
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "prepare":
            return prepare(arguments.data, arguments.out)
        return train(arguments)
    except SeamsegError as error:
        print(error, file=sys.stderr)
        return 1


def read_part(text: str) -> tuple[float, float]:
    """Returns where the part K/N of a whole begins and ends, as shares of it.

    Raises:
        argparse.ArgumentTypeError: The text is no such part.
    """
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is no part such as 1/3")
    return (int(number) - 1) / int(count), int(number) / int(count)


def prepare(data: Path, out: Path) -> int:
    """Writes the pack; returns the exit code."""
    from seamseg_studio.training.recipes.pack import write_pack
    from seamseg_studio.training.recipes.street_sets import read_all

    count = write_pack(out, read_all(data), longest_px=LONGEST_PX, quality=QUALITY)
    print(f"{out}: {count} images, {out.stat().st_size / 1e6:.1f} MB")
    return 0


def train(arguments: argparse.Namespace) -> int:
    """Trains on a pack and writes OUT/model, OUT/metrics.json and OUT/events.jsonl; returns the exit code."""
    began = time.monotonic()
    resources = Path(str(files("seamseg_studio.resources")))
    config, options = load_training_config(arguments.config or resources / "configs" / "starter.ini")
    taxonomy = Taxonomy.load(resources / "taxonomies" / "street.json")
    assert tuple(category.name for category in taxonomy.categories) == STREET
    options = replace(options, max_minutes=arguments.max_minutes, max_steps=arguments.max_steps)
    if arguments.part:
        options = replace(options, schedule_span=arguments.part)
    if arguments.learning_rate:
        config = config.replace(optimizer={"lr": arguments.learning_rate})
    batch_size = arguments.batch_size or config.dataloader.train_batch_size
    workers = config.dataloader.num_workers if arguments.workers < 0 else arguments.workers
    device = torch.device(arguments.device)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    arguments.out.mkdir(parents=True, exist_ok=True)
    seed_everything(options.seed)

    packed = read_pack(arguments.pack)
    print(f"read {len(packed)} images in {time.monotonic() - began:.1f} s", flush=True)
    train_part = [p for p in packed if arguments.all or p.split == "train"]
    loader, batches = _make_data(train_part, config, options, taxonomy, batch_size, workers, device)
    network = build_network(config, taxonomy)
    if arguments.init:
        load_weights(network, arguments.init, taxonomy)
    elif not arguments.resume:
        load_backbone(network.body.backbone, arguments.imagenet)
    with EventLog(arguments.out / "events.jsonl") as events:
        trainer = Trainer(
            network,
            config,
            options,
            loader,
            batches,
            out=arguments.out,
            device=device,
            events=events,
            category_sets=torch.from_numpy(category_set_table()),
        )
        if arguments.resume:
            trainer.resume()
        step = trainer.progress.step
        events.emit("start", total_steps=0, num_images=len(train_part), device=str(device), step=step)
        trainer.run()
        print(f"{trainer.progress}", flush=True)
        network.load_state_dict(trainer.final_state())
        metrics = _validate(network, [p for p in packed if p.split == "val"], taxonomy, device)
        metrics["progress"] = {"steps": trainer.progress.step, "images": trainer.progress.images}
        metrics["minutes"] = round((time.monotonic() - began) / 60, 2)
        metrics["trained_on_validation"] = arguments.all
        (arguments.out / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
        print(json.dumps(metrics), flush=True)
        save_bundle(
            arguments.out / "model",
            name="starter",
            config=config,
            taxonomy=taxonomy,
            state_dict=trainer.final_state(),
            card=CARD,
            lineage={
                "recipe": "training/recipes/street.py",
                "steps": trainer.progress.step,
                "trained_on_validation": arguments.all,
            },
        )
        events.emit(
            "done", step=trainer.progress.step, bundle=str(arguments.out / "model"), seconds=trainer.progress.seconds
        )
    return 0


def load_weights(network: PanopticNet, model: Path, taxonomy: Taxonomy) -> None:
    """Takes the weights of a bundle.

    Raises:
        SeamsegError: It cannot be read, or has other categories or another shape.
    """
    bundle = load_bundle(model)
    if [(c.name, c.kind) for c in bundle.taxonomy.categories] != [(c.name, c.kind) for c in taxonomy.categories]:
        raise TrainingInputError(f"{model}: its categories are not those of this training; choose another model")
    try:
        network.load_state_dict(bundle.state_dict())
    except RuntimeError as error:
        raise TrainingInputError(
            f"{model}: its network is not that of this configuration; give its --config"
        ) from error


def _make_data(
    packed: Sequence[PackedSample],
    config: Any,
    options: Any,
    taxonomy: Taxonomy,
    batch_size: int,
    workers: int,
    device: torch.device,
) -> tuple[Any, KeyedBatches]:
    groups = [[i for i, p in enumerate(packed) if p.source == source] for source in SHARES]
    sampler = MixtureSampler(groups, list(SHARES.values()), batch_size, BATCHES_PER_EPOCH, options.seed)
    batches = KeyedBatches(sampler)
    transform = TrainTransform(
        config.dataloader.shortest_size,
        0,
        config.dataloader.random_flip,
        config.dataloader.random_scale,
        options.log_scale,
        options.crop_size,
        options.blur,
    )
    cutouts = cut_out([p.sample for p in packed if p.source == "coco_street"], CUTOUT_CATEGORIES)
    dataset = TrainingSet(
        MemorySource([p.sample for p in packed]),
        transform,
        seed=options.seed,
        cutouts=cutouts,
        copy_paste=options.copy_paste,
        mosaic=options.mosaic,
    )
    collate = Collate(taxonomy.num_stuff, taxonomy.num_things, options.crop_size)
    loader = make_loader(dataset, batches, collate, num_workers=workers, pin_memory=device.type == "cuda")
    return loader, batches


def _validate(
    network: PanopticNet, packed: Sequence[PackedSample], taxonomy: Taxonomy, device: torch.device
) -> dict[str, Any]:
    """Mean IoU of the semantic head over the 11 CamVid categories on the held-out drive."""
    camvid = list(CAMVID_TO_STREET)
    merge = [camvid.index(STREET_TO_CAMVID[name]) for name in STREET]
    # The ground truth says "car or truck" where CamVid says car; both fall into one group again here.
    table = category_set_table()
    samples = [_with_first_of_set(p.sample, table) for p in packed if p.source == "camvid"]
    result = measure(network, MemorySource(samples), taxonomy, device, merge=merge)
    return {"camvid_0001TP_semantic": result, "num_images": len(samples)}


def _with_first_of_set(sample: Sample, table: np.ndarray) -> Sample:
    categories = sample.categories.copy()
    for index, value in enumerate(categories.tolist()):
        if value >= FIRST_CATEGORY_SET:
            categories[index] = int(np.flatnonzero(table[value - FIRST_CATEGORY_SET])[0])
    return replace(sample, categories=categories)


if __name__ == "__main__":
    sys.exit(main())
