"""Reading photographs: kinds, orientation, limits and damage."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.formats import image_file
from seamseg_studio.engine.formats.errors import ImageError
from seamseg_studio.engine.formats.image_file import find_images, read_image, read_preview, read_size


@pytest.fixture
def photo() -> np.ndarray:
    """A smooth colour picture without symmetry, 48 x 80."""
    y, x = np.mgrid[0:48, 0:80]
    return np.stack([x * 3, y * 5, (x + y) * 2 % 256], -1).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".tiff", ".webp"])
def test_lossless_kinds_are_exact(tmp_path: Path, photo: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(photo).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    image = read_image(path)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    np.testing.assert_array_equal(image, photo)
    assert read_size(path) == (48, 80)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG"])
def test_jpeg_is_close(tmp_path: Path, photo: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(photo).save(path, format="JPEG", quality=95)
    assert np.abs(read_image(path).astype(int) - photo).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_undone(tmp_path: Path, photo: np.ndarray, orientation: int, kind: str) -> None:
    stored = Image.fromarray(photo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned"
    stored.save(path, format=kind, exif=exif, **({"quality": 100} if kind != "PNG" else {}))
    tagged = Image.fromarray(photo)
    tagged.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(tagged))
    image = read_image(path)
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 6
    assert read_size(path) == expected.shape[:2]
    assert read_preview(path, 40).shape == ((40, 24, 3) if orientation > 4 else (24, 40, 3))


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_large_files_are_decoded_straight_into_place(
    tmp_path: Path, photo: np.ndarray, orientation: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"großes bild.{kind}"
    Image.fromarray(photo).save(path, exif=exif)
    small_way = read_image(path)
    asked: list[tuple[int, ...]] = []
    imread = cv2.imread

    def noted(name: str, pixels: np.ndarray, flags: int) -> np.ndarray:
        asked.append(pixels.shape)
        return imread(name, pixels, flags)

    monkeypatch.setattr(image_file, "_LARGE_PIXELS", 1)
    monkeypatch.setattr(cv2, "imread", noted)
    assert np.array_equal(read_image(path), small_way)
    assert asked == [(48, 80, 3)], "as it is stored, not as it is shown"


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_gigapixels_are_copied_a_strip_at_a_time(
    tmp_path: Path, photo: np.ndarray, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(photo).save(path, quality=95)
    whole, preview = read_image(path), read_preview(path, 20)
    monkeypatch.setattr(image_file, "_CV2_MAX_BYTES", photo.size - 1)
    monkeypatch.setattr(image_file, "_STRIP_PIXELS", 5 * photo.shape[1])
    with monkeypatch.context() as patch:
        patch.setattr(cv2, "imread", None)
        patch.setattr(cv2, "imdecode", None)
        again = read_image(path)
    assert np.abs(again.astype(int) - whole).max() <= 2  # two decoders of one file
    assert suffix == ".jpg" or np.array_equal(again, whole)
    if suffix == ".jpg":
        np.testing.assert_array_equal(read_preview(path, 20), preview)  # small, so still by the faster decoder


@pytest.mark.parametrize("at_end", [False, True])
def test_exif_of_a_png_is_found_before_and_after_the_pixels(tmp_path: Path, photo: np.ndarray, at_end: bool) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    chunk = _png_chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    data = _encoded(photo, "PNG")
    place = len(data) - 12 if at_end else 33
    (tmp_path / "a.png").write_bytes(data[:place] + chunk + data[place:])
    assert read_size(tmp_path / "a.png") == (400, 240)
    assert read_image(tmp_path / "a.png").shape == (400, 240, 3)


def test_grey_is_repeated(tmp_path: Path, photo: np.ndarray) -> None:
    grey = photo[..., 0]
    Image.fromarray(grey).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png"), np.stack([grey] * 3, -1))


def test_alpha_is_dropped_and_the_colours_below_it_kept(tmp_path: Path, photo: np.ndarray) -> None:
    Image.fromarray(np.dstack([photo, np.zeros((48, 80), np.uint8)])).save(tmp_path / "alpha.png")
    np.testing.assert_array_equal(read_image(tmp_path / "alpha.png"), photo)


def test_palette_is_resolved(tmp_path: Path, photo: np.ndarray) -> None:
    palette = Image.fromarray(photo).quantize(16)
    palette.save(tmp_path / "palette.png")
    np.testing.assert_array_equal(read_image(tmp_path / "palette.png"), np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_keep_the_high_byte(tmp_path: Path, suffix: str) -> None:
    deep = (np.arange(48 * 80, dtype=np.uint32).reshape(48, 80) * 17).astype(np.uint16)
    path = tmp_path / f"deep{suffix}"
    Image.fromarray(deep).save(path)
    np.testing.assert_array_equal(read_image(path)[..., 1], (deep >> 8).astype(np.uint8))


def test_sixteen_bit_colour(tmp_path: Path, photo: np.ndarray) -> None:
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in photo.astype(np.uint16) * 256 + 77)
    path = tmp_path / "deep.png"
    path.write_bytes(_png(80, 48, rows, depth=16, colour=2))
    np.testing.assert_array_equal(read_image(path), photo)


def test_floating_point_is_stretched(tmp_path: Path) -> None:
    values = np.linspace(-2, 3, 48 * 80, dtype=np.float32).reshape(48, 80)
    Image.fromarray(values).save(tmp_path / "float.tif")
    image = read_image(tmp_path / "float.tif")
    assert image.min() == 0
    assert image.max() == 255
    assert image[24, 0, 0] in (127, 128)


def test_cmyk_and_one_bit(tmp_path: Path, photo: np.ndarray) -> None:
    Image.fromarray(photo).convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    assert np.abs(read_image(tmp_path / "print.jpg").astype(int) - photo).mean() < 12
    Image.fromarray(photo[..., 0] > 100).save(tmp_path / "bits.png")
    np.testing.assert_array_equal(read_image(tmp_path / "bits.png")[..., 0], (photo[..., 0] > 100) * np.uint8(255))


def test_preview_of_a_large_jpeg_equals_the_reduced_whole(tmp_path: Path) -> None:
    y, x = np.mgrid[0:900, 0:1400]
    Image.fromarray(np.stack([x / 6, y / 4, (x + y) / 10], -1).astype(np.uint8)).save(tmp_path / "a.jpg", quality=95)
    preview = read_preview(tmp_path / "a.jpg", 350)
    assert preview.shape == (225, 350, 3)
    whole = Image.fromarray(read_image(tmp_path / "a.jpg")).resize((350, 225), Image.Resampling.BOX)
    assert np.abs(preview.astype(int) - np.asarray(whole)).mean() < 1.5


def test_a_small_image_is_its_own_preview(tmp_path: Path, photo: np.ndarray) -> None:
    Image.fromarray(photo).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_preview(tmp_path / "a.png", 4000), photo)
    with pytest.raises(ValueError, match="max_side"):
        read_preview(tmp_path / "a.png", 0)


def _png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(width: int, height: int, rows: bytes, depth: int = 8, colour: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(name, data) for name, data in chunks)


@pytest.mark.parametrize("read", [read_image, read_size, lambda path: read_preview(path, 64)])
def test_a_bomb_is_refused_by_its_header(tmp_path: Path, read: object) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(60_000, 60_000, b"\0" * 1000))
    with pytest.raises(ImageError, match=r"bomb\.png: 60000 x 60000 pixels .* raise max_pixels"):
        read(path)  # type: ignore[operator]


def test_the_limit_can_be_raised_and_lowered(tmp_path: Path, photo: np.ndarray) -> None:
    Image.fromarray(photo).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", max_pixels=48 * 80).shape == (48, 80, 3)
    with pytest.raises(ImageError, match="limit of 3,839"):
        read_image(tmp_path / "a.png", max_pixels=48 * 80 - 1)


def _encoded(photo: np.ndarray, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(photo).resize((400, 240)).save(buffer, format=kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6, 0.95])
def test_cut_off_files_are_refused(tmp_path: Path, photo: np.ndarray, kind: str, kept: float) -> None:
    data = _encoded(photo, kind)
    path = tmp_path / "cut.jpg"
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(ImageError, match=r"cut\.jpg: .*(damaged|not a JPEG)"):
        read_image(path)


def test_a_cut_off_jpeg_with_a_thumbnail_is_refused(tmp_path: Path, photo: np.ndarray) -> None:
    thumbnail = _encoded(photo[:16, :16], "JPEG")  # brings its own end marker
    data = _encoded(photo, "JPEG", comment=thumbnail)
    (tmp_path / "cut.jpg").write_bytes(data[:-200])
    with pytest.raises(ImageError, match="cut off"):
        read_image(tmp_path / "cut.jpg")


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("I am not a picture\n" * 100)
    (tmp_path / "empty.png").write_bytes(b"")
    for name, reason in [
        ("text.jpg", "not a JPEG, PNG"),
        ("empty.png", "the file is empty"),
        ("missing.png", "no such file"),
        (".", "is a folder"),
    ]:
        with pytest.raises(ImageError, match=reason) as caught:
            read_image(tmp_path / name)
        assert "\n" not in str(caught.value)
        assert str(tmp_path) in str(caught.value)


def test_damage_inside_a_png_is_refused(tmp_path: Path, photo: np.ndarray) -> None:
    data = bytearray(_encoded(photo, "PNG"))
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "bad.png").write_bytes(data)
    with pytest.raises(ImageError, match="damaged"):
        read_image(tmp_path / "bad.png")


def test_find_images(tmp_path: Path) -> None:
    for name in ["b/2.PNG", "b/1.jpg", "a/x.webp", ".hidden/no.png", "b/.no.png", "p.seamseg/labels/1.png", "n.txt"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "b" / "up").symlink_to(tmp_path, target_is_directory=True)
    found = [path.relative_to(tmp_path).as_posix() for path in find_images([tmp_path])]
    assert found == ["a/x.webp", "b/1.jpg", "b/2.PNG"]
    assert find_images([tmp_path / "n.txt", str(tmp_path / "b"), tmp_path / "b/1.jpg"])[:2] == [
        tmp_path / "n.txt",
        tmp_path / "b/1.jpg",
    ]


def test_find_images_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: no such file or folder"):
        find_images([tmp_path / "nowhere"])
    with pytest.raises(InputError, match="no images found"):
        find_images([tmp_path])
