"""Files from strangers that are read whole: photographs, datasets, taxonomies, configurations, models, translations.

Each function takes bytes and an empty folder to put them into, and must end in a result or in an error for people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from seamseg_studio.engine.formats.detection import detect_format
from seamseg_studio.engine.formats.image_file import read_image, read_preview, read_size
from seamseg_studio.engine.formats.label_image import read_colors_as_ids, read_indices
from seamseg_studio.engine.formats.record_log import RecordLog, read_records
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.formats.seamseg_metadata import MetadataIndex
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from tests.torture import seeds
from tests.torture.target import Target, quietly, unzipped

MAX_PIXELS = 2**24  # 65k x 30k headers and the like are refused before memory is taken


def image(data: bytes, room: Path) -> None:
    """Photographs."""
    path = room / "image"
    path.write_bytes(data)
    quietly(
        lambda: read_size(path, MAX_PIXELS),
        lambda: read_image(path, MAX_PIXELS),
        lambda: read_preview(path, 7, MAX_PIXELS),
    )


def label_image(data: bytes, room: Path) -> None:
    """Images whose pixels are numbers."""
    path = room / "labels.png"
    path.write_bytes(data)
    quietly(lambda: read_indices(path, MAX_PIXELS), lambda: read_colors_as_ids(path, MAX_PIXELS))


def metadata(data: bytes, room: Path) -> None:
    """The metadata.bin of a seamseg dataset."""
    path = room / "metadata.bin"
    path.write_bytes(data)

    def read() -> None:
        index = MetadataIndex(path)
        for name in index.rows:
            quietly(lambda name=name: index.entry(name))  # type: ignore[misc]

    quietly(read)


def config(data: bytes, room: Path) -> None:
    """A config.ini."""
    from seamseg_studio.engine.model.config import dump_config, load_config

    text = data.decode("utf-8", "replace") + "\n"

    def read(strict: bool) -> None:
        found = load_config(text, strict=strict)
        assert load_config(dump_config(found)) == found, "a configuration that cannot be written and read again"

    path = room / "config.ini"
    path.write_bytes(data)
    quietly(lambda: read(True), lambda: read(False), lambda: load_config(path))


def taxonomy(data: bytes, room: Path) -> None:
    """A taxonomy.json."""
    path = room / "taxonomy.json"
    path.write_bytes(data)

    def read() -> None:
        found = Taxonomy.load(path)
        found.save(path)
        assert Taxonomy.load(path) == found, "a taxonomy that cannot be written and read again"

    quietly(read)


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
            quietly(lambda image=image: image.map.check(None))  # type: ignore[misc]

    quietly(lambda: detect_format(room), read)


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

    quietly(lambda: list(read_records(path)), resume)


def _record_seeds() -> list[bytes]:
    header = json.dumps({"format": "x"}) + "\n"
    return [(header + json.dumps({"name": "a", "files": ["a.png"]}) + "\n").encode(), header.encode()]


def bundle(data: bytes, room: Path) -> None:
    """A model bundle as .zip, as it is and with hashes that are made right."""
    from seamseg_studio.engine.checkpoints.bundle import load_bundle

    path = room / "bundle.zip"
    path.write_bytes(data)
    quietly(lambda: load_bundle(path).state_dict())
    members = unzipped(data)
    if members is not None and "manifest.json" in members:
        _write_rehashed(path, members)
        quietly(lambda: load_bundle(path).state_dict())


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
    quietly(lambda: load_bundle(path).state_dict())


def _part_seeds() -> list[bytes]:
    return [bytes([number]) + content for number, (_, content) in enumerate(sorted(seeds.tiny_bundle().items()))]


def official(data: bytes, room: Path) -> None:
    """An archive of the original project as .zip."""
    from seamseg_studio.engine.checkpoints.official import import_official

    path = room / "official.zip"
    path.write_bytes(data)
    quietly(lambda: import_official(path))


def snapshot(data: bytes, room: Path) -> None:
    """The snapshot in such an archive: a pickle, of which nothing may run."""
    from seamseg_studio.engine.checkpoints.official import import_official

    for name, content in {**seeds.official_files(), "tiny.pth.tar": data}.items():
        (room / name).write_bytes(content)
    quietly(lambda: import_official(room / "tiny.pth.tar"))


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


TARGETS = {
    "image": Target(image, seeds.images),
    "label-image": Target(label_image, seeds.label_images),
    "metadata": Target(metadata, seeds.metadata, "msgpack"),
    "config": Target(config, seeds.config_texts),
    "taxonomy": Target(taxonomy, seeds.taxonomies, "json"),
    "json-index": Target(json_index, _json_seeds, "json"),
    "dataset": Target(dataset, _dataset_seeds),
    "record-log": Target(record_log, _record_seeds),
    "bundle": Target(bundle, seeds.bundles),
    "bundle-parts": Target(bundle_parts, _part_seeds),
    "official": Target(official, seeds.officials),
    "snapshot": Target(snapshot, lambda: [seeds.official_files()["tiny.pth.tar"], seeds.legacy_snapshot()]),
    "translation": Target(translation, _translation_seeds),
}
