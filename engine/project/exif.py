"""What a photograph's file says about how it was taken; where it was taken is left out on purpose."""

from __future__ import annotations

from pathlib import Path

from PIL import ExifTags, Image

from seamseg_studio.engine.formats.image_file import CHOSEN_MAX_PIXELS, PILLOW_FORMATS, png_has_exif, read_header

_TAGS = {
    "make": ExifTags.Base.Make,
    "model": ExifTags.Base.Model,
    "orientation": ExifTags.Base.Orientation,
    "taken": ExifTags.Base.DateTimeOriginal,
    "exposure_s": ExifTags.Base.ExposureTime,
    "f_number": ExifTags.Base.FNumber,
    "iso": ExifTags.Base.ISOSpeedRatings,
    "focal_length_mm": ExifTags.Base.FocalLength,
}
_MAX_TEXT = 200  # characters; a field is not there to carry data


def read_exif(path: Path) -> dict[str, str | float]:
    """Returns camera, time and exposure as far as the file tells them; projects are shared, so no position.

    A file that cannot be read, or whose EXIF data is damaged, tells nothing.
    """
    try:
        if read_header(path, CHOSEN_MAX_PIXELS).format == "PNG" and not png_has_exif(path):
            return {}  # Pillow would decode all of it in search of some
        with Image.open(path, formats=PILLOW_FORMATS) as image:
            exif = image.getexif()
            values = {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
    except Exception:  # noqa: BLE001 - Pillow answers to damaged EXIF with whatever its parsers run into
        return {}
    found: dict[str, str | float] = {}
    for name, tag in _TAGS.items():
        value = values.get(tag.value)
        if isinstance(value, str):
            text = value.strip(" \0")[:_MAX_TEXT]
            if text:
                found[name] = text
            continue
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, ZeroDivisionError):
            continue
        if number == number and abs(number) != float("inf"):  # rationals of 0/0 and 1/0
            found[name] = number
    return found
