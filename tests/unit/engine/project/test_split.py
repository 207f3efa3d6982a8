"""A split never puts what belongs together on both sides, and is the same every time."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from seamseg_studio.engine.project import GroupBy, Project, ProjectError, SplitRule
from seamseg_studio.engine.project.look import NEAR_BITS, NUM_BITS, look_of, near_duplicates
from seamseg_studio.engine.project.split import TRAIN, VAL, divide, group_images, sequence_of

PATHS = st.dictionaries(
    st.integers(1, 500),
    st.builds("{}/{}_{:03d}.jpg".format, st.sampled_from("abc"), st.sampled_from(["x", "y"]), st.integers(0, 20)),
    min_size=1,
    max_size=40,
)


@given(
    paths=PATHS,
    data=st.data(),
    group_by=st.sampled_from(GroupBy),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 5),
)
def test_nothing_leaks(paths: dict[int, str], data: st.DataObject, group_by: GroupBy, share: float, seed: int) -> None:
    ids = st.sampled_from(sorted(paths))
    pairs = data.draw(st.lists(st.tuples(ids, ids), max_size=6))
    groups = group_images(paths, pairs, group_by)
    rule = SplitRule(share, group_by, seed)
    if len(set(groups.values())) == 1:
        with pytest.raises(ProjectError, match="without leaking"):
            divide(groups, rule)
        return
    split = divide(groups, rule)
    assert set(split.part_of.values()) == {TRAIN, VAL}
    for one, other in pairs:
        assert split.part_of[one] == split.part_of[other]
    for one, path in paths.items():
        for other, other_path in paths.items():
            same_folder = path[0] == other_path[0]
            same_sequence = path[:3] == other_path[:3]
            if (group_by is GroupBy.FOLDER and same_folder) or (group_by is GroupBy.SEQUENCE and same_sequence):
                assert split.part_of[one] == split.part_of[other]
    shuffled = dict(sorted(paths.items(), reverse=True))
    assert divide(group_images(shuffled, pairs[::-1], group_by), rule).part_of == split.part_of


def test_the_share_is_met_as_well_as_the_groups_allow() -> None:
    groups = {number: f"group {number // 5}" for number in range(500)}
    for seed in range(5):
        part = list(divide(groups, SplitRule(0.2, seed=seed)).part_of.values())
        assert part.count(VAL) == 100
    assert divide(groups, SplitRule(0.2, seed=0)).part_of != divide(groups, SplitRule(0.2, seed=1)).part_of
    assert set(divide(groups, SplitRule(0.0)).part_of.values()) == {TRAIN}
    assert divide({}, SplitRule(0.2)).part_of == {}
    for share in (-0.1, 1.0):
        with pytest.raises(ValueError, match="cannot be kept for validation"):
            SplitRule(share)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a/aachen_000003_000019_leftImg8bit.png", "a/aachen_000003_000020_leftImg8bit.png", True),
        ("a/aachen_000003_000019_leftImg8bit.png", "a/aachen_000004_000019_leftImg8bit.png", False),
        ("a/0001.jpg", "a/0002.jpg", True),
        ("a/0001.jpg", "b/0001.jpg", False),
        ("park.jpg", "lake.jpg", False),
        ("a/.hidden", "a/.other", False),
        ("frame_000001_rgb8.png", "frame_000002_rgb8.png", True),
        ("frame12a.jpg", "frame13a.jpg", True),
        ("frame12a.jpg", "frame12b.jpg", True),
        ("seq01_0001_leftImg8bit.png", "seq01_0002_leftImg8bit.png", True),
        ("seq01_0001_leftImg8bit.png", "seq02_0001_leftImg8bit.png", False),
        ("frame_12_cam0.png", "frame_13_cam0.png", True),
        ("clip2_rgb8.png", "clip3_rgb8.png", True),
        ("IMG-20230105-WA0001.jpg", "IMG-20230105-WA0002.jpg", True),
        ("2023-01-05_12-30-59.jpg", "2023-01-05_12-31-00.jpg", True),
        ("2023-01-05_12-30-59.jpg", "2023-01-06_12-30-59.jpg", False),
        ("1526382.123456_rgb.png", "1526383.001002_rgb.png", True),
        ("IMG_0007 (1).jpg", "IMG_0008.jpg", True),
        ("IMG_0007 - Copy.jpg", "IMG_0008.jpg", True),
        ("park.jpg", "park (2).jpg", True),
        ("park_edited.jpg", "park.jpg", True),
        ("0001_1080p.png", "0002_1080p.png", True),
        ("walk_640x480_3.png", "walk_640x480_4.png", True),
        ("walk_1080p.png", "run_1080p.png", False),
        ("s1_f10.png", "s1_f11.png", True),
        ("~1.jpg", "~2.jpg", True),
        (".png", ".png", True),
    ],
)
def test_sequences_are_names_that_differ_in_the_number_of_the_frame(one: str, other: str, same: bool) -> None:
    assert (sequence_of(one) == sequence_of(other)) is same


def scene(path: Path, seed: int, size: tuple[int, int] = (320, 240)) -> Path:
    """A picture with large shapes, as photographs have."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)
    Image.fromarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)).save(path)
    return path


def test_near_duplicates_are_found_and_strangers_are_not(tmp_path: Path) -> None:
    original = scene(tmp_path / "a.png", 1)
    image = Image.open(original)
    image.resize((200, 150)).save(tmp_path / "b.jpg", quality=40)
    ImageEnhance.Brightness(image).enhance(1.2).save(tmp_path / "c.jpg", quality=60)
    image.crop((3, 2, 318, 239)).save(tmp_path / "d.png")
    files = [original, *(tmp_path / name for name in ("b.jpg", "c.jpg", "d.png"))]
    strangers = [scene(tmp_path / f"s{seed}.png", seed) for seed in range(2, 8)]
    looks = [look_of(path) for path in [*files, *strangers]]
    pairs = near_duplicates(looks)
    assert {place for pair in pairs for place in pair} == {0, 1, 2, 3}
    assert {(0, 1), (0, 2), (0, 3)} <= set(pairs)
    assert near_duplicates([]) == []


@given(st.lists(st.integers(0, 2**24), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_pairs_are_those_of_few_different_bits(seeds: list[int], flips: int) -> None:
    base = np.random.default_rng(5).integers(0, 2, NUM_BITS).astype(np.uint8)
    rng = np.random.default_rng(flips)
    bits = []
    for seed in seeds:
        bits.append(base.copy())
        bits[-1][rng.choice(NUM_BITS, seed % 40, replace=False)] ^= 1
    pairs = near_duplicates([np.packbits(row).tobytes() for row in bits])
    groups = {place: str(place) for place in range(len(bits))}
    found = group_images(groups, pairs, GroupBy.LOOK)
    expected = [
        (a, b) for a in range(len(bits)) for b in range(a + 1, len(bits)) if (bits[a] != bits[b]).sum() <= NEAR_BITS
    ]
    assert found == group_images(groups, expected, GroupBy.LOOK)


def test_what_nobody_has_looked_at_stays_with_its_sequence_and_its_equals(project: Project, tmp_path: Path) -> None:
    names = ["walk_01.jpg", "walk_02.jpg", "run_01.jpg", "twin.jpg", "copy/other.jpg", "lake.jpg"]
    (tmp_path / "p" / "copy").mkdir(parents=True)
    paths = [scene(tmp_path / "p" / name, seed) for seed, name in enumerate(names)]
    paths[4].write_bytes(paths[3].read_bytes())
    records = {record.path.name: record.id for record in project.add_images(paths)}
    project.hash_images()
    for name in ("walk_02.jpg", "twin.jpg", "copy/other.jpg"):
        (tmp_path / "p" / name).unlink()
    for group_by in (GroupBy.LOOK, GroupBy.SEQUENCE):
        split = project.split_images(list(records.values()), SplitRule(0.3, group_by))
        group = {name: split.group_of[number] for name, number in records.items()}
        assert group["walk_01.jpg"] == group["walk_02.jpg"]
        assert group["twin.jpg"] == group["other.jpg"]
        assert len(set(group.values())) == 4
        assert group["run_01.jpg"] != group["lake.jpg"]
        assert split.unseen == {records[name] for name in ("walk_02.jpg", "twin.jpg", "other.jpg")}
    for missing in paths:
        missing.unlink(missing_ok=True)
    known = project.split_images(list(records.values()), SplitRule(0.3, GroupBy.LOOK))
    assert known.part_of == project.split_images(list(records.values()), SplitRule(0.3, GroupBy.LOOK)).part_of
    assert len(known.unseen) == 3, "the others were looked at before"


def test_of_a_long_sequence_only_the_neighbours_are_kept_with_what_nobody_has_seen() -> None:
    names = ["f9.jpg", "f10.jpg", "f11.jpg", "f11 (1).jpg", "f12.jpg", "f13.jpg", "g10.jpg"]
    groups = group_images(dict(enumerate(names)), [], GroupBy.LOOK, {2})
    assert [groups[number] == groups[2] for number in range(7)] == [False, True, True, True, True, False, False]
    assert len(set(group_images(dict(enumerate(names)), [], GroupBy.LOOK).values())) == 7
    assert len(set(group_images(dict(enumerate(names)), [], GroupBy.SEQUENCE, {2}).values())) == 2


@given(st.text(st.sampled_from("ab12-_. ()~x"), max_size=12), st.integers(0, 999), st.integers(0, 999))
def test_frames_of_one_name_are_of_one_sequence(prefix: str, one: int, other: int) -> None:
    names = [sequence_of(f"{prefix}_{number:06d}_rgb8.png") for number in (one, other)]
    assert names[0] == names[1]


def test_looks_are_kept_by_the_project(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [record.id for record in project.images()]
    rule = SplitRule(0.4, GroupBy.LOOK)
    split = project.split_images(ids, rule)
    for record in project.images():
        record.path.unlink()  # not looked at a second time
    assert project.split_images(ids[::-1], rule).part_of == split.part_of
    with pytest.raises(ProjectError, match="cancelled"):
        project.split_images(ids, rule, lambda done, total: False)
