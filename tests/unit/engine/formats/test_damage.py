"""Files damaged at random: every format gives labels or an error for people, never anything else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.formats.detection import detect_format
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.taxonomy import Taxonomy

_READ = [name for name, entry in FORMATS.items() if entry.reads]


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for one whole dataset of each format, written when it is first needed."""
    return tmp_path_factory.mktemp("whole")


@pytest.mark.parametrize("name", _READ)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_an_error_for_people(
    datasets: Path,
    tmp_path: Path,
    taxonomy: Taxonomy,
    make_map: Callable[..., PanopticMap],
    make_photo: Callable[..., Path],
    name: str,
    data: st.DataObject,
) -> None:
    whole = datasets / name
    if not whole.exists():
        options = {"copy_images": True} if FORMATS[name].copies_images else {}
        with FORMATS[name].writer(whole, taxonomy, **options) as writer:
            for image in ("a", "b"):
                writer.write(image, make_photo(f"{image}.png", 12, 18), make_map(4, 12, 18), split="val")
    broken = tmp_path / "broken"
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(whole, broken)
    files = sorted(path for path in broken.rglob("*") if path.is_file() and path.suffix != ".log")
    path = data.draw(st.sampled_from(files))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        where = data.draw(st.integers(0, max(0, len(content) - 1)))
        how = data.draw(st.sampled_from(["change", "cut", "repeat", "drop", "remove"]))
        if how == "change" and content:
            content[where] = data.draw(st.integers(0, 255) | st.sampled_from(list(b'-9"[]{}:,.e/\\')))
        elif how == "cut":
            del content[where:]
        elif how == "repeat":
            content[where:where] = content[where : where + 40]
        elif how == "drop":
            del content[where : where + data.draw(st.integers(1, 9))]
        else:
            path.unlink(missing_ok=True)
            break
    else:
        path.write_bytes(content)
    errors: list[str] = []
    try:
        detect_format(broken)
        for image in FORMATS[name].reader(broken):
            try:
                assert image.map.shape
            except SeamsegError as error:
                errors.append(str(error))
    except SeamsegError as error:
        errors.append(str(error))
    assert all(error and "\n" not in error for error in errors)
