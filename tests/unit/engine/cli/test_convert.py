"""`seamseg-convert` from the outside."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from seamseg_studio.engine.cli.convert import main
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy


def test_there_and_back_is_exact(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coco, again = tmp_path / "coco", tmp_path / "again"
    assert main([str(dataset), str(coco), "--to", "coco-panoptic", "--copy-images"]) == 0
    assert main([str(coco), str(again), "--from", "coco-panoptic", "--to", "seamseg"]) == 0
    assert "4 images converted" in capsys.readouterr().out
    for old, new in zip(FORMATS["seamseg"].reader(dataset), FORMATS["seamseg"].reader(again), strict=True):
        assert new.name == old.name
        np.testing.assert_array_equal(new.map.ids, old.map.ids)
        assert new.map.segments == old.map.segments


def test_losses_are_said_and_listed(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = tmp_path / "losses.json"
    assert main([str(dataset), str(tmp_path / "o"), "--to", "npz", "--losses", str(listed)]) == 0
    assert "lost or repaired: 2 memberships in a second split" in capsys.readouterr().err
    assert json.loads(listed.read_text())["memberships in a second split ignored"]["total"] == 2


def test_one_split(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(dataset), str(tmp_path / "o"), "--to", "overlay", "--split", "val", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["num_images"] == 2
    assert sorted(path.name for path in (tmp_path / "o/overlay").iterdir()) == ["b_001.jpg", "c_002.jpg"]


def test_one_bad_image_stops_no_other(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dataset / "msk" / "b_001.png").write_bytes(b"")
    assert main([str(dataset), str(tmp_path / "o"), "--to", "coco-panoptic"]) == 3
    error = capsys.readouterr().err
    assert "1 of 4 inputs failed:" in error
    assert "b_001.png: the file is empty" in error
    assert len(FORMATS["coco-panoptic"].reader(tmp_path / "o")) == 3


def test_a_conversion_goes_on(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "o")
    mask = dataset / "msk" / "b_001.png"
    good = mask.read_bytes()
    mask.write_bytes(b"")
    assert main([str(dataset), out, "--to", "coco-panoptic"]) == 3
    assert main([str(dataset), out, "--to", "coco-panoptic"]) == 2
    assert "already holds a coco-panoptic dataset" in capsys.readouterr().err
    mask.write_bytes(good)
    assert main([str(dataset), out, "--to", "coco-panoptic", "--resume"]) == 0
    assert "1 images converted (3 were there already)" in capsys.readouterr().out
    assert len(FORMATS["coco-panoptic"].reader(out)) == 4
    assert main([str(dataset), out, "--to", "coco-panoptic", "--overwrite"]) == 0


def _mapping(dataset: Path, path: Path, mapping: dict[str, str | None]) -> Path:
    taxonomy = FORMATS["seamseg"].reader(dataset).taxonomy
    names = {category.name: None for category in taxonomy.categories}
    categories = [
        {"name": "ground", "kind": "stuff", "color": [9, 9, 9]},
        {"name": "object", "kind": "thing", "color": [1, 2, 3]},
    ]
    path.write_text(json.dumps({"name": "small", "categories": categories, "map": {**names, **mapping}}))
    return path


def test_a_mapping_translates_merges_and_counts(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = _mapping(
        dataset, tmp_path / "map.json", {"stuff 00": "ground", "stuff 02": "ground", "thing 00": "object"}
    )
    assert main([str(dataset), str(tmp_path / "o"), "--to", "coco-panoptic", "--taxonomy", str(mapping)]) == 0
    assert "segments merged into the stuff segment" in capsys.readouterr().err
    old = next(iter(FORMATS["seamseg"].reader(dataset)))
    new = next(iter(FORMATS["coco-panoptic"].reader(tmp_path / "o")))
    by_name = {"stuff 00": 0, "stuff 02": 0, "thing 00": 1}
    taxonomy = FORMATS["seamseg"].reader(dataset).taxonomy
    table = np.array([by_name.get(category.name, 255) for category in taxonomy.categories] + [255] * 191)
    np.testing.assert_array_equal(new.map.category_map(), table[old.map.category_map()])


def test_a_vistas_dataset_becomes_cityscapes(tmp_path: Path) -> None:
    """By the mapping that comes along: poles join the utility poles, riders keep apart, birds become void."""
    names = ["Pole", "Utility Pole", "Road", "Bird", "Bicyclist", "Other Rider"]
    kinds = [Kind.STUFF] * 3 + [Kind.THING] * 3
    pairs = zip(names, kinds, strict=True)
    taxonomy = Taxonomy("vistas", tuple(Category(name, kind, (0, 0, 0)) for name, kind in pairs))
    ids = np.array([[1, 2, 3, 4, 5, 6]], np.int32)
    with FORMATS["vistas"].writer(tmp_path / "v", taxonomy) as writer:
        writer.write("a", None, PanopticMap(ids, {i: Segment(i - 1) for i in range(1, 7)}), split="val")
    argv = [str(tmp_path / "v"), str(tmp_path / "c"), "--to", "cityscapes", "--taxonomy", "vistas-to-cityscapes"]
    assert main(argv) == 0
    reader = FORMATS["cityscapes"].reader(tmp_path / "c", split="val")
    (image,) = reader
    found = [reader.taxonomy[image.map.segments[i].category].name if i else "" for i in image.map.ids[0].tolist()]
    assert found == ["pole", "pole", "road", "", "rider", "rider"]
    assert len(set(image.map.ids[0].tolist())) == 5


def test_two_datasets_become_one(dataset: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "o")
    assert main([str(dataset), out, "--to", "seamseg"]) == 0
    assert main([str(dataset), out, "--to", "seamseg", "--resume", "--prefix", "more/", "--split", "val"]) == 0
    reader = FORMATS["seamseg"].reader(out)
    assert len(reader) == 6
    assert [image.name.startswith("more_") for image in reader] == [False] * 4 + [True] * 2


def test_datasets_of_other_names_are_merged(dataset: Path, tmp_path: Path) -> None:
    other = shutil.copytree(dataset, tmp_path / "other")
    out = str(tmp_path / "o")
    assert main([str(dataset), out, "--to", "coco-panoptic"]) == 0
    assert main([str(other), out, "--to", "coco-panoptic", "--resume", "--prefix", "other-"]) == 0
    assert len(FORMATS["coco-panoptic"].reader(out)) == 8


def test_another_dataset_of_the_same_names_needs_a_prefix(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copytree(dataset, tmp_path / "other")
    argv = [str(tmp_path / "o"), "--to", "coco-panoptic", "--resume"]
    assert main([str(dataset), *argv]) == 0
    before = _tree(tmp_path / "o")
    capsys.readouterr()
    assert main([str(other), *argv]) == 2
    error = capsys.readouterr().err
    assert "--prefix" in error
    assert error.count("\n") == 1
    assert _tree(tmp_path / "o") == before
    assert str(tmp_path).encode() not in before[".coco-panoptic.log"]


def test_a_continued_run_lists_the_losses_of_the_interrupted_one(dataset: Path, tmp_path: Path) -> None:
    argv = [str(tmp_path / "o"), "--to", "labelme", "--resume", "--losses"]
    assert main([str(dataset), *argv, str(tmp_path / "first.json")]) == 0
    (tmp_path / "o" / "b_001.json").unlink()
    assert main([str(dataset), *argv, str(tmp_path / "second.json")]) == 0
    first, second = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("first", "second"))
    assert any("holes" in kind for kind in first)
    assert {kind: loss["total"] for kind, loss in second.items()} == {
        kind: loss["total"] for kind, loss in first.items()
    }


def test_a_map_for_several_datasets_may_name_more_than_one_has(dataset: Path, tmp_path: Path) -> None:
    mapping = _mapping(dataset, tmp_path / "map.json", {"stuff 00": "ground", "elsewhere": "ground"})
    argv = [str(dataset), str(tmp_path / "o"), "--to", "npz", "--taxonomy", str(mapping)]
    assert main(argv) == 2
    mapping.write_text(json.dumps(json.loads(mapping.read_text()) | {"several_sources": True}))
    assert main(argv) == 0


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"" for p in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("name", list(FORMATS))
def test_when_every_image_fails_nothing_is_left(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    argv = [str(dataset), "--to", name, "--copy-images"]
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine.txt").write_text("notes")
    assert main([argv[0], str(tmp_path / "full"), *argv[1:]]) == 0
    full = _tree(tmp_path / "full")
    for mask in (dataset / "msk").iterdir():
        mask.write_bytes(b"")
    assert main([argv[0], str(tmp_path / "new" / "deep"), *argv[1:]]) == 2
    assert not (tmp_path / "new").exists()
    assert "4 of 4 inputs failed" in capsys.readouterr().err
    assert main([argv[0], str(tmp_path / "kept"), *argv[1:]]) == 2
    assert _tree(tmp_path / "kept") == {"mine.txt": b"notes"}
    assert main([argv[0], str(tmp_path / "full"), *argv[1:], "--overwrite"]) == 2
    assert _tree(tmp_path / "full") == full


def test_a_disk_that_is_full_from_the_start_leaves_nothing(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, ids: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr("seamseg_studio.engine.formats.coco_panoptic.write_ids_as_colors", fail)
    assert main([str(dataset), str(tmp_path / "new" / "o"), "--to", "coco-panoptic"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_an_overwriting_of_one_format_leaves_another_alone(dataset: Path, tmp_path: Path) -> None:
    """Two formats in one folder, as seamseg-label writes them: one fails for every image, the other does not."""
    taxonomy = FORMATS["seamseg"].reader(dataset).taxonomy
    image = next(iter(FORMATS["seamseg"].reader(dataset)))
    assert main([str(dataset), str(tmp_path), "--to", "voc"]) == 0
    with (
        FORMATS["voc"].writer(tmp_path, taxonomy, overwrite=True),
        FORMATS["npz"].writer(tmp_path, taxonomy, overwrite=True) as good,
    ):
        good.write("a", None, image.map)
    assert len(FORMATS["voc"].reader(tmp_path)) == 4
    assert (tmp_path / "npz" / "a.npz").is_file()


def test_an_interrupted_overwriting_can_be_finished(dataset: Path, tmp_path: Path) -> None:
    """Files of the former dataset stay while the new one is not whole, and go when it is."""
    reader = FORMATS["voc"].reader
    taxonomy = FORMATS["seamseg"].reader(dataset).taxonomy
    images = list(FORMATS["seamseg"].reader(dataset))
    assert main([str(dataset), str(tmp_path), "--to", "voc", "--prefix", "old-"]) == 0
    with suppress(KeyboardInterrupt), FORMATS["voc"].writer(tmp_path, taxonomy, overwrite=True) as writer:
        writer.write(images[0].name, None, images[0].map)
        raise KeyboardInterrupt
    assert len(reader(tmp_path)) == 5
    assert main([str(dataset), str(tmp_path), "--to", "voc", "--resume"]) == 0
    assert sorted(image.name for image in reader(tmp_path)) == sorted(image.name for image in images)
    assert not list(tmp_path.glob("*.old"))


def test_targets_are_checked_before_anything_is_read(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    (dataset / "metadata.bin").write_bytes(b"damaged")
    argv = [str(dataset), str(tmp_path / "o"), "--to", "npz", "--losses"]
    for options, message in (
        ([*argv, str(tmp_path / "none" / "l.json")], "none: no such folder; make it, or choose another --losses"),
        ([*argv, str(tmp_path)], "is a folder; name a file with --losses"),
        ([*argv, str(tmp_path / "file" / "l.json")], "file: no such folder"),
        ([argv[0], str(tmp_path / "file" / "o"), "--to", "npz"], "file: is a file, not a folder; choose another DST"),
        ([argv[0], str(tmp_path / "o"), "--to", "npz", "--max-pixels", "0"], "--max-pixels needs"),
    ):
        assert main(options) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(("name", "place"), [("coco-panoptic", 5), ("seamseg", 8), ("cityscapes", 12), ("voc", 1)])
def test_a_killed_conversion_goes_on_to_the_same_files(dataset: Path, tmp_path: Path, name: str, place: int) -> None:
    """The process is killed while a file is written or put into its place; what it leaves is continued."""
    argv = [str(dataset), "--to", name, "--workers", "1", *(["--copy-images"] if name != "seamseg" else [])]
    assert main([argv[0], str(tmp_path / "whole"), *argv[1:]]) == 0
    killed = tmp_path / "killed"
    program = (
        "import sys, os, pathlib, signal\n"
        "from seamseg_studio.engine.cli.convert import main\n"
        "replace, count = pathlib.Path.replace, []\n"
        "def stop(path, target):\n"
        "    count.append(path)\n"
        "    if len(count) == int(sys.argv[1]): os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return replace(path, target)\n"
        "pathlib.Path.replace = stop\n"
        "main(sys.argv[2:])\n"
    )
    command = [sys.executable, "-c", program, str(place), argv[0], str(killed), *argv[1:]]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert list(killed.rglob(".*.part"))
    assert main([argv[0], str(killed), *argv[1:], "--resume"]) == 0
    assert _tree(killed) == _tree(tmp_path / "whole")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ('{"name": "x", "categories": []}', "0 categories"),
        ('{"name": "x", "categories": [{"name": "a", "kind": "stuff", "color": [1, 2, 3]}]}', "says nothing of"),
        (
            '{"name": "x", "categories": [{"name": "a", "kind": "stuff", "color": [1, 2, 3]}], "map": {"q": "z"}}',
            "maps 'q' to 'z', which is not among",
        ),
        ('{"name": "x", "categories": [{"name": "a", "kind": "stuff", "color": [1, 2, 3]}], "map": []}', "'map' is no"),
        (
            '{"name": "x", "categories": [{"name": "a", "kind": "stuff", "color": [1, 2, 3]}], "map": {"q": ["a"]}}',
            "maps 'q' to a list, which is no name; give one name, or null",
        ),
        (
            '{"name": "", "categories": [{"name": "a", "kind": "stuff", "color": [1, 2, 3]}], "map": {"Stuf 02": "a"}}',
            "maps 'Stuf 02', which is no category of the source (the nearest name is 'stuff 02')",
        ),
        (
            '{"name": "", "categories": [{"name": "road", "kind": "stuff", "color": [1, 2, 3]}], "map": {"q": "Raod"}}',
            "maps 'q' to 'Raod', which is not among its categories (the nearest name is 'road'); correct the name",
        ),
        (
            '{"name": "", "categories": [{"name": "stuff 0", "kind": "stuff", "color": [1, 2, 3]}]}',
            "says nothing of the category 'stuff 00' (the nearest name is 'stuff 0'); map it",
        ),
        (
            '{"name": "", "categories": [{"name": "a", "kind": "stuff", "color": [1, 2, 3]}], "maps": {}}',
            "has the member 'maps', which means nothing (the nearest name is 'map'); correct it",
        ),
        (
            '{"categories": [{"name": "a", "kind": "stuff", "color": [1, 2, 3]}], "map": {"q": "a", "q": null}}',
            "says 'q' twice; remove one",
        ),
        (
            '{"categories": [{"name": "a", "kind": "stuff", "color": [1, 2, 3]}], "several_sources": "yes"}',
            "'several_sources' is 'yes'; write true or false",
        ),
        ('["road"]', "a taxonomy is a JSON object with 'name' and a list 'categories'; correct it"),
        ('{"categories": [["a"]]}', "category 0 is not a JSON object; correct it"),
    ],
)
def test_bad_mappings_are_named(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    (tmp_path / "map.json").write_text(content)
    code = main([str(dataset), str(tmp_path / "o"), "--to", "npz", "--taxonomy", str(tmp_path / "map.json")])
    assert code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["{tmp}/none", "{tmp}/o", "--to", "npz"], "no such file or folder"),
        (["{tmp}", "{tmp}/o", "--to", "npz"], "holds no dataset of a known format"),
        (["{data}", "{tmp}/o", "--to", "nonsense"], "unknown format 'nonsense'"),
        (["{data}", "{tmp}/o", "--to", "npz", "--from", "npz"], "can be written but not read"),
        (["{data}", "{tmp}/o"], "--to"),
        (["{data}", "{data}", "--to", "npz"], "same folder"),
        (["{data}", "{tmp}/o", "--to", "npz", "--split", "test"], "has no split 'test'"),
        (["{data}", "{tmp}/o", "--to", "npz", "--workers", "0"], "--workers needs"),
        (["{data}", "{tmp}/o", "--to", "npz", "--resume", "--overwrite"], "not allowed with"),
        (["{data}", "{tmp}/o", "--to", "npz", "--images", "{tmp}"], "leave --images out"),
        (["{data}", "{tmp}/o", "--to", "npz", "--taxonomy", "none"], "nor a taxonomy that comes along (cityscapes"),
    ],
)
def test_wrong_usage_is_one_sentence(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    assert main([part.format(tmp=tmp_path, data=dataset) for part in argv]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_label_images_above_the_limit_are_refused(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = [str(dataset), str(tmp_path / "o"), "--to", "npz", "--max-pixels"]
    assert main([*argv, "80000"]) == 3
    assert "limit of 80,000" in capsys.readouterr().err
    assert main([*argv, "98304", "--overwrite"]) == 0
