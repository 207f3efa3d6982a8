"""`seamseg-label` from the outside, with a fake model."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.cli import label
from seamseg_studio.engine.cli.label import main
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.service.runner import DEFAULT_FACTORY

_FAKE_FOLDER = Path(__file__).parents[1] / "service"
sys.path.insert(0, str(_FAKE_FOLDER))
from fake_engine import Command, expected_ids, image_for  # noqa: E402 - lies beside the service's tests

_AS_PROGRAM = f"""
import sys
sys.path.insert(0, {str(_FAKE_FOLDER)!r})
from seamseg_studio.engine.cli import label
label.DEFAULT_FACTORY = "fake_engine:load"
sys.exit(label.main())
"""
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")


@pytest.fixture(autouse=True)
def _fake_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label, "DEFAULT_FACTORY", "fake_engine:load")


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Saves an image below `photos` that commands the fake model."""

    def save_image(name: str, command: Command = Command.LABEL, **options: Any) -> Path:
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image_for(command, **options)).save(path)
        return path

    return save_image


def _program(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _AS_PROGRAM, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_a_folder_in_four_formats(
    save: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [save(f"{mark}.png", mark=mark, size=(40, 60)) for mark in (3, 4)]
    out = tmp_path / "out"
    assert main([str(tmp_path / "photos"), "--out", str(out), "--format", "coco-panoptic,seamseg,npz,overlay"]) == 0
    assert "2 images labelled into" in capsys.readouterr().out
    assert {path.name for path in (out / "overlay").iterdir()} == {"3.jpg", "4.jpg"}
    with np.load(out / "npz" / "4.npz") as arrays:
        np.testing.assert_array_equal(arrays["ids"], expected_ids(np.asarray(Image.open(images[1]))))
        assert "sem_pred" in arrays
    assert len(json.loads((out / "panoptic.json").read_text())["images"]) == 2
    assert len(FORMATS["seamseg"].reader(out)) == 2


def test_processes_that_encode_change_nothing(save: Callable[..., Path], tmp_path: Path) -> None:
    for mark in (3, 4, 5):
        save(f"{mark}.png", mark=mark, size=(40, 60))
    for number in ("0", "2"):
        arguments = ["--format", "coco-panoptic,npz,overlay", "--workers", "1", "--encoders", number]
        assert main([str(tmp_path / "photos"), "--out", str(tmp_path / number), *arguments]) == 0
    assert len(_content(tmp_path / "0")) > 9
    assert _content(tmp_path / "2") == _content(tmp_path / "0")


def test_json_tells_of_every_image_and_of_the_whole(
    save: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = save("a.png", mark=9), save("b.png")
    bad.write_bytes(b"")
    assert main([str(good), str(bad), "--out", str(tmp_path / "out"), "--json"]) == 3
    captured = capsys.readouterr()
    *images, summary = _lines(captured.out)
    assert {image.pop("predict_ms", 0) >= 0 for image in images} == {True}
    images.sort(key=lambda image: image["name"])
    assert images[1].pop("reason").startswith(f"{bad}: the file is empty")
    assert images == [
        {
            "event": "image",
            "image": str(good),
            "name": "a",
            "status": "done",
            "height": 24,
            "width": 32,
            "num_segments": 2,
        },
        {
            "event": "image",
            "image": str(bad),
            "name": "b",
            "status": "failed",
        },
    ]
    assert summary["event"] == "summary"
    assert (summary["num_images"], summary["num_done"], summary["num_failed"]) == (2, 1, 1)
    assert summary["failures"][0]["image"] == str(bad)
    assert (summary["model"], summary["devices"], summary["interrupted"]) == ("fake", ["fake:0"], False)
    assert "1 of 2 inputs failed" in captured.err


def test_only_unreadable_images_are_bad_input(save: Callable[..., Path], tmp_path: Path) -> None:
    save("a.png").write_text("no image")
    assert main([str(tmp_path / "photos"), "--out", str(tmp_path / "out")]) == 2


def test_a_network_that_always_fails_is_our_failure(save: Callable[..., Path], tmp_path: Path) -> None:
    save("a.png", Command.RAISE)
    assert main([str(tmp_path / "photos"), "--out", str(tmp_path / "out")]) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{photos}", "--format", "tiff"], "unknown format 'tiff'; there are"),
        (["{photos}", "--format", ","], "--format needs one of"),
        (["{photos}", "--score-threshold", "1.5"], "score_threshold must be between 0 and 1"),
        (["{photos}", "--min-stuff-area", "-1"], "min_stuff_area must be 0 or more"),
        (["{photos}", "--batch-size", "0"], "--batch-size is auto or a number from 1"),
        (["{photos}", "--workers", "0"], "--workers needs at least 1"),
        (["{photos}", "--resume", "--overwrite"], "not allowed with argument"),
        (["{photos}", "--model", "missing"], "missing: no such model"),
        (["{tmp}/absent.jpg"], "absent.jpg: no such file or folder"),
        (["{tmp}/empty"], "empty: no images found"),
        ([], "required: INPUT"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    save: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    save("a.png")
    (tmp_path / "empty").mkdir()
    filled = [argument.format(photos=tmp_path / "photos", tmp=tmp_path) for argument in arguments]
    assert main([*filled, "--out", str(tmp_path / "out")]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not (tmp_path / "out").exists()


def test_an_out_that_cannot_be_a_folder_is_refused_first(
    save: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = save("a.png")
    assert main([str(image), "--out", str(image / "below")]) == 2
    assert capsys.readouterr().err == f"seamseg-label: {image}: is a file, not a folder; choose another --out\n"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert main([str(image), "--out", str(tmp_path / "out")]) == 2
    assert "may not be written" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_labels_of_an_earlier_run_are_kept_resumed_or_replaced(
    save: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save("a.png", mark=2)
    arguments = [str(tmp_path / "photos"), "--out", str(tmp_path / "out"), "--format", "npz"]
    assert main(arguments) == 0
    before = _content(tmp_path / "out")
    assert main(arguments) == 2
    assert "already holds npz labels; use --resume to go on" in capsys.readouterr().err
    save("b.png", mark=3)
    assert main([*arguments, "--resume"]) == 0
    assert "1 images labelled" in (text := capsys.readouterr().out)
    assert "1 were there already" in text
    assert set(_content(tmp_path / "out")) == {"npz/a.npz", "npz/b.npz"}
    save("a.png", mark=20)
    assert main([*arguments, "--resume"]) == 0
    assert _content(tmp_path / "out").items() >= before.items()
    assert main([*arguments, "--overwrite"]) == 0
    assert _content(tmp_path / "out")["npz/a.npz"] != before["npz/a.npz"]


def test_a_continued_run_says_what_the_earlier_ones_lost_and_failed_at(
    save: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save("a.png", mark=3), save("b.png", mark=4), save("bad.png").write_bytes(b"")
    argv = [str(tmp_path / "photos"), "--out", str(tmp_path / "out"), "--format", "coco-instances,voc", "--json"]
    assert main(argv) == 3
    first = capsys.readouterr()
    assert main([*argv, "--resume"]) == 3
    second = capsys.readouterr()
    told, again = (_lines(captured.out)[-1] for captured in (first, second))
    assert (again["num_done"], again["num_skipped"], again["num_failed"]) == (0, 2, 1)
    assert again["losses"] == told["losses"]
    assert told["losses"]["scores left out"]["total"] == 4
    assert told["losses"]["stuff segments left out, as COCO instances hold things only"]["images"] == 2
    assert again["failures"] == told["failures"]
    said = [[line for line in captured.err.splitlines() if line.startswith("lost: ")] for captured in (first, second)]
    assert said[0] == said[1] != []
    (tmp_path / "out" / "SegmentationClass" / "a.png").unlink()
    save("c.png", mark=5)
    assert main([*argv, "--resume"]) == 3
    third = _lines(capsys.readouterr().out)[-1]
    assert (third["num_done"], third["losses"]["scores left out"]["total"]) == (2, 6)


def test_a_run_is_not_resumed_with_other_settings(
    save: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(save("a.png")), "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert main([*arguments, "--resume", "--score-threshold", "0.6"]) == 2
    assert "other options" in capsys.readouterr().err


def test_another_format_can_be_added(save: Callable[..., Path], tmp_path: Path) -> None:
    arguments = [str(save("a.png")), "--out", str(tmp_path / "out"), "--format"]
    assert main([*arguments, "npz"]) == 0
    assert main([*arguments, "overlay"]) == 0
    assert set(_content(tmp_path / "out")) == {"npz/a.npz", "overlay/a.jpg"}


def test_equal_names_in_different_folders_stay_apart(save: Callable[..., Path], tmp_path: Path) -> None:
    save("x/1.png", mark=3)
    save("y/1.png", mark=4)
    arguments = [str(tmp_path / "photos"), "--out", str(tmp_path / "out"), "--format", "npz"]
    assert main(arguments) == 0
    areas = []
    for path in (tmp_path / "out" / "npz").iterdir():
        with np.load(path) as arrays:
            areas.append(int((arrays["ids"] == 1).sum()))
    assert sorted(areas) == [3, 4]
    save("z/1.png", mark=5)
    assert main([*arguments, "--resume"]) == 0
    assert len(list((tmp_path / "out" / "npz").iterdir())) == 3


def test_labels_among_the_photos_are_not_taken_for_photos(save: Callable[..., Path], tmp_path: Path) -> None:
    photos = save("a.png").parent
    arguments = [str(photos), "--out", str(photos / "labels"), "--format", "overlay"]
    for again in ([], ["--resume"], ["--overwrite"]):
        assert main([*arguments, *again]) == 0
        assert set(_content(photos / "labels")) == {"overlay/a.jpg"}


def test_a_folder_that_may_not_be_read_is_named_and_the_others_are_labelled(
    save: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = save("a.png").parent
    save("closed/b.png")
    scan = os.scandir

    def scandir(path: str) -> object:
        if os.path.basename(path) == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert main([str(photos), "--out", str(tmp_path / "out"), "--format", "npz"]) == 3
    assert set(_content(tmp_path / "out")) == {"npz/a.npz"}
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "closed" in line]
    assert "Permission denied" in line
    assert main([str(photos), "--out", str(tmp_path / "out"), "--format", "npz", "--resume"]) == 3, "and again"


def test_labels_do_not_go_into_the_folder_of_the_photos_itself(
    save: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    photos = save("a.png").parent
    assert main([str(photos), "--out", str(photos / "." / ".." / photos.name), "--format", "overlay"]) == 2
    assert "labels cannot go where the photos are" in capsys.readouterr().err
    assert [path.name for path in photos.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    "arguments", [["", "--out", "labels"], [".", "", "--out", "labels"], [".", "--out", ""]], ids=str
)
def test_a_name_that_is_empty_is_not_the_current_folder(
    save: Callable[..., Path],
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(save("a.png").parent)
    assert main([*arguments, "--format", "overlay"]) == 2
    assert "empty" in capsys.readouterr().err or arguments[-1] == ""
    assert [path.name for path in Path().iterdir()] == ["a.png"]


@posix_only
def test_links_that_lead_in_circles_are_followed_once(save: Callable[..., Path], tmp_path: Path) -> None:
    folder = save("a.png").parent
    (folder / "up").symlink_to(folder, target_is_directory=True)
    (folder / "broken.png").symlink_to(tmp_path / "nowhere.png")
    assert main([str(folder), "--out", str(tmp_path / "out"), "--format", "npz"]) == 3
    assert set(_content(tmp_path / "out")) == {"npz/a.npz"}


def test_several_devices_share_the_work(
    save: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for mark in range(6):
        save(f"{mark}.png", mark=mark)
    arguments = ["--device", "cuda:0,cuda:1", "--batch-size", "2", "--json", "--format", "npz"]
    assert main([str(tmp_path / "photos"), "--out", str(tmp_path / "out"), *arguments]) == 0
    summary = _lines(capsys.readouterr().out)[-1]
    assert (summary["num_done"], summary["devices"]) == (6, ["cuda:0", "cuda:1"])


@posix_only
def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(save: Callable[..., Path], tmp_path: Path) -> None:
    import resource

    for mark in range(5):
        save(f"{mark}.png", mark=mark)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (200, 300, 3), np.uint8)  # a picture that compresses badly
    noise[0, 0] = 0
    Image.fromarray(noise).save(tmp_path / "photos" / "3.png")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    out = tmp_path / "out"
    arguments = [tmp_path / "photos", "--out", out, "--format", "overlay", "--workers", "1", "--batch-size", "1"]
    program = _program(*arguments, preexec_fn=limit)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == 1
    # The image after the one that failed may have been in work already.
    assert re.search(r"File too large; [34] images are done: make room and run again with --resume\n$", errors)
    assert errors.count("\n") == 1
    assert set(_content(out)) - {"overlay/4.jpg"} == {"overlay/0.jpg", "overlay/1.jpg", "overlay/2.jpg"}
    assert not list(out.rglob("*.part"))
    assert main([*map(str, arguments), "--resume"]) == 0
    assert len(_content(out)) == 5


def test_an_image_whose_labels_are_in_the_way_of_something_costs_nothing_else(
    save: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save("0.png", mark=0)
    out = tmp_path / "out"
    arguments = [str(tmp_path / "photos"), "--out", str(out), "--format", "overlay"]
    assert main(arguments) == 0
    for mark in range(1, 4):
        save(f"{mark}.png", mark=mark)
    obstacle = out / "overlay" / "2.jpg"
    (obstacle / "something").mkdir(parents=True)
    assert main([*arguments, "--resume"]) == 3
    errors = capsys.readouterr().err
    assert "2.png: its labels could not be written" in errors
    assert "Traceback" not in errors
    assert {"overlay/0.jpg", "overlay/1.jpg", "overlay/3.jpg"} <= set(_content(out))
    (obstacle / "something").rmdir()
    obstacle.rmdir()
    assert main([*arguments, "--resume"]) == 0
    assert "overlay/2.jpg" in _content(out)


@posix_only
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_goes_on_where_it_stopped(
    save: Callable[..., Path], tmp_path: Path, how: signal.Signals
) -> None:
    for mark in range(12):
        save(f"{mark}.png", mark=mark, time_s=0.1)
    arguments = [tmp_path / "photos", "--format", "coco-panoptic,npz", "--json", "--out"]
    out = tmp_path / "out"
    program = _program(*arguments, out)
    assert program.stdout is not None
    assert program.stderr is not None
    first = [json.loads(program.stdout.readline()) for _ in range(3)]
    program.send_signal(how)
    # Not communicate(): it passes over what readline has read ahead.
    first += _lines(program.stdout.read())
    errors = program.stderr.read()
    with program:  # waits, and closes the pipes
        pass
    if how == signal.SIGKILL:
        assert program.returncode == -signal.SIGKILL
    else:
        assert program.returncode == 130
        assert first[-1]["event"] == "summary"
        assert first[-1]["interrupted"]
        assert "run again with --resume" in errors
        assert "Traceback" not in errors
        index = json.loads((out / "panoptic.json").read_text())  # what is finished is a valid dataset
        assert len(index["annotations"]) == first[-1]["num_done"]
    done = [line["name"] for line in first if line["event"] == "image"]
    assert 3 <= len(done) < 12

    program = _program(*arguments, out, "--resume")
    text, _ = program.communicate(timeout=60)
    assert program.returncode == 0
    *second, summary = _lines(text)
    again = [line["name"] for line in second]
    assert summary["num_skipped"] + summary["num_done"] == 12
    if how == signal.SIGKILL:
        # An image may have been finished on disk with the kill coming before its line was printed.
        assert summary["num_skipped"] >= len(set(done) - set(again))
    else:
        assert sorted(done + again) == sorted(str(mark) for mark in range(12))

    assert main([*map(str, arguments[:3]), "--out", str(tmp_path / "whole")]) == 0
    assert _content(out) == _content(tmp_path / "whole")


@posix_only
def test_a_second_interrupt_stops_at_once(save: Callable[..., Path], tmp_path: Path) -> None:
    for mark in range(6):
        save(f"{mark}.png", mark=mark, time_s=0.3)
    program = _program(tmp_path / "photos", "--out", tmp_path / "out", "--json")
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.readline()
    program.send_signal(signal.SIGINT)
    assert "Ctrl-C again" in program.stderr.readline()
    program.send_signal(signal.SIGINT)
    errors = program.stderr.read()
    with program:  # waits, and closes the pipes
        program.stdout.read()
    assert program.returncode == 130
    assert "Traceback" not in errors


def test_help_names_every_option_of_the_design(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for option in (
        *("--out", "--model", "--device", "--format", "--score-threshold", "--overlap-threshold", "--min-stuff-area"),
        *("--precision", "--batch-size", "--workers", "--resume", "--overwrite", "--reference", "--json"),
    ):
        assert option in text
    assert "exit codes" in text


def test_help_needs_no_torch() -> None:
    code = (
        "import sys; from seamseg_studio.engine.cli import label; label.main(['-h']); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_an_unknown_device_is_one_sentence(
    save: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(label, "DEFAULT_FACTORY", DEFAULT_FACTORY)  # the real one knows devices
    for device in ("cuda:77", "toaster"):
        assert main([str(save("a.png")), "--out", str(tmp_path / "out"), "--device", device]) == 2
        errors = capsys.readouterr().err
        assert device in errors
        assert errors.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("formats", ["coco-panoptic", "npz,overlay,coco-panoptic,seamseg"])
def test_only_bad_images_leave_nothing_behind_and_the_next_run_is_not_refused(
    save: Callable[..., Path], tmp_path: Path, formats: str
) -> None:
    good = save("a.png")
    bad = good.with_name("b.png")
    bad.write_bytes(b"no image")
    out = tmp_path / "deep" / "out"
    assert main([str(bad), "--out", str(out), "--format", formats]) == 2
    assert not out.parent.exists()
    assert main([str(good), "--out", str(out), "--format", formats]) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert main([str(bad), "--out", str(out), "--format", formats, "--overwrite"]) == 2
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert main([str(bad), str(good), "--out", str(out), "--format", formats, "--resume"]) == 3


def test_a_folder_with_other_things_keeps_them_when_nothing_could_be_labelled(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    bad = tmp_path / "b.png"
    bad.write_bytes(b"no image")
    assert main([str(bad), "--out", str(out)]) == 2
    assert [path.name for path in out.iterdir()] == ["notes.txt"]


def test_resuming_with_another_model_of_the_same_name_is_refused(
    save: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    image = str(save("a.png"))
    monkeypatch.setenv("FAKE_ENGINE_FINGERPRINT", "first")
    assert main([image, "--out", str(tmp_path / "out")]) == 0
    assert main([image, "--out", str(tmp_path / "out"), "--resume"]) == 0
    monkeypatch.setenv("FAKE_ENGINE_FINGERPRINT", "second")
    assert main([image, "--out", str(tmp_path / "out"), "--resume"]) == 2
    assert "other options" in capsys.readouterr().err
