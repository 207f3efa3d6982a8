"""What comes row by row or message by message: projects, their journals and predictions, the engine, the trainer.

Each function takes bytes and an empty folder to put them into, and must end in a result or in an error for people.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import zlib
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, get_args

import msgpack
import numpy as np

from seamseg_studio.engine.project import Project, recover_project
from seamseg_studio.engine.project.prediction_file import read_prediction, write_prediction
from seamseg_studio.engine.project.run_file import decode_runs, encode_runs
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from tests.torture import seeds
from tests.torture.mutation import mutate_bytes
from tests.torture.target import Target, quietly, unzipped

SHAPE = (seeds.HEIGHT, seeds.WIDTH)


@cache
def _project_template() -> Path:
    """A project with a prediction, imported labels, steps and settings; made once for the process."""
    folder = Path(mkdtemp(prefix="torture-project-"))
    (folder / "photos").mkdir()
    for name in ("a.png", "b.png"):
        seeds.make_photo().save(folder / "photos" / name)
    with Project.create(folder / "p.seamseg", seeds.TAXONOMY) as project:
        project.add_images(sorted((folder / "photos").iterdir()))
        project.store_prediction(1, seeds.make_result(), "tiny")
        project.store_labels(2, seeds.make_map())
        for number in range(3):
            _edit(project, number)
        project.checkpoint(1)
        _edit(project, 5)
        project.set_view(1, {"scale": 2.0, "center": [3, 4]})
        project.statistics()
    return folder


def _edit(project: Project, number: int) -> None:
    panoptic_map = project.load_map(1)
    mask = np.ones((3, 3), bool)
    patch = edits.paint(panoptic_map, mask, Box(1, number, 4, number + 3), Segment(2), EditingPolicy(project.taxonomy))
    project.append(1, patch)


def _use(folder: Path) -> None:
    """Does with a project what the window does when it opens one and work begins."""

    def work() -> None:
        with Project.open(folder) as project:
            project.statistics()
            project.taxonomy_history()
            project.bundles()
            project.setting("former_models", [])
            for record in project.images():
                number = record.id
                quietly(
                    lambda number=number: project.load_map(number).check(None),  # type: ignore[misc]
                    lambda number=number: project.history(number),  # type: ignore[misc]
                    lambda number=number: project.view(number),  # type: ignore[misc]
                    lambda number=number: project.exif(number),  # type: ignore[misc]
                    lambda number=number: project.load_prediction(number),  # type: ignore[misc]
                    lambda number=number: project.undo(number),  # type: ignore[misc]
                    lambda number=number: project.redo(number),  # type: ignore[misc]
                )
            quietly(lambda: list(project.corrections()), lambda: project.salvage(1), project.missing_images)

    quietly(work, lambda: recover_project(folder))


def project_rows(data: bytes, room: Path) -> None:
    """Values in the rows of a project's database: `[[table, column, row, value], ...]` as MessagePack."""
    if (folder := changed_project(data, room)) is not None:
        _use(folder)


def changed_project(data: bytes, room: Path) -> Path | None:
    """Makes a project with those values in its database; None if the bytes are no such list."""
    try:
        changes = msgpack.unpackb(data, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException):
        return None
    if not isinstance(changes, list):
        return None
    shutil.copytree(_project_template(), room, dirs_exist_ok=True)
    folder = room / "p.seamseg"
    with closing(sqlite3.connect(folder / "project.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        tables = columns()
        for change in changes[:4]:
            if not isinstance(change, list) or len(change) != 4:
                continue
            table, column, row, value = change
            if not isinstance(table, int) or not isinstance(column, int) or not isinstance(row, int):
                continue
            name, names = tables[table % len(tables)]
            if isinstance(value, list | dict):
                value = json.dumps(value, default=repr)
            with suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):
                key = names[0]
                place = f"(SELECT {key} FROM {name} LIMIT 1 OFFSET {row % 4})"
                connection.execute(
                    f"UPDATE {name} SET {names[column % len(names)]} = ? WHERE {key} = {place}", (value,)
                )
    return folder


@cache
def columns() -> list[tuple[str, list[str]]]:
    with closing(sqlite3.connect(_project_template() / "p.seamseg" / "project.db")) as connection:
        names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        names = sorted(name for name in names if not name.startswith("sqlite_"))
        return [(name, [str(row[1]) for row in connection.execute(f"PRAGMA table_info({name})")]) for name in names]


def row_seeds() -> list[bytes]:
    found = []
    values = [-1, 0, 2**62, 1.5, "x", "../../x", b"\0", None, [], {"a": 1}]
    rng = random.Random(5)
    for table, (_, names) in enumerate(columns()):
        for column in range(len(names)):
            found.append(msgpack.packb([[table, column, 0, rng.choice(values)]]))
    return found


def project_file(data: bytes, room: Path) -> None:
    """A file of a project, changed by a seed: `PLACE SEED`, so that inputs stay small."""
    if len(data) < 2:
        return
    shutil.copytree(_project_template(), room, dirs_exist_ok=True)
    folder = room / "p.seamseg"
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "project.lock")
    path = files[data[0] % len(files)]
    path.write_bytes(mutate_bytes(path.read_bytes(), random.Random(data[1:])))
    _use(folder)


def patch(data: bytes, room: Path) -> None:
    """A step of a journal; its checksum is made right, as somebody who means harm would."""
    from seamseg_studio.engine.scene import patch as module

    if len(data) < module._HEADER.size:
        quietly(lambda: Patch.from_bytes(data))
        return
    magic, _, text_size, data_size, num_runs = module._HEADER.unpack_from(data)
    rest = data[module._HEADER.size :]
    crc = zlib.crc32(rest[text_size:], zlib.crc32(rest[:text_size]))
    whole = module._HEADER.pack(magic, crc, text_size, data_size, num_runs) + rest

    def read() -> None:
        found = Patch.from_bytes(whole)
        panoptic_map = seeds.make_map()
        quietly(lambda: found.check(panoptic_map), lambda: found.apply(panoptic_map))
        panoptic_map.check(None)

    def apply_blind() -> None:
        Patch.from_bytes(whole).apply(PanopticMap.empty(seeds.HEIGHT, seeds.WIDTH))

    quietly(read, apply_blind)


def _patch_seeds() -> list[bytes]:
    panoptic_map = seeds.make_map()
    policy = EditingPolicy(seeds.TAXONOMY)
    mask = np.ones((4, 4), bool)
    return [
        edits.paint(panoptic_map, mask, Box(1, 2, 5, 6), Segment(2), policy).to_bytes(),
        edits.relabel(panoptic_map, [3], 3, policy).to_bytes(),
    ]


def runs(data: bytes, room: Path) -> None:
    """Labels as runs, with a checksum that is right."""
    from seamseg_studio.engine.project import run_file

    with suppress(ValueError):
        decode_runs(data, SHAPE)
    if len(data) >= run_file._HEADER.size:
        rest = data[run_file._HEADER.size :]
        with suppress(ValueError):  # what its callers expect of it
            decode_runs(run_file._HEADER.pack(b"SSR1", zlib.crc32(rest)) + rest, SHAPE)


def prediction(data: bytes, room: Path) -> None:
    """A prediction beside the labels, with every checksum right."""
    path = room / "000001.prediction-1.zip"
    path.write_bytes(data)
    quietly(lambda: read_prediction(path, SHAPE)[0].to_map().check(None))
    members = unzipped(data)
    if members is not None:
        path.write_bytes(seeds.zipped(members))
        quietly(lambda: read_prediction(path, SHAPE)[0].to_map().check(None))


def _prediction_seeds() -> list[bytes]:
    folder = Path(mkdtemp(prefix="torture-prediction-"))
    try:
        write_prediction(folder / "p.zip", seeds.make_result(), "tiny", (0, 1, 2, 3))
        return [(folder / "p.zip").read_bytes()]
    finally:
        shutil.rmtree(folder)


def protocol(data: bytes, room: Path) -> None:
    """What the window and its engine say to each other, with the pixels that messages name, as far as both use it."""
    from seamseg_studio.engine.inference.prompts import PackedMask, check_prompt
    from seamseg_studio.engine.service import protocol as p
    from seamseg_studio.engine.service.codec import decode, encode
    from seamseg_studio.engine.service.results import part_from_arrays
    from seamseg_studio.engine.service.shared_pixels import Block

    def read() -> None:
        message = decode(data)
        assert decode(encode(message)) is not None
        spec, block = getattr(message, "block", None), None
        if isinstance(spec, p.BlockSpec):
            handle = os.memfd_create("torture")
            os.ftruncate(handle, seeds.BLOCK_BYTES)
            if len(data) % 2:
                os.pwrite(handle, bytes(range(256)) * (seeds.BLOCK_BYTES // 256), 0)
            block = Block.attach(spec, handle)
            block.arrays()
        if isinstance(message, p.Ask | p.Show):
            quietly(lambda: check_prompt(message.prompt, SHAPE))
            for mask in (getattr(message.prompt, name, None) for name in ("mask", "start")):
                if isinstance(mask, PackedMask) and mask.box.clipped(SHAPE) == mask.box:
                    quietly(mask.pixels)
        if isinstance(message, p.FuseAround) and block is not None:
            with suppress(LookupError, ValueError, TypeError, AssertionError):  # the worker's loop tells of these
                part_from_arrays(block.arrays(), message.facts)
        if isinstance(message, get_args(p.ToClient)):
            _hear(message, block)

    quietly(read)


def _hear(message: Any, block: Any) -> None:
    """Lets a window's end of the connection hear a message; what it makes of an answer must be sound."""
    from seamseg_studio.engine.scene.consequences import Consequences
    from seamseg_studio.engine.scene.panoptic_result import PanopticResult
    from seamseg_studio.engine.service.protocol import Priority
    from seamseg_studio.engine.service.requests import Pending, Request
    from seamseg_studio.engine.service.supervisor import EngineSetup, Supervisor

    supervisor = Supervisor(None, "cpu", EngineSetup("fp32", 1, 5.0, 3, ""), None)
    requests: list[Request[Any]] = [Request(number, None) for number in range(9)]
    for request in requests:
        supervisor.table.add(Pending(request, None, None, Priority.INTERACTIVE))
    with suppress(LookupError, ValueError, TypeError, AssertionError):  # of these the supervisor makes a ProtocolError
        supervisor._handle(message, block)
    for request in requests:
        if not request.future.done() or request.future.cancelled() or request.future.exception() is not None:
            continue
        answer = request.future.result()
        if isinstance(answer, PanopticResult):
            answer.to_map().check(None)
        elif isinstance(answer, Consequences):
            assert answer.joins[answer.result.ids].shape == answer.box.shape


def training_events(data: bytes, room: Path) -> None:
    """What a trainer tells the window, line by line."""
    from PySide6.QtWidgets import QApplication

    from seamseg_studio.app.jobs.trainer_process import EVENTS, TrainerProcess
    from seamseg_studio.training.events import read_events

    application = QApplication.instance() or QApplication(["torture"])  # one for the process, the window's too
    (room / EVENTS).write_bytes(data)
    process = TrainerProcess("torture", [], out=room)
    process._catch_up()
    process.deleteLater()
    application.sendPostedEvents(None, 0)
    quietly(lambda: read_events(room / EVENTS))


def _event_seeds() -> list[bytes]:
    told: list[dict[str, Any]] = [
        {"event": "start", "total_steps": 8, "num_images": 3, "device": "cpu", "base_scores": {"pq": 0.5, "miou": 0.5}},
        {"event": "step", "step": 1, "total": 2.5, "losses": {"obj": 0.5, "sem": None}, "lr": 0.1, "seconds": 0.2},
        {"event": "validation", "step": 4, "pq": 0.4, "miou": 0.5},
        {"event": "warning", "message": "slow"},
        {"event": "done", "bundle": "model", "gate": {"status": "candidate", "reason": "worse"}},
        {"event": "error", "message": "no memory"},
    ]
    lines = [json.dumps({"v": 1, **event}).encode() for event in told]
    return [b"\n".join(lines) + b"\n", *lines, b"not JSON\n{}\n"]


TARGETS = {
    "project-rows": Target(project_rows, row_seeds, "msgpack"),
    "project-file": Target(project_file, lambda: [bytes([place, seed]) for place in range(9) for seed in range(3)]),
    "patch": Target(patch, _patch_seeds),
    "runs": Target(runs, lambda: [encode_runs(seeds.make_map().ids)]),
    "prediction": Target(prediction, _prediction_seeds),
    "protocol": Target(protocol, seeds.messages, "msgpack"),
    "training-events": Target(training_events, _event_seeds, "json"),
}
