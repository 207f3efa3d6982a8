"""Small files that unpack to more than a memory holds, and sizes that are none: refused within a stated memory.

The limits are those that docs/security.md names: a process that reads such a file may take no more beside what it has.
"""

from __future__ import annotations

import json
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from seamseg_studio.engine.checkpoints.bundle import load_bundle
from seamseg_studio.engine.checkpoints.errors import BundleError
from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.formats.errors import FormatError, ImageError
from seamseg_studio.engine.formats.image_file import read_image, read_preview, read_size
from seamseg_studio.engine.formats.image_traps import MAX_SCANS
from seamseg_studio.engine.formats.json_file import read_json
from seamseg_studio.engine.formats.label_image import read_colors_as_ids, read_indices
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.inference.prompts import PackedMask
from seamseg_studio.engine.model.config import ConfigError, load_config
from seamseg_studio.engine.scene.errors import PatchError
from seamseg_studio.engine.scene.patch import _HEADER, Patch
from tests.torture import seeds

LIMIT_MIB = 400

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int = 8, color: int = 2, pixels: bytes = b"") -> bytes:
    """A PNG of some hundred bytes whose header promises a size."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    parts = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(pixels)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def tiff(width: int, height: int) -> bytes:
    """A TIFF whose header promises a size."""
    tags = ((256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 10))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)


def bmp(width: int, height: int) -> bytes:
    """A BMP whose header promises a size."""
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


HUGE = {
    "png 65k x 30k": png(65_000, 30_000),
    "png 2^31": png(2**31 - 1, 2**31 - 1),
    "tiff 65k x 30k": tiff(65_000, 30_000),
    "bmp 65k x 30k": bmp(65_000, 30_000),
    "labels 65k x 30k": png(65_000, 30_000, 16, 0),
}


@pytest.mark.parametrize("name", HUGE)
def test_headers_that_promise_too_much(tmp_path: Path, name: str) -> None:
    path = tmp_path / "huge"
    path.write_bytes(HUGE[name])
    for read in (read_size, read_image, read_indices, read_colors_as_ids):
        with pytest.raises(ImageError):
            read(path)


def test_headers_that_promise_too_much_take_no_memory(tmp_path: Path, run_limited: Callable[..., str]) -> None:
    """Also where a person has raised the limit: what the header says is not taken before there are pixels for it."""
    for number, data in enumerate(HUGE.values()):
        (tmp_path / f"{number}.img").write_bytes(data)
    (tmp_path / "bomb.png").write_bytes(png(16_000, 16_000, pixels=bytes(16_000 * 3 + 1) * 200))
    (tmp_path / "labels.png").write_bytes(png(16_384, 16_384, 16, 0, bytes(16_384 * 2 + 1) * 200))
    code = f"""
from pathlib import Path
refused = 0
for path in sorted(Path({str(tmp_path)!r}).iterdir()):
    for read in (image_file.read_image, label_image.read_indices, label_image.read_colors_as_ids):
        try:
            read(path)
        except SeamsegError as error:
            refused += 1
            assert "\\n" not in str(error)
print(refused)
"""
    before = (
        "from seamseg_studio.engine.errors import SeamsegError\n"
        "from seamseg_studio.engine.formats import image_file, label_image"
    )
    assert run_limited(code, LIMIT_MIB, before).strip() == str(3 * (len(HUGE) + 2))


def test_an_archive_whose_files_share_their_bytes(tmp_path: Path) -> None:
    """Ten entries of one megabyte of data: each would unpack to it again."""
    path = tmp_path / "overlapping.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", bytes(1_000_000))
    data = path.read_bytes()
    place = data.index(b"PK\x01\x02")
    entry = data[place : data.index(b"PK\x05\x06")]
    entries = b"".join(entry.replace(b"manifest.json", b"manifes%d.json" % number) for number in range(10))
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 10, 10, len(entries), place, 0)
    path.write_bytes(data[:place] + entries + end)
    with pytest.raises(BundleError, match="claim more bytes"):
        load_bundle(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_that_no_model_needs(tmp_path: Path, method: int) -> None:
    path = tmp_path / "odd.zip"
    path.write_bytes(seeds.zipped(seeds.tiny_bundle(), method))
    with pytest.raises(BundleError, match="pack it again"):
        load_bundle(path)


def test_archives_that_unpack_to_too_much_take_no_memory(tmp_path: Path, run_limited: Callable[..., str]) -> None:
    (tmp_path / "ratio.zip").write_bytes(seeds.zipped({"manifest.json": bytes(2**26)}, zipfile.ZIP_DEFLATED))
    members = {"manifest.json": b" " * (2**24 + 1)}  # not compressed: as large as it says, but no manifest is
    (tmp_path / "stored.zip").write_bytes(seeds.zipped(members))
    lying = bytearray(seeds.zipped(dict(seeds.tiny_bundle()), zipfile.ZIP_STORED))
    place = lying.index(b"PK\x01\x02")
    lying[place + 20 : place + 28] = struct.pack("<II", 2**31, 2**31)
    (tmp_path / "lying.zip").write_bytes(lying)
    code = f"""
from pathlib import Path
for path in sorted(Path({str(tmp_path)!r}).iterdir()):
    for read in (load_bundle, import_official):
        try:
            read(path)
        except SeamsegError as error:
            print(path.name)
"""
    before = (
        "from seamseg_studio.engine.errors import SeamsegError\n"
        "from seamseg_studio.engine.checkpoints.bundle import load_bundle\n"
        "from seamseg_studio.engine.checkpoints.official import import_official"
    )
    assert run_limited(code, LIMIT_MIB, before).split() == [
        name for name in ("lying.zip", "ratio.zip", "stored.zip") for _ in range(2)
    ]


def test_a_step_of_a_journal_that_unpacks_to_too_much() -> None:
    text = json.dumps({"shape": [9, 9], "label": "", "before": [], "after": []}).encode()
    data = zlib.compress(bytes(2**26))
    crc = zlib.crc32(data, zlib.crc32(text))
    with pytest.raises(PatchError):
        Patch.from_bytes(_HEADER.pack(b"SSP1", crc, len(text), len(data), 1) + text + data)


def test_a_mask_that_unpacks_to_too_much() -> None:
    mask = PackedMask(0, 0, 8, 8, zlib.compress(bytes(2**26)))
    assert mask.pixels().shape == (8, 8)  # no more is unpacked than it needs


def test_a_list_that_claims_a_billion_items(tmp_path: Path, run_limited: Callable[..., str]) -> None:
    """MessagePack says how many items follow before they do."""
    (tmp_path / "metadata.bin").write_bytes(b"\x82\xa6images\xdd\x7f\xff\xff\xff" + b"\xdd\x0f\xff\xff\xff" * 500)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "metadata.bin").write_bytes(b"\x81\xa4meta" + b"\xdd\x00\x0f\xff\xff" * 500)
    code = f"""
from pathlib import Path
for name in ("metadata.bin", "deep/metadata.bin"):
    try:
        MetadataIndex(Path({str(tmp_path)!r}) / name)
    except FormatError as error:
        print("refused")
    try:
        decode((Path({str(tmp_path)!r}) / name).read_bytes())
    except ProtocolError as error:
        print("refused")
"""
    before = (
        "from seamseg_studio.engine.formats.errors import FormatError\n"
        "from seamseg_studio.engine.formats.seamseg_metadata import MetadataIndex\n"
        "from seamseg_studio.engine.service.errors import ProtocolError\n"
        "from seamseg_studio.engine.service.codec import decode"
    )
    assert run_limited(code, LIMIT_MIB, before).split() == ["refused"] * 4


@pytest.mark.parametrize("size", ["NaN", "Infinity", "-Infinity", "1e999", "-1", "0", "1e9", "2.5", '"9"', "true"])
@pytest.mark.parametrize("form", ["coco-instances", "labelme"])
def test_sizes_that_are_none(tmp_path: Path, form: str, size: str) -> None:
    files = seeds.datasets()[form]
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = data.decode("latin-1")
        if name.endswith(".json"):
            for key in ("height", "imageHeight"):
                for blank in (" ", ""):
                    text = text.replace(f'"{key}":{blank}{seeds.HEIGHT}', f'"{key}": {size}')
        path.write_bytes(text.encode("latin-1"))
    failures = 0
    try:
        for image in FORMATS[form].reader(tmp_path):
            try:
                image.map.check(None)
            except SeamsegError:
                failures += 1
    except SeamsegError:
        failures = 2
    assert failures == 2


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "-1e308"])
def test_corners_that_are_no_numbers(tmp_path: Path, value: str) -> None:
    for name, data in seeds.datasets()["yolo"].items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"0 {value} 0.1 0.5 0.1 0.5 {value}\n".encode() if name.endswith(".txt") else data)
    images = list(FORMATS["yolo"].reader(tmp_path))
    assert len(images) == 2
    for image in images:
        image.map.check(None)
        assert not image.map.segments, "no polygon can be made of them"
        assert not image.map.ids.any()


def test_a_label_image_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    """Libraries differ in whether they look at it; other pixels must not be taken for labels in silence."""
    for data in seeds.label_images():
        whole = data.index(b"IDAT") + 4
        for place in range(whole, data.index(b"IEND") - 4):
            broken = bytearray(data)
            broken[place] ^= 1
            path = tmp_path / "labels.png"
            path.write_bytes(broken)
            for read in (read_indices, read_colors_as_ids):
                with pytest.raises(FormatError):
                    read(path)


def tiled(width: int, height: int, tile_side: int) -> bytes:
    """A TIFF of one tile, LZW, that holds next to nothing."""
    tags = ((256, width), (257, height), (258, 8), (259, 5), (262, 1), (277, 1), (322, tile_side), (323, tile_side))
    tags += ((324, 8), (325, 90))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return (b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries).ljust(300, b"\x80")


def test_tiles_that_are_larger_than_their_picture_take_no_memory(
    tmp_path: Path, run_limited: Callable[..., str]
) -> None:
    (tmp_path / "tiles.tif").write_bytes(tiled(64, 64, 40_960))
    code = f"""
from pathlib import Path
for read in (image_file.read_image, image_file.read_size, label_image.read_indices):
    try:
        read(Path({str(tmp_path / "tiles.tif")!r}))
    except ImageError as error:
        assert "tiles of 40960" in str(error), error
    else:
        raise AssertionError(read)
"""
    before = (
        "from seamseg_studio.engine.formats import image_file, label_image\n"
        "from seamseg_studio.engine.formats.errors import ImageError"
    )
    run_limited(code, LIMIT_MIB, before)


def test_tiles_that_are_somewhat_larger_than_their_picture_are_read(tmp_path: Path) -> None:
    path = tmp_path / "small.tif"
    path.write_bytes(tiled(64, 64, 1024))
    assert read_size(path) == (64, 64)


def jpeg_of_scans(num_scans: int, *, hidden: int = 0, behind: int = 0) -> bytes:
    """A progressive JPEG whose last scan comes again and again; some more in a comment, and behind its end."""
    stream = BytesIO()
    Image.new("RGB", (64, 64)).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    scan = data[data.rindex(b"\xff\xda") : -2]
    comment = b"\xff\xfe" + struct.pack(">H", 2 + 2 * hidden) + b"\xff\xda" * hidden if hidden else b""
    num_present = data.count(b"\xff\xda")
    return data[:2] + comment + data[2:-2] + scan * (num_scans - num_present) + data[-2:] + b"\xff\xda" * behind


def test_a_picture_of_ever_more_scans_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scans.jpg"
    path.write_bytes(jpeg_of_scans(MAX_SCANS + 1))
    assert read_size(path) == (64, 64)
    for read in (read_image, read_indices, read_colors_as_ids, lambda path: read_preview(path, 32)):
        with pytest.raises(ImageError, match="100 scans"):
            read(path)


@pytest.mark.parametrize(("hidden", "behind"), [(0, 0), (1000, 0), (0, 1000)])
def test_a_picture_with_other_data_in_it_is_read(tmp_path: Path, hidden: int, behind: int) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg_of_scans(MAX_SCANS, hidden=hidden, behind=behind))
    assert read_image(path).shape == (64, 64, 3)


def test_looking_for_exif_decodes_nothing(tmp_path: Path, run_limited: Callable[..., str]) -> None:
    """A project may name any file, and Pillow decodes a PNG to its end in search of EXIF data."""
    (tmp_path / "large.png").write_bytes(png(8000, 8000, pixels=bytes(8000 * 3 + 1) * 8000))
    code = f"""
from pathlib import Path
before = peak_mib()
assert read_exif(Path({str(tmp_path / "large.png")!r})) == {{}}
assert peak_mib() < before + 50, peak_mib() - before
"""
    before = """
from seamseg_studio.engine.project.exif import read_exif
def peak_mib():  # of this program: what getrusage tells begins with that of the one that started it
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
"""
    run_limited(code, LIMIT_MIB, before)


def test_an_object_of_a_hundred_thousand_names_is_read_at_once(tmp_path: Path) -> None:
    names = {f"n{number}": number for number in range(100_000)}
    path = tmp_path / "map.json"
    path.write_text(json.dumps(names))
    assert read_json(path, unique=True) == names
    path.write_text(json.dumps(names)[:-1] + ', "n7": 1}')
    with pytest.raises(FormatError, match="'n7' twice"):
        read_json(path, unique=True)


def test_a_configuration_of_a_million_keys_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.ini"
    path.write_text("[general]\n" + "key = 1\n" * 200_000)
    monkeypatch.setattr("configparser.ConfigParser.read_string", lambda *_, **__: pytest.fail("was parsed"))
    with pytest.raises(ConfigError, match="too large"):
        load_config(path)
