"""Asking a real child process that runs a fake model."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, wait
from pathlib import Path

import numpy as np
import pytest
from fake_engine import ORDER_VARIABLE, TAXONOMY, Command, expected_ids, image_for
from PIL import Image

from seamseg_studio.engine.service.client import EngineClient
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.protocol import EngineKind, EngineState, PredictOptions, Priority

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
Wait = Callable[[Callable[[], object]], None]
MakeClient = Callable[..., EngineClient]


def test_the_answer_is_the_models(client: EngineClient) -> None:
    image = image_for(Command.LABEL, mark=11)
    request = client.predict(image, options=PredictOptions(with_raw=True))
    result = request.future.result(timeout=10)
    np.testing.assert_array_equal(result.ids, expected_ids(image))
    assert result.ids.dtype == np.int32
    assert result.categories.tolist() == [255, 2, 0]
    assert result.scores.tolist() == [0, 0.75, 1]
    assert result.is_crowd.tolist() == [False, True, False]
    assert result.second_choice is not None
    assert result.raw is not None
    np.testing.assert_array_equal(result.raw.sem_pred, image[:, :, 0])
    assert result.raw.msk_pred.shape == (0, 28, 28)
    assert result.timings_ms == {"body": 1.5}
    assert request.bundle == "fake"


def test_an_answer_tells_which_of_the_models_of_a_name_it_is_of(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE_FINGERPRINT", "1a2b")
    client = make_client()
    image = image_for(Command.LABEL, mark=11)
    assert client.predict(image, key="a").future.result(20).fingerprint == "1a2b"
    assert client.fuse_again(image, PredictOptions(), key="a").future.result(20).fingerprint == "1a2b"


def test_what_was_not_asked_for_does_not_come(client: EngineClient) -> None:
    result = client.predict(image_for(Command.LABEL), options=PredictOptions(with_second_choice=False)).future.result(
        10
    )
    assert result.raw is None
    assert result.second_choice is None


def test_an_image_file_is_read_by_the_engine(client: EngineClient, tmp_path: Path) -> None:
    image = image_for(Command.LABEL, mark=3)
    Image.fromarray(image).save(tmp_path / "photo.png")
    np.testing.assert_array_equal(client.predict(tmp_path / "photo.png").future.result(10).ids, expected_ids(image))
    with pytest.raises(EngineError, match=r"absent\.png: no such file"):
        client.predict(tmp_path / "absent.png").future.result(10)


def test_the_models_description_arrives(client: EngineClient) -> None:
    info = client.model
    assert info is not None
    assert (info.name, info.num_parameters, info.card_title, info.device) == (
        "fake",
        7,
        "A model that is none",
        "fake:0",
    )
    assert info.taxonomy == TAXONOMY


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_no_image_is_refused(client: EngineClient, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="an image is uint8"):
        client.predict(image)


def test_an_error_of_one_image_costs_nothing_else(client: EngineClient) -> None:
    with pytest.raises(EngineError, match="the engine failed: KeyError"):
        client.predict(image_for(Command.RAISE)).future.result(10)
    client.predict(image_for(Command.LABEL)).future.result(10)


def test_trouble_with_memory_is_told(client: EngineClient) -> None:
    said: list[str] = []
    client.predict(image_for(Command.OUT_OF_MEMORY), on_progress=said.append).future.result(10)
    assert said == ["not enough memory on fake:0: labelling it in 2 x 2 tiles"]


def test_after_a_driver_error_the_state_shows_the_cpu(client: EngineClient) -> None:
    client.predict(image_for(Command.DRIVER_ERROR)).future.result(10)
    assert client.state.device == "cpu"


def test_another_model_can_be_loaded(client: EngineClient) -> None:
    assert client.load_model("other").future.result(10).name == "other"
    request = client.predict(image_for(Command.LABEL))
    request.future.result(10)
    assert request.bundle == "other"
    with pytest.raises(EngineError, match="missing: no such model"):
        client.load_model("missing").future.result(10)
    request = client.predict(image_for(Command.LABEL))
    request.future.result(10)
    assert request.bundle == "other"
    assert client.state.kind == EngineKind.READY


def test_a_model_that_cannot_be_loaded_is_a_state(make_client: MakeClient) -> None:
    client = make_client(model="missing")
    with pytest.raises(EngineError, match="missing: no such model"):
        client.wait_until_loaded()
    with pytest.raises(EngineError, match="no model is loaded"):
        client.predict(image_for(Command.LABEL)).future.result(10)
    assert client.state.kind == EngineKind.FAILED
    client.load_model("fake").future.result(10)
    client.predict(image_for(Command.LABEL)).future.result(10)
    assert client.state.kind == EngineKind.READY


def test_interactive_goes_before_batch(
    make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_for: Wait
) -> None:
    order = tmp_path / "order"
    monkeypatch.setenv(ORDER_VARIABLE, str(order))
    client = make_client()
    client.wait_until_loaded()
    batch = [
        client.predict(image_for(Command.LABEL, time_s=0.2, mark=mark), priority=Priority.BATCH) for mark in range(1, 6)
    ]
    wait_for(lambda: client.state.kind == EngineKind.BUSY)
    person = client.predict(image_for(Command.LABEL, mark=100))
    client.set_priority(batch[4], Priority.INTERACTIVE)
    wait([request.future for request in (*batch, person)], timeout=10)
    assert list(order.read_bytes()) == [1, 5, 100, 2, 3, 4]  # within a priority: in the order of asking


def test_a_request_at_the_worker_can_still_be_moved_back(
    make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_for: Wait
) -> None:
    order = tmp_path / "order"
    monkeypatch.setenv(ORDER_VARIABLE, str(order))
    client = make_client()
    client.wait_until_loaded()
    requests = [client.predict(image_for(Command.LABEL, time_s=0.3, mark=1))]
    wait_for(lambda: client.state.kind == EngineKind.BUSY)
    requests += [client.predict(image_for(Command.LABEL, mark=mark)) for mark in (2, 3)]
    client.set_priority(requests[1], Priority.BATCH)
    wait([request.future for request in requests], timeout=10)
    assert list(order.read_bytes()) == [1, 3, 2]


def test_cancelling_what_runs_ends_it(client: EngineClient, wait_for: Wait) -> None:
    slow = client.predict(image_for(Command.LABEL, time_s=2.5))
    wait_for(lambda: client.state.kind == EngineKind.BUSY)
    start = time.monotonic()
    assert slow.cancel()
    with pytest.raises(CancelledError):
        slow.future.result()
    client.predict(image_for(Command.LABEL)).future.result(10)
    assert time.monotonic() - start < 1.5


def test_cancelling_what_waits_leaves_no_trace(
    make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = tmp_path / "order"
    monkeypatch.setenv(ORDER_VARIABLE, str(order))
    client = make_client()
    requests = [
        client.predict(image_for(Command.LABEL, time_s=0.05, mark=mark), priority=Priority.BATCH)
        for mark in range(1, 7)
    ]
    for request in requests[1::2]:
        assert request.cancel()
    for request in requests[::2]:
        request.future.result(10)
        assert not request.cancel()
    assert list(order.read_bytes()) == [1, 3, 5]


@linux_only
def test_no_block_stays_behind(client: EngineClient, count_blocks: Callable[..., int], wait_for: Wait) -> None:
    for _ in range(5):
        client.predict(image_for(Command.LABEL, size=(200, 300))).future.result(10)
    pid = client.pid
    assert pid is not None
    wait_for(lambda: count_blocks(pid) == 0 and count_blocks() == 0)


def test_asking_does_not_wait_for_pixels(client: EngineClient) -> None:
    image = np.zeros((6000, 8000, 3), np.uint8)  # 144 MB, some 50 ms to copy
    client.predict(image_for(Command.LABEL)).future.result(10)
    start = time.perf_counter()
    requests = [client.predict(image) for _ in range(3)]
    took_s = time.perf_counter() - start
    for request in requests:
        request.cancel()
    assert took_s < 0.03


def test_states_tell_the_story(make_client: MakeClient) -> None:
    states: list[EngineState] = []
    client = make_client(on_state=states.append)
    client.wait_until_loaded()
    client.predict(image_for(Command.LABEL)).future.result(10)
    client.close()
    kinds = [state.kind for state in states]
    assert kinds == ["starting", "loading", "ready", "busy", "ready", "stopped"]
    assert states[1].message == "loading the model"
    assert states[2].device == "fake:0"


def test_a_callback_that_fails_harms_only_itself(make_client: MakeClient) -> None:
    def fail(state: EngineState) -> None:
        raise RuntimeError("the window's mistake")

    client = make_client(on_state=fail)
    client.wait_until_loaded()
    client.predict(image_for(Command.LABEL)).future.result(10)


def test_closing_cancels_what_is_unanswered(client: EngineClient) -> None:
    requests = [client.predict(image_for(Command.LABEL, time_s=2)) for _ in range(3)]
    start = time.monotonic()
    client.close()
    assert time.monotonic() - start < 4
    assert all(request.future.cancelled() for request in requests)
    assert client.pid is None
    client.close()
    with pytest.raises(EngineError, match="stopped"):
        client.predict(image_for(Command.LABEL)).future.result(1)


def test_closing_while_starting_or_loading_is_quick(make_client: MakeClient, wait_for: Wait) -> None:
    early = make_client(factory="fake_engine:slow_load")
    early.close()
    assert early.state.kind == EngineKind.STOPPED
    loading = make_client(factory="fake_engine:slow_load")
    wait_for(lambda: loading.state.kind == EngineKind.LOADING)
    loading.close()
    assert loading.state.kind == EngineKind.STOPPED


def test_closing_from_a_callback_works(client: EngineClient, wait_for: Wait) -> None:
    closed = threading.Event()

    def close(_: object) -> None:
        client.close()
        closed.set()

    client.predict(image_for(Command.LABEL)).future.add_done_callback(close)
    assert closed.wait(10)
    wait_for(lambda: client.state.kind == EngineKind.STOPPED)


def test_a_client_starts_once(client: EngineClient) -> None:
    with pytest.raises(ValueError, match="once"):
        client.start()


def test_a_program_that_never_closes_ends_without_a_word() -> None:
    script = """
        from fake_engine import Command, image_for
        from seamseg_studio.engine.service.client import EngineClient

        client = EngineClient(factory="fake_engine:load")
        client.start()
        assert client.predict(image_for(Command.LABEL)).future.result(20).shape == (24, 32)
        client.predict(image_for(Command.LABEL, time_s=2.5))
        print(client.pid)
    """
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=30, check=False
    )
    assert (finished.returncode, finished.stderr) == (0, "")
