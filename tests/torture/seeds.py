"""Whole small files of every kind that the program reads, for fuzzers to begin with."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgpack
import numpy as np
from PIL import Image

from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

HEIGHT, WIDTH = 12, 18
TAXONOMY = Taxonomy(
    "tiny",
    (
        Category("road", Kind.STUFF, (128, 64, 128)),
        Category("sky", Kind.STUFF, (70, 130, 180)),
        Category("car", Kind.THING, (0, 0, 142)),
        Category("person/rider", Kind.THING, (220, 20, 60)),
    ),
)
READ_FORMATS = tuple(name for name, entry in FORMATS.items() if entry.reads)


def make_map(seed: int = 4) -> PanopticMap:
    """A blocky map with stuff, two instances, a crowd and some void."""
    cells = np.random.default_rng(seed).integers(0, 6, (HEIGHT // 3, WIDTH // 3))
    ids = np.ascontiguousarray(np.kron(cells, np.ones((3, 3), np.int64)).astype(np.int32))
    categories = {1: 0, 2: 1, 3: 2, 4: 2, 5: 3}
    segments = {
        number: Segment(category, is_crowd=number == 5, origin=Origin.IMPORTED)
        for number, category in categories.items()
    }
    return PanopticMap.from_arrays(ids, segments)


def make_result() -> PanopticResult:
    """A prediction with everything that is kept of one."""
    ids = np.repeat(np.arange(HEIGHT, dtype=np.int32) % 3, WIDTH).reshape(HEIGHT, WIDTH)
    return PanopticResult(
        ids,
        np.array([255, 0, 2]),
        np.array([0, 1, 0.5], np.float32),
        np.zeros(3, bool),
        np.full((HEIGHT, WIDTH), 1, np.uint8),
        timings_ms={"body": 1.5},
        uncertainty=np.full((HEIGHT, WIDTH), 9, np.uint8),
    )


def make_photo() -> Image.Image:
    """Coarse random colours."""
    coarse = np.random.default_rng(1).integers(0, 256, (4, 6, 3), np.uint8)
    return Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)


def images() -> list[bytes]:
    """A photograph in every file format and mode that is read."""
    photo, found = make_photo(), []

    def save(image: Image.Image, kind: str, **options: Any) -> None:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        found.append(buffer.getvalue())

    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "maker"
    for kind in ("JPEG", "PNG", "BMP", "TIFF", "WEBP"):
        save(photo, kind)
    save(photo, "JPEG", exif=exif, progressive=True)
    save(photo, "PNG", exif=exif)
    save(photo.convert("CMYK"), "JPEG")
    save(photo.convert("P"), "PNG")
    save(photo.convert("P"), "TIFF", compression="tiff_lzw")
    save(photo.convert("L").convert("I;16"), "PNG")
    save(photo.convert("F"), "TIFF", compression="tiff_adobe_deflate")
    save(photo.convert("1"), "TIFF", compression="group4")
    return found


def label_images() -> list[bytes]:
    """Label images in 8 and 16 bits, with a palette, and of colours."""
    found = []
    grey = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH)
    palette = Image.fromarray(grey % 5)
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    wide = Image.fromarray((grey.astype(np.uint16) * 256) + 3)
    for image in (Image.fromarray(grey), palette, wide, make_photo()):
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        found.append(buffer.getvalue())
    return found


@cache
def datasets() -> Mapping[str, Mapping[str, bytes]]:
    """The files of a dataset of two images, by their path, for every format that is read."""
    found = {}
    with TemporaryDirectory() as name:
        photo = Path(name) / "photo.png"
        make_photo().save(photo)
        for form in READ_FORMATS:
            folder = Path(name) / form
            options = {"copy_images": True} if FORMATS[form].copies_images else {}
            with FORMATS[form].writer(folder, TAXONOMY, **options) as writer:
                for image in ("a", "b"):
                    writer.write(image, photo, make_map(), split="val")
            paths = sorted(path for path in folder.rglob("*") if path.is_file())
            found[form] = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return found


def metadata() -> list[bytes]:
    """A metadata.bin as we write it, and one with what other programs put there."""
    whole = datasets()["seamseg"]["metadata.bin"]
    document = msgpack.unpackb(whole)
    document["more"] = {"a": [1.5, None, True, b"bytes"]}
    return [whole, msgpack.packb(document), msgpack.packb({"images": [], "meta": document["meta"]})]


def taxonomies() -> list[bytes]:
    """A taxonomy as text, and one with a byte order mark."""
    text = json.dumps(TAXONOMY.to_json())
    return [text.encode(), b"\xef\xbb\xbf" + text.encode(), b'{"categories": []}']


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A .zip of files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return buffer.getvalue()


@cache
def tiny_bundle() -> Mapping[str, bytes]:
    """The files of a bundle whose weights are two numbers: it is read like any other, and fits no network."""
    import torch

    from seamseg_studio.engine.checkpoints.bundle import save_bundle
    from seamseg_studio.engine.model.config import Config

    with TemporaryDirectory() as name:
        folder = Path(name) / "tiny"
        weights = {"body.mod1.conv1.weight": torch.zeros(2, 1), "body.mod1.bn1.running_mean": torch.zeros(1)}
        save_bundle(folder, name="tiny", config=Config(), taxonomy=TAXONOMY, state_dict=weights, card="# Tiny\n")
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def bundles() -> list[bytes]:
    """The bundle as .zip, stored and compressed in each way that Python reads."""
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    return [zipped(tiny_bundle(), method) for method in methods]


@cache
def official_files() -> Mapping[str, bytes]:
    """The three files of an archive of the original project, with next to no weights."""
    import torch

    from seamseg_studio.engine.checkpoints.official import MODULES
    from seamseg_studio.engine.model.config import Config, dump_config

    state = {module: {"weight": torch.zeros(2)} for module in MODULES}
    buffer = io.BytesIO()
    torch.save({"config": dump_config(Config()), "state_dict": state, "training_meta": {"epoch": 1}}, buffer)
    return {
        "tiny.pth.tar": buffer.getvalue(),
        "config.ini": dump_config(Config()).encode(),
        "metadata.bin": datasets()["seamseg"]["metadata.bin"],
    }


def legacy_snapshot() -> bytes:
    """A snapshot in the older format of torch, which is a bare pickle."""
    import torch

    buffer = io.BytesIO()
    torch.save({"state_dict": {"body": {"a": torch.zeros(1)}}}, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def officials() -> list[bytes]:
    """The archive as .zip."""
    files = official_files()
    older = {**files, "tiny.pth.tar": legacy_snapshot()}
    return [zipped(files), zipped(files, zipfile.ZIP_DEFLATED), zipped(older)]


def config_texts() -> list[bytes]:
    """All keys with their defaults, and one key of each kind."""
    from seamseg_studio.engine.model.config import Config, dump_config

    some = '[body]\nbody = resnet18\nbody_params = {"drop_path": 0.2}\n[fpn]\nout_strides = (4, 8, 16, 32)\n'
    return [dump_config(Config()).encode(), some.encode(), b"[roi]\nroi_size = [14, 14]\nvoid_is_background = yes\n"]


BLOCK_BYTES = 8192  # of shared memory that messages bring along


def messages() -> list[bytes]:
    """Every message of the engine's protocol as bytes, with pixels that lie in a block of BLOCK_BYTES."""
    from seamseg_studio.engine.scene.consequences import Consequences, CorrectedPart, Statement
    from seamseg_studio.engine.scene.geometry import Box
    from seamseg_studio.engine.service import protocol as p
    from seamseg_studio.engine.service import results
    from seamseg_studio.engine.service.codec import encode

    def block_of(arrays: Mapping[str, Any]) -> p.BlockSpec:
        specs, offset = [], 0
        for name, array in arrays.items():
            specs.append(p.ArraySpec(name, array.dtype.str, array.shape, offset))
            offset += -(-array.nbytes // 64) * 64
        assert offset <= BLOCK_BYTES, offset
        return p.BlockSpec(1, BLOCK_BYTES, tuple(specs))

    said, box = np.zeros((HEIGHT, WIDTH), bool), Box(0, 0, HEIGHT, WIDTH)
    statement = Statement(make_map().ids, said, {1: 0, 3: 2})
    part, facts = results.part_to_arrays(CorrectedPart(box, statement, statement, frozenset({1}), frozenset({3})))
    found = results.consequences_to_arrays(Consequences(box, make_result(), said, np.zeros(3, np.int64)))
    photo = block_of({"image": np.asarray(make_photo())})
    mask, options = p.PackedMask.of(np.ones((2, 2), bool)), p.PredictOptions(min_stuff_area=9.0, with_uncertainty=True)
    line = p.Line(((1.0, 2.0), (3.0, 4.5)), 3.0)
    prompts: list[p.Prompt] = [
        p.BoxPrompt(1, 2, 3, 4, 2), p.ClickPrompt(1, 2, 3), p.StrokesPrompt((line,), (line,), mask, 1),
        p.StrokesPrompt((line,)), p.CategoryPrompt(mask), p.CategoryPrompt(None, 3.0, 4.0),
    ]  # fmt: skip
    answer = p.PromptAnswer(mask, (p.CategoryScore(2, 0.5), p.CategoryScore(0, 0.25)), 0.5, 1, 3)
    told: list[p.Message] = [
        p.LoadModel(1, None), p.LoadModel(1, "tiny"), p.Predict(2, photo, options, 1, "key"),
        p.PredictFile(3, "a.png", options, 2, "key"), p.FuseAgain(4, "key", options, 1),
        p.FuseAround(5, block_of(part), "key", facts, options, 1), *(p.Ask(6, "key", prompt, 1) for prompt in prompts),
        *(p.Show(7, photo, "key", prompt, 1) for prompt in prompts), p.Reprioritise(1, 2), p.Cancel(1), p.Ping(1),
        p.Taken(1), p.Hello(p.PROTOCOL, 9), p.Started(1), p.Progress(1, "x"),
        p.Loaded(1, "n", json.dumps(TAXONOMY.to_json()), 3, "t", "cpu", 10.0),
        p.Predicted(2, block_of(results.to_arrays(make_result())), {"body": 1.5}, "b", "cpu"),
        p.Prompted(6, answer, "b", "cpu"), p.Followed(5, block_of(found), (*box,), {"fusion": 1.5}, "b", "cpu"),
        p.Unseen(6), p.Failed(1, "x"), p.Cancelled(1), p.Pong(1),
    ]  # fmt: skip
    return [encode(message) for message in told]
