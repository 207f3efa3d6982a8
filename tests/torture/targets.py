"""What a stranger's bytes can reach, each as a function that must end in a result or in an error for people.

A function takes bytes and an empty folder to put them into. Whatever it raises beside `SeamsegError` is a finding.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import msgpack

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.formats.detection import detect_format
from seamseg_studio.engine.formats.image_file import read_image, read_preview, read_size
from seamseg_studio.engine.formats.label_image import read_colors_as_ids, read_indices
from seamseg_studio.engine.formats.record_log import RecordLog, read_records
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.formats.seamseg_metadata import MetadataIndex
from seamseg_studio.engine.project import Project, recover_project
from seamseg_studio.engine.project.prediction_file import read_prediction, write_prediction
from seamseg_studio.engine.project.run_file import decode_runs, encode_runs
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from tests.torture import seeds
from tests.torture.mutation import mutate_bytes

SHAPE = (seeds.HEIGHT, seeds.WIDTH)
MAX_PIXELS = 2**24  # 65k x 30k headers and the like are refused before memory is taken


@dataclass(frozen=True, slots=True)
class Target:
    """One way in.

    Attributes:
        run: Gives it bytes.
        seeds: Whole inputs.
        mutation: How documents of its kind are changed (see `mutation.MUTATIONS`).
        memory_mib: What it may take beyond the program itself.
    """

    run: Callable[[bytes, Path], None]
    seeds: Callable[[], list[bytes]]
    mutation: str = "bytes"
    memory_mib: int = 768


def _quietly(*calls: Callable[[], object]) -> None:
    """Makes each call; what they say to people is fine, as long as it is one sentence."""
    for call in calls:
        try:
            call()
        except SeamsegError as error:
            text = str(error)
            assert text, "an error without a sentence"
            assert "\n" not in text, f"an error of several lines: {text!r}"


def image(data: bytes, room: Path) -> None:
    """Photographs."""
    path = room / "image"
    path.write_bytes(data)
    _quietly(
        lambda: read_size(path, MAX_PIXELS),
        lambda: read_image(path, MAX_PIXELS),
        lambda: read_preview(path, 7, MAX_PIXELS),
    )


def label_image(data: bytes, room: Path) -> None:
    """Images whose pixels are numbers."""
    path = room / "labels.png"
    path.write_bytes(data)
    _quietly(lambda: read_indices(path, MAX_PIXELS), lambda: read_colors_as_ids(path, MAX_PIXELS))


def metadata(data: bytes, room: Path) -> None:
    """The metadata.bin of a seamseg dataset."""
    path = room / "metadata.bin"
    path.write_bytes(data)

    def read() -> None:
        index = MetadataIndex(path)
        for name in index.rows:
            _quietly(lambda name=name: index.entry(name))  # type: ignore[misc]

    _quietly(read)


def config(data: bytes, room: Path) -> None:
    """A config.ini."""
    from seamseg_studio.engine.model.config import dump_config, load_config

    text = data.decode("utf-8", "replace") + "\n"

    def read(strict: bool) -> None:
        found = load_config(text, strict=strict)
        assert load_config(dump_config(found)) == found, "a configuration that cannot be written and read again"

    path = room / "config.ini"
    path.write_bytes(data)
    _quietly(lambda: read(True), lambda: read(False), lambda: load_config(path))


def taxonomy(data: bytes, room: Path) -> None:
    """A taxonomy.json."""
    path = room / "taxonomy.json"
    path.write_bytes(data)

    def read() -> None:
        found = Taxonomy.load(path)
        found.save(path)
        assert Taxonomy.load(path) == found, "a taxonomy that cannot be written and read again"

    _quietly(read)


_INDEXES = {
    "coco-panoptic": "panoptic.json",
    "coco-instances": "instances.json",
    "labelme": "a.json",
    "vistas": "config_v1.2.json",
}


def _index_of(form: str) -> str:
    """The text file of a dataset that says most about it."""
    files = seeds.datasets()[form]
    if _INDEXES.get(form) in files:
        return _INDEXES[form]
    texts = [name for name in files if name.endswith((".json", ".txt", ".yaml", ".bin"))]
    return max(texts or files, key=lambda name: (name.endswith(".json"), len(files[name])))


def _dataset_seeds() -> list[bytes]:
    """The number of a format and of a file in it, and what that file is to hold."""
    found = []
    for number, form in enumerate(seeds.READ_FORMATS):
        for place, (_, data) in enumerate(sorted(seeds.datasets()[form].items())):
            found.append(bytes([number, place]) + data)
    return found


def dataset(data: bytes, room: Path) -> None:
    """A file of a dataset: index, polygons, label image, list; the first two bytes choose which."""
    if len(data) < 2:
        return
    form = seeds.READ_FORMATS[data[0] % len(seeds.READ_FORMATS)]
    files = sorted(seeds.datasets()[form].items())
    chosen = files[data[1] % len(files)][0]
    for name, content in files:
        path = room / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data[2:] if name == chosen else content)

    def read() -> None:
        for image in FORMATS[form].reader(room):
            _quietly(lambda image=image: image.map.check(None))  # type: ignore[misc]

    _quietly(lambda: detect_format(room), read)


def json_index(data: bytes, room: Path) -> None:
    """The JSON text of a dataset, whole; the bytes are `{"form": name, "document": ...}`."""
    with suppress(ValueError, RecursionError):
        wrapped = json.loads(data)
        form = wrapped.get("form") if isinstance(wrapped, dict) else None
        if form in seeds.READ_FORMATS:
            number = seeds.READ_FORMATS.index(form)
            place = sorted(seeds.datasets()[form]).index(_index_of(form))
            text = json.dumps(wrapped.get("document")).encode()
            dataset(bytes([number, place]) + text, room)


def _json_seeds() -> list[bytes]:
    found = []
    for form in seeds.READ_FORMATS:
        name = _index_of(form)
        if name.endswith(".json"):
            document = json.loads(seeds.datasets()[form][name])
            found.append(json.dumps({"form": form, "document": document}).encode())
    return found


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
    import numpy as np

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
                _quietly(
                    lambda number=number: project.load_map(number).check(None),  # type: ignore[misc]
                    lambda number=number: project.history(number),  # type: ignore[misc]
                    lambda number=number: project.view(number),  # type: ignore[misc]
                    lambda number=number: project.exif(number),  # type: ignore[misc]
                    lambda number=number: project.load_prediction(number),  # type: ignore[misc]
                    lambda number=number: project.undo(number),  # type: ignore[misc]
                    lambda number=number: project.redo(number),  # type: ignore[misc]
                )
            _quietly(lambda: list(project.corrections()), lambda: project.salvage(1), project.missing_images)

    _quietly(work, lambda: recover_project(folder))


def project_rows(data: bytes, room: Path) -> None:
    """Values in the rows of a project's database: `[[table, column, row, value], ...]` as MessagePack."""
    try:
        changes = msgpack.unpackb(data, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException):
        return
    if not isinstance(changes, list):
        return
    template = _project_template()
    shutil.copytree(template, room, dirs_exist_ok=True)
    folder = room / "p.seamseg"
    with closing(sqlite3.connect(folder / "project.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        tables = _columns()
        for change in changes[:4]:
            if not isinstance(change, list) or len(change) != 4:
                continue
            table, column, row, value = change
            if not isinstance(table, int) or not isinstance(column, int) or not isinstance(row, int):
                continue
            name, columns = tables[table % len(tables)]
            if isinstance(value, list | dict):
                value = json.dumps(value, default=repr)
            with suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):
                key = columns[0]
                place = f"(SELECT {key} FROM {name} LIMIT 1 OFFSET {row % 4})"
                connection.execute(
                    f"UPDATE {name} SET {columns[column % len(columns)]} = ? WHERE {key} = {place}", (value,)
                )
    _use(folder)


@cache
def _columns() -> list[tuple[str, list[str]]]:
    with closing(sqlite3.connect(_project_template() / "p.seamseg" / "project.db")) as connection:
        names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        names = sorted(name for name in names if not name.startswith("sqlite_"))
        return [(name, [str(row[1]) for row in connection.execute(f"PRAGMA table_info({name})")]) for name in names]


def _row_seeds() -> list[bytes]:
    found = []
    values = [-1, 0, 2**62, 1.5, "x", "../../x", b"\0", None, [], {"a": 1}]
    rng = random.Random(5)
    for table, (_, columns) in enumerate(_columns()):
        for column in range(len(columns)):
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
        _quietly(lambda: Patch.from_bytes(data))
        return
    magic, _, text_size, data_size, num_runs = module._HEADER.unpack_from(data)
    rest = data[module._HEADER.size :]
    crc = zlib.crc32(rest[text_size:], zlib.crc32(rest[:text_size]))
    whole = module._HEADER.pack(magic, crc, text_size, data_size, num_runs) + rest

    def read() -> None:
        found = Patch.from_bytes(whole)
        panoptic_map = seeds.make_map()
        _quietly(lambda: found.check(panoptic_map), lambda: found.apply(panoptic_map))
        panoptic_map.check(None)

    def apply_blind() -> None:
        Patch.from_bytes(whole).apply(PanopticMap.empty(seeds.HEIGHT, seeds.WIDTH))

    _quietly(read, apply_blind)


def _patch_seeds() -> list[bytes]:
    import numpy as np

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
    _quietly(lambda: read_prediction(path, SHAPE)[0].to_map().check(None))
    members = _unzipped(data)
    if members is not None:
        path.write_bytes(seeds.zipped(members))
        _quietly(lambda: read_prediction(path, SHAPE)[0].to_map().check(None))


def _unzipped(data: bytes) -> dict[str, bytes] | None:
    """The members of a .zip, whatever their checksums say; None if it is none or much too large."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            found = {}
            for info in archive.infolist()[:20]:
                if info.file_size > 1 << 22 or info.compress_type != zipfile.ZIP_STORED:
                    return None
                start = info.header_offset + 30 + len(info.filename.encode())
                found[info.filename] = data[start : start + info.file_size]
            return found
    except Exception:  # noqa: BLE001 - the fuzzer's own look into an archive that may be anything
        return None


def _prediction_seeds() -> list[bytes]:
    folder = Path(mkdtemp(prefix="torture-prediction-"))
    try:
        write_prediction(folder / "p.zip", seeds.make_result(), "tiny", (0, 1, 2, 3))
        return [(folder / "p.zip").read_bytes()]
    finally:
        shutil.rmtree(folder)


def record_log(data: bytes, room: Path) -> None:
    """The log of a dataset that is written into again."""
    path = room / "log"
    path.write_bytes(data)

    def resume() -> None:
        log = RecordLog(path, {"format": "x"}, resume=True)
        try:
            list(log.records())
        finally:
            log.close()

    _quietly(lambda: list(read_records(path)), resume)


def _record_seeds() -> list[bytes]:
    header = json.dumps({"format": "x"}) + "\n"
    return [(header + json.dumps({"name": "a", "files": ["a.png"]}) + "\n").encode(), header.encode()]


def bundle(data: bytes, room: Path) -> None:
    """A model bundle as .zip, as it is and with hashes that are made right."""
    from seamseg_studio.engine.checkpoints.bundle import load_bundle

    path = room / "bundle.zip"
    path.write_bytes(data)
    _quietly(lambda: load_bundle(path).state_dict())
    members = _unzipped(data)
    if members is not None and "manifest.json" in members:
        _write_rehashed(path, members)
        _quietly(lambda: load_bundle(path).state_dict())


def _write_rehashed(path: Path, members: Mapping[str, bytes]) -> None:
    import hashlib

    with suppress(ValueError, RecursionError):
        manifest: Any = json.loads(members["manifest.json"])
        if isinstance(manifest, dict):
            manifest["sha256"] = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
            path.write_bytes(seeds.zipped({**members, "manifest.json": json.dumps(manifest).encode()}))


def bundle_parts(data: bytes, room: Path) -> None:
    """One file of a bundle whose hashes are right; the first byte chooses which."""
    from seamseg_studio.engine.checkpoints.bundle import load_bundle

    if not data:
        return
    members = dict(seeds.tiny_bundle())
    members[sorted(members)[data[0] % len(members)]] = data[1:]
    path = room / "bundle.zip"
    path.write_bytes(seeds.zipped(members))
    _write_rehashed(path, members)
    _quietly(lambda: load_bundle(path).state_dict())


def _part_seeds() -> list[bytes]:
    return [bytes([number]) + content for number, (_, content) in enumerate(sorted(seeds.tiny_bundle().items()))]


def official(data: bytes, room: Path) -> None:
    """An archive of the original project as .zip."""
    from seamseg_studio.engine.checkpoints.official import import_official

    path = room / "official.zip"
    path.write_bytes(data)
    _quietly(lambda: import_official(path))


def snapshot(data: bytes, room: Path) -> None:
    """The snapshot in such an archive: a pickle, of which nothing may run."""
    from seamseg_studio.engine.checkpoints.official import import_official

    for name, content in {**seeds.official_files(), "tiny.pth.tar": data}.items():
        (room / name).write_bytes(content)
    _quietly(lambda: import_official(room / "tiny.pth.tar"))


def protocol(data: bytes, room: Path) -> None:
    """What the window and its engine say to each other, and the blocks of pixels that messages name."""
    from seamseg_studio.engine.service.codec import decode, encode
    from seamseg_studio.engine.service.protocol import BlockSpec
    from seamseg_studio.engine.service.shared_pixels import Block

    def read() -> None:
        message = decode(data)
        assert decode(encode(message)) is not None
        spec = getattr(message, "block", None)
        if isinstance(spec, BlockSpec):
            import os

            handle = os.memfd_create("torture")
            os.ftruncate(handle, 4096)
            Block.attach(spec, handle).arrays()

    _quietly(read)


def _protocol_seeds() -> list[bytes]:
    from seamseg_studio.engine.service import protocol as p
    from seamseg_studio.engine.service.codec import encode

    block = p.BlockSpec(1, 4096, (p.ArraySpec("image", "|u1", (4, 5, 3), 0),))
    options = p.PredictOptions()
    answer = p.PromptAnswer(p.PackedMask(0, 0, 2, 2, b"x\x9cc\x00\x00"), (p.CategoryScore(2, 0.5),), 0.5)
    messages: list[p.Message] = [
        p.LoadModel(1, None), p.Predict(2, block, options, 1, "key"), p.PredictFile(3, "a.png", options, 2),
        p.FuseAround(7, block, "key", p.PartFacts((0, 0, 4, 5), ((1, 2),), ((1, 3),), (1,), ()), options, 1),
        p.Followed(7, block, (0, 0, 4, 5), {"fusion": 1.5}, "b", "cpu"),
        p.FuseAgain(4, "key", options, 1), p.Ask(5, "key", p.BoxPrompt(1, 2, 3, 4), 1),
        p.Show(6, block, "key", p.ClickPrompt(1, 2), 1), p.Reprioritise(1, 2), p.Cancel(1), p.Ping(1), p.Taken(1),
        p.Hello(3, 9), p.Started(1), p.Progress(1, "x"), p.Loaded(1, "n", "{}", 3, "t", "cpu"),
        p.Predicted(1, block, {"body": 1.5}, "b", "cpu"), p.Prompted(1, answer, "b", "cpu"), p.Unseen(1),
        p.Failed(1, "x"), p.Cancelled(1), p.Pong(1),
    ]  # fmt: skip
    return [encode(message) for message in messages]


def translation(data: bytes, room: Path) -> None:
    """A file of translated texts, as Qt reads it."""
    from PySide6.QtCore import QTranslator

    path = room / "studio_de.qm"
    path.write_bytes(data)
    translator = QTranslator()
    if translator.load(str(path)):
        for context in ("MainWindow", "Failures", ""):
            text = translator.translate(context, "Something went wrong", "", 1)
            assert isinstance(text, str)


def _translation_seeds() -> list[bytes]:
    from importlib.resources import files

    folder = files("seamseg_studio.resources") / "translations"
    return [(folder / f"studio_{code}.qm").read_bytes()[:20000] for code in ("de", "zh")]


TARGETS: dict[str, Target] = {
    "image": Target(image, seeds.images),
    "label-image": Target(label_image, seeds.label_images),
    "metadata": Target(metadata, seeds.metadata, "msgpack"),
    "config": Target(config, seeds.config_texts),
    "taxonomy": Target(taxonomy, seeds.taxonomies, "json"),
    "json-index": Target(json_index, _json_seeds, "json"),
    "dataset": Target(dataset, _dataset_seeds),
    "project-rows": Target(project_rows, _row_seeds, "msgpack"),
    "project-file": Target(project_file, lambda: [bytes([place, seed]) for place in range(9) for seed in range(3)]),
    "patch": Target(patch, _patch_seeds),
    "runs": Target(runs, lambda: [encode_runs(seeds.make_map().ids)]),
    "prediction": Target(prediction, _prediction_seeds),
    "record-log": Target(record_log, _record_seeds),
    "bundle": Target(bundle, seeds.bundles),
    "bundle-parts": Target(bundle_parts, _part_seeds),
    "official": Target(official, seeds.officials),
    "snapshot": Target(snapshot, lambda: [seeds.official_files()["tiny.pth.tar"], seeds.legacy_snapshot()]),
    "protocol": Target(protocol, _protocol_seeds, "msgpack"),
    "translation": Target(translation, _translation_seeds),
}
