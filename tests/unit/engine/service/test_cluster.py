"""A run on a Ray cluster of several nodes gives what a local run gives, whatever dies on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_engine import Command, image_for
from PIL import Image

pytest.importorskip("ray.data", reason="Ray is not installed: pip install 'seamseg-studio[cluster]'")
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="kills processes"),
    pytest.mark.slow,
]

_FOLDER = Path(__file__).parent
_PROGRAM = """
import sys
from seamseg_studio.engine.cli import label
label.DEFAULT_FACTORY = "fake_engine:load"
sys.exit(label.main())
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A head that only keeps the books and two nodes that work, all processes of this machine."""
    from ray.cluster_utils import Cluster

    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(_FOLDER), os.environ.get("PYTHONPATH", "")])))
    patch.setenv("FAKE_ENGINE_ONCE", str(tmp_path_factory.mktemp("cluster") / "once"))
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    settings = {"object_store_memory": 80 * 2**20}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **settings})
    try:
        for _ in range(2):
            made.add_node(num_cpus=2, **settings)
        yield made
    finally:
        made.shutdown()
        patch.undo()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Images to label, in two folders; two of them have the same name."""
    for mark in range(24):
        path = tmp_path / "photos" / ("a" if mark % 2 else "b") / f"{mark % 23}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image_for(Command.LABEL, mark=mark, time_s=0.1, size=(24, 32 + mark))).save(path)
    (tmp_path / "photos" / "broken.png").write_bytes(b"no image")
    return tmp_path / "photos"


def _start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *map(str, arguments), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_cluster_with_another_model_is_refused(cluster: Any, photos: Path, tmp_path: Path) -> None:
    environment = os.environ | {"FAKE_ENGINE_FINGERPRINT": "another"}
    program = [sys.executable, "-c", _PROGRAM, str(photos), "--out", str(tmp_path / "out"), "--cluster"]
    told = subprocess.run([*program, cluster.address], env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "the model fake is another one there than here" in told.stderr
    assert "Traceback" not in told.stderr


def test_workers_and_machines_that_die_cost_no_image(cluster: Any, photos: Path, tmp_path: Path) -> None:
    Image.fromarray(image_for(Command.DIE_ONCE, mark=30)).save(photos / "once.png")
    (tmp_path / "once").touch()  # here it kills nobody
    options = ("--format", "coco-panoptic,seamseg,overlay")
    local = _start(photos, "--out", tmp_path / "local", *options)
    expected, _ = local.communicate(timeout=60)
    assert local.returncode == 3

    remote = _start(photos, "--out", tmp_path / "remote", *options, "--cluster", cluster.address)
    assert remote.stdout is not None
    assert remote.stderr is not None
    text = "".join(remote.stdout.readline() for _ in range(3))
    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    text += remote.stdout.read()
    errors = remote.stderr.read()
    with remote:  # waits, and closes the pipes
        pass
    assert remote.returncode == 3, errors

    *images, summary = _lines(text)
    done = sorted(image["name"] for image in images if image["status"] == "done")
    assert done == sorted(line["name"] for line in _lines(expected) if line.get("status") == "done")
    assert [image["name"] for image in images if image["status"] == "failed"] == ["broken"]
    assert (summary["num_done"], summary["num_failed"], summary["interrupted"]) == (25, 1, False)
    assert {device.split()[-1] for device in summary["devices"]} == {"cpu"}
    assert _content(tmp_path / "remote") == _content(tmp_path / "local")
    assert "Traceback" not in errors
    assert "workers of the cluster died: giving out again what they had in work" in errors

    # What is done is skipped, what failed is tried again.
    (photos / "new.png").write_bytes((photos / "a" / "1.png").read_bytes())
    again = _start(photos, "--out", tmp_path / "remote", *options, "--cluster", cluster.address, "--resume")
    text, errors = again.communicate(timeout=120)
    assert again.returncode == 3, errors
    assert [line["name"] for line in _lines(text)[:-1] if line["status"] == "done"] == ["new"]
    assert _lines(text)[-1]["num_skipped"] == 25


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--cluster", "{photos}"), "is no HOST:PORT; name the images before --cluster"),
        (("--cluster", "127.0.0.1:1"), "127.0.0.1:1: no Ray cluster answers there"),
        (("--cluster", "127.0.0.1:1", "--device", "cuda:1"), "--device of a cluster is auto, cpu or cuda"),
        (("--cluster", "127.0.0.1:1", "--workers", "0"), "--workers needs at least 1"),
    ],
)
def test_what_is_no_cluster_is_one_sentence(
    photos: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    filled = (argument.format(photos=photos) for argument in arguments)
    program = _start(photos, "--out", tmp_path / "out", *filled)
    _, errors = program.communicate(timeout=120)
    assert program.returncode == 2
    assert sentence in errors
    assert errors.count("\n") == 1
    assert not (tmp_path / "out").exists()
