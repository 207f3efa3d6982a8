"""Children and parents that die, hang or never come up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_engine import Command, expected_ids, image_for
from torment import Held, Torment

from seamseg_studio.engine.service import child, supervisor
from seamseg_studio.engine.service.client import EngineClient
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.protocol import EngineKind, EngineState, Priority

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc and sends signals")
Wait = Callable[[Callable[[], object]], None]
MakeClient = Callable[..., EngineClient]


def _kill(client: EngineClient, how: int = signal.SIGKILL) -> int:
    pid = client.pid
    assert pid is not None
    os.kill(pid, how)
    return pid


def test_a_request_whose_child_is_killed_is_answered_by_the_next(make_client: MakeClient, wait_for: Wait) -> None:
    states: list[EngineState] = []
    client = make_client(on_state=states.append)
    client.wait_until_loaded()
    image = image_for(Command.LABEL, time_s=0.3, mark=5)
    waiting = client.predict(image_for(Command.LABEL, mark=6), priority=Priority.BATCH)
    waiting.future.result(10)
    request = client.predict(image)
    wait_for(lambda: client.state.kind == EngineKind.BUSY)
    queued = client.predict(image_for(Command.LABEL, mark=7))
    _kill(client)
    np.testing.assert_array_equal(request.future.result(20).ids, expected_ids(image))
    assert int((queued.future.result(20).ids == 1).sum()) == 7
    messages = [state.message for state in states if state.kind == EngineKind.RESTARTING]
    assert messages == ["engine restarted after a crash; the image is being labelled again"]
    wait_for(lambda: client.state.kind == EngineKind.READY)
    assert client.state.message == ""


def test_a_request_that_kills_once_is_answered(client: EngineClient) -> None:
    image = image_for(Command.DIE_ONCE, mark=5)
    np.testing.assert_array_equal(client.predict(image).future.result(20).ids, expected_ids(image))


def test_an_answer_that_makes_no_sense_is_asked_for_again(
    client: EngineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window's side goes on: it must not end with the engine's fault, nor leave the request without an answer."""
    whole = supervisor.from_arrays
    answers: list[object] = []

    def partly(arrays: object, *others: object) -> object:
        answers.append(arrays)
        if len(answers) == 1:
            raise KeyError("ids")
        return whole(arrays, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(supervisor, "from_arrays", partly)
    image = image_for(Command.LABEL, mark=5)
    np.testing.assert_array_equal(client.predict(image).future.result(60).ids, expected_ids(image))
    assert len(answers) == 2


def test_a_request_that_kills_twice_fails_with_a_sentence(client: EngineClient, tmp_path: Path) -> None:
    deadly = client.predict(image_for(Command.DIE))
    queued = client.predict(image_for(Command.LABEL))
    with pytest.raises(EngineError, match="crashed twice while labelling the image; leave it out"):
        deadly.future.result(20)
    queued.future.result(20)


def test_a_model_that_kills_fails_with_a_sentence_and_the_former_stays(client: EngineClient) -> None:
    deadly = client.load_model("deadly")
    with pytest.raises(EngineError, match="crashed twice while loading the model deadly"):
        deadly.future.result(20)
    request = client.predict(image_for(Command.LABEL))
    request.future.result(20)
    assert request.bundle == "fake"


def test_a_device_that_kills_is_given_up_for_the_cpu(make_client: MakeClient) -> None:
    states: list[EngineState] = []
    client = make_client(model="deadly on gpu", device="cuda:0", max_crashes=2, on_state=states.append)
    assert client.wait_until_loaded().device == "cpu"
    client.predict(image_for(Command.LABEL)).future.result(10)
    assert "the engine crashed 2 times in a row: continuing on the CPU" in {state.message for state in states}


def test_an_engine_that_always_dies_is_given_up_and_can_be_tried_again(make_client: MakeClient, wait_for: Wait) -> None:
    client = make_client(model="deadly", device="cpu", max_crashes=2)
    early = client.predict(image_for(Command.LABEL))
    with pytest.raises(EngineError, match="crashed 2 times in a row; choose another model or device"):
        early.future.result(20)
    wait_for(lambda: client.state.kind == EngineKind.FAILED and client.pid is None)
    with pytest.raises(EngineError, match="crashed 2 times"):
        client.predict(image_for(Command.LABEL)).future.result(1)
    assert client.load_model("fake").future.result(20).name == "fake"
    client.predict(image_for(Command.LABEL)).future.result(10)
    assert client.state.kind == EngineKind.READY


def test_an_engine_that_cannot_start_is_a_state(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, wait_for: Wait
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    client = make_client(device="cpu", max_crashes=2)
    wait_for(lambda: client.state.kind == EngineKind.FAILED)
    assert client.state.message.startswith("the engine ended while it was starting")
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    client.restart()
    wait_for(lambda: "could not be started" in client.state.message and client.state.kind == EngineKind.FAILED)


def test_a_child_that_hangs_is_replaced(make_client: MakeClient, tmp_path: Path) -> None:
    states: list[EngineState] = []
    client = make_client(heartbeat_s=1.0, on_state=states.append)
    client.wait_until_loaded()
    client.predict(image_for(Command.HANG)).future.result(20)
    assert "engine restarted because it stopped answering; the image is being labelled again" in {
        state.message for state in states
    }


def test_a_child_that_hangs_in_the_middle_of_an_answer_is_replaced(make_client: MakeClient) -> None:
    states: list[EngineState] = []
    client = make_client(heartbeat_s=1.0, on_state=states.append)
    client.wait_until_loaded()
    image = image_for(Command.HANG_IN_ANSWER, mark=5)
    np.testing.assert_array_equal(client.predict(image).future.result(20).ids, expected_ids(image))
    assert any("stopped answering" in state.message for state in states)


def test_closing_does_not_wait_for_a_child_that_hangs_in_an_answer(
    make_client: MakeClient, tmp_path: Path, wait_for: Wait
) -> None:
    client = make_client()
    client.wait_until_loaded()
    client.predict(image_for(Command.HANG_IN_ANSWER))
    pid = client.pid
    wait_for(lambda: (Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]) == "T")
    client.close()
    assert client.pid is None
    assert not Path(f"/proc/{pid}").exists()


def test_a_child_that_hangs_while_it_starts_is_replaced(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_START_S", 3.0)
    monkeypatch.setattr(child, "_WORKER", "fake_slow_start")
    states: list[EngineState] = []
    client = make_client(on_state=states.append, max_crashes=20)
    client.wait_until_loaded()
    assert any("stopped answering" in state.message for state in states)


def test_work_longer_than_the_heartbeat_is_no_hang(make_client: MakeClient) -> None:
    client = make_client(heartbeat_s=0.5)
    pid = client.wait_until_loaded() and client.pid
    client.predict(image_for(Command.LABEL, time_s=1.5)).future.result(20)
    assert client.pid == pid


def test_restart_on_request_keeps_the_requests(client: EngineClient, wait_for: Wait) -> None:
    pid = client.pid
    requests = [client.predict(image_for(Command.LABEL, time_s=0.3)) for _ in range(2)]
    for _ in range(3):  # more often than a crashing request would be tried
        wait_for(lambda: client.state.kind == EngineKind.BUSY)
        client.restart()
        wait_for(lambda: client.state.kind != EngineKind.BUSY)
    for request in requests:
        request.future.result(20)
    assert client.pid != pid


def test_a_killed_child_leaves_no_zombie_and_no_block(
    client: EngineClient, count_blocks: Callable[..., int], wait_for: Wait
) -> None:
    requests = [client.predict(image_for(Command.LABEL, time_s=0.1, size=(300, 400))) for _ in range(4)]
    wait_for(lambda: client.state.kind == EngineKind.BUSY)
    pid = _kill(client)
    for request in requests:
        request.future.result(20)
    assert not Path(f"/proc/{pid}").exists()
    wait_for(lambda: count_blocks() == 0)


def test_a_child_without_its_parent_ends(tmp_path: Path, wait_for: Wait) -> None:
    script = """
        import os, signal
        from fake_engine import Command, image_for
        from seamseg_studio.engine.service.client import EngineClient

        client = EngineClient(factory="fake_engine:load")
        client.start()
        client.wait_until_loaded()
        for _ in range(3):
            client.predict(image_for(Command.LABEL, time_s=2.5, size=(500, 700)))
        while client.state.kind != "busy":
            pass
        print(client.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    parent = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=30, check=False
    )
    assert parent.returncode == -signal.SIGKILL
    child = Path("/proc", parent.stdout.strip())
    wait_for(lambda: not child.exists() or "Z" in (child / "stat").read_text().rsplit(")", 1)[1].split()[0])


def test_a_child_whose_parent_dies_before_greeting_ends() -> None:
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", "seamseg_studio.engine.service.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    _, errors = worker.communicate(b'{"protocol": 1', timeout=20)
    assert (worker.returncode, errors) == (0, b"")


def test_a_child_with_files_named_like_libraries_in_its_folder_starts(
    make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('the wrong numpy')")
    monkeypatch.chdir(tmp_path)
    make_client().wait_until_loaded()


@pytest.mark.slow
def test_kills_hangs_and_cancels_lose_nothing_and_leave_nothing(
    make_client: MakeClient, wait_for: Wait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`benchmarks/chaos.py` does the same a thousand times."""
    monkeypatch.setattr(supervisor, "_PROVEN_S", 0.0)
    monkeypatch.setattr(supervisor, "_START_S", 10.0)
    before = Held.now()
    client = make_client(max_crashes=10**6, heartbeat_s=1.0)
    client.wait_until_loaded()
    report = Torment(client, tmp_path, seed=5).run(200)
    assert (report.num_lost, report.num_doubled, report.num_wrong) == (0, 0, 0)
    assert report.num_answered + report.num_cancelled + report.num_blamed == report.num_requests
    assert report.num_answered > report.num_requests / 2
    assert report.actions["kill"] > 5
    assert report.num_blamed <= report.actions["kill"] + report.actions["stop"]
    client.close()
    wait_for(lambda: Held.now().num_files <= before.num_files)
    after = Held.now()
    assert (after.num_blocks, after.children) == (before.num_blocks, before.children)
    assert after.shared <= before.shared
    assert after.threads == before.threads
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]
