"""Prompts through the engine's process: the pixels go over once, and trouble on the way is answered."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import fake_engine
import numpy as np
import pytest
from fake_engine import Command, image_for

from seamseg_studio.engine.scene.consequences import Consequences, CorrectedPart, Statement
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.service import codec
from seamseg_studio.engine.service import protocol as p
from seamseg_studio.engine.service.client import EngineClient
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.protocol import BoxPrompt, ClickPrompt, PackedMask, StrokesPrompt
from seamseg_studio.engine.service.results import (
    consequences_from_arrays,
    consequences_to_arrays,
    part_from_arrays,
    part_to_arrays,
)
from seamseg_studio.engine.service.runner import Runner

BOX = BoxPrompt(3, 4, 9, 9)


def _sent(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """The kinds of the messages that carry requests, as they are sent."""
    kinds: list[type] = []
    send = codec.encode

    def note(message: p.Message) -> bytes:
        if isinstance(message, p.Ask | p.Show | p.Predict | p.FuseAround):
            kinds.append(type(message))
        return send(message)

    monkeypatch.setattr("seamseg_studio.engine.service.channel.encode", note)
    return kinds


def test_a_prompt_about_a_predicted_image_sends_no_pixels(
    client: EngineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = _sent(monkeypatch)
    image = image_for(Command.LABEL, mark=51)
    client.predict(image, key="a").future.result(20)
    request = client.prompt(image, BOX, key="a")
    answer = request.future.result(20)
    assert (answer.mask.box, answer.category, answer.score) == ((3, 4, 5, 6), 2, 0.2)
    assert request.bundle == "fake"
    assert kinds == [p.Predict, p.Ask]


def test_a_prompt_about_an_image_not_predicted_yet_predicts_first(
    client: EngineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = _sent(monkeypatch)
    image = image_for(Command.LABEL, mark=255)
    assert client.prompt(image, BOX, key="new").future.result(20).score == 1
    assert client.prompt(image, BOX, key="new").future.result(20).score == 1
    assert kinds == [p.Ask, p.Show, p.Ask]


def test_a_prompt_that_asks_for_nothing_fails_with_its_sentence(client: EngineClient) -> None:
    image = image_for(Command.LABEL)
    with pytest.raises(EngineError, match="the box has no area; drag"):
        client.prompt(image, BoxPrompt(3, 4, 3, 9), key="a").future.result(20)
    with pytest.raises(EngineError, match="outside the image"):
        client.prompt(image, ClickPrompt(99, 4), key="a").future.result(20)
    assert client.prompt(image, BOX, key="a").future.result(20).num_turns == 1


def test_a_prompt_needs_pixels_and_a_key(client: EngineClient) -> None:
    with pytest.raises(ValueError, match="key"):
        client.prompt(image_for(Command.LABEL), BOX, key="")
    with pytest.raises(ValueError, match="uint8"):
        client.prompt(np.zeros((3, 3, 3)), BOX, key="a")


def test_the_answer_survives_the_death_of_the_engine(
    client: EngineClient, wait_for: Callable[[Callable[[], object]], None]
) -> None:
    image = image_for(Command.LABEL, mark=255)
    client.prompt(image, BOX, key="a").future.result(20)
    first = client.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    request = client.prompt(image, BOX, key="a")
    assert request.future.result(20).score == 1
    assert client.pid not in (None, first)


def test_a_prompt_that_kills_the_engine_twice_is_given_up(client: EngineClient) -> None:
    with pytest.raises(EngineError, match="twice while answering a prompt"):
        client.prompt(image_for(Command.DIE), BOX, key="a").future.result(20)


def test_a_prompt_goes_before_the_batch_and_can_be_cancelled(client: EngineClient) -> None:
    batch = [client.predict(image_for(Command.SLOW, time_s=0.2), priority=p.Priority.BATCH) for _ in range(3)]
    image = image_for(Command.LABEL)
    unwanted = client.prompt(image, BOX, key="a")
    assert unwanted.cancel()
    client.prompt(image, BOX, key="a").future.result(20)
    assert not batch[-1].future.done()
    batch[-1].future.result(20)


def test_no_pixels_stay_behind(
    client: EngineClient, count_blocks: Callable[[int | None], int], wait_for: Callable[[Callable[[], object]], None]
) -> None:
    for number in range(3):
        client.prompt(image_for(Command.LABEL), BOX, key=str(number)).future.result(20)
    client.predict(image_for(Command.LABEL)).future.result(20)
    wait_for(lambda: count_blocks(client.pid) <= 1)  # the worker lets go after it has answered


def test_another_model_answers_for_masks(make_client: Callable[..., EngineClient]) -> None:
    client = make_client(segmenter="fake_engine:make_segmenter")
    answer = client.prompt(image_for(Command.LABEL), BOX, key="a").future.result(20)
    assert (answer.mask.box, answer.score) == ((0, 0, 24, 32), 0.5)


def test_a_plug_in_that_is_not_there_is_said(make_client: Callable[..., EngineClient]) -> None:
    client = make_client(segmenter="no_such_module:make")
    with pytest.raises(EngineError, match="no_such_module"):
        client.wait_until_loaded()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def runner(said: list[str]) -> Runner:
    made = Runner(fake_engine.load, "auto", "auto")
    made.load(None, said.append)
    return made


def test_short_memory_lets_go_of_other_images_first(runner: Runner, said: list[str]) -> None:
    runner.prompt(image_for(Command.LABEL), "a", BOX, said.append, lambda _: None)
    image = image_for(Command.OUT_OF_MEMORY_WHILE_OTHERS_ARE_KEPT)
    assert runner.prompt(image, "b", BOX, said.append, lambda _: None) is not None
    assert said == ["not enough memory on fake:0: letting go of the images seen before"]
    assert runner.prompt(None, "a", BOX, said.append, lambda _: None) is None


@pytest.mark.parametrize("command", [Command.DRIVER_ERROR, Command.OUT_OF_MEMORY_ON_DEVICE])
def test_a_device_that_fails_is_left_for_the_cpu(runner: Runner, said: list[str], command: Command) -> None:
    assert runner.prompt(image_for(command), "a", BOX, said.append, lambda _: None) is not None
    assert runner.model.device == "cpu"
    assert "continuing on the CPU" in said[0]


def test_no_memory_anywhere_is_one_sentence(runner: Runner, said: list[str]) -> None:
    with pytest.raises(EngineError, match="not enough memory to answer"):
        runner.prompt(image_for(Command.OUT_OF_MEMORY_ALWAYS), "a", BOX, said.append, lambda _: None)


def test_prompts_and_answers_are_messages() -> None:
    mask = PackedMask.of(np.eye(5, dtype=bool), 2, 3)
    lines = (p.Line(((1.0, 2.0), (3.5, 4.0)), 7.0),)
    for prompt in (BOX, ClickPrompt(1, 2, 3), StrokesPrompt(lines, (), mask, 1), p.CategoryPrompt(mask)):
        message = p.Ask(7, "key", prompt, p.Priority.INTERACTIVE)
        assert codec.decode(codec.encode(message)) == message
    answer = p.PromptAnswer(mask, (p.CategoryScore(1, 0.5),), 0.5, 1, 2)
    assert codec.decode(codec.encode(p.Prompted(7, answer, "fake", "cpu"))) == p.Prompted(7, answer, "fake", "cpu")


def test_another_fusion_needs_no_pixels_and_an_image_not_seen_is_looked_at(
    make_client: Callable[..., EngineClient],
) -> None:
    client = make_client()
    image = image_for(Command.LABEL, mark=9)
    options = p.PredictOptions(score_threshold=0.25)
    first = client.fuse_again(image, options, key="a").future.result(20)
    assert int((first.ids == 1).sum()) == 9  # labelled from its pixels
    again = client.fuse_again(image, options, key="a").future.result(20)
    assert int((again.ids == 1).sum()) == 25
    assert again.timings_ms == {"fusion": 0.5}
    with pytest.raises(ValueError, match="needs the key"):
        client.fuse_again(image, options, key="")


def test_a_fusion_that_memory_is_short_for_begins_from_the_pixels(make_client: Callable[..., EngineClient]) -> None:
    client = make_client()
    image = image_for(Command.LABEL, mark=9)
    result = client.fuse_again(image, p.PredictOptions(score_threshold=0.25), key="memory").future.result(20)
    assert int((result.ids == 1).sum()) == 9


def _part(height: int, width: int) -> CorrectedPart:
    ids = np.arange(height * width, dtype=np.int32).reshape(height, width) % 5
    before = Statement(ids, ids == 4, {1: 0, 2: 1, 3: 2, 4: 2})
    after = Statement(np.where(ids == 3, 1, ids).astype(np.int32), ids >= 3, {1: 0, 2: 1, 4: 2})
    return CorrectedPart(Box(2, 3, 2 + height, 3 + width), before, after, frozenset({3}), frozenset({4}))


def test_what_follows_from_a_correction_is_asked_with_what_was_said_and_answered_for_its_part(
    client: EngineClient,
    monkeypatch: pytest.MonkeyPatch,
    count_blocks: Callable[..., int],
    wait_for: Callable[..., None],
) -> None:
    kinds = _sent(monkeypatch)
    image, part = image_for(Command.LABEL, mark=51), _part(6, 7)
    client.predict(image, key="a").future.result(20)
    request = client.fuse_around(image, part, p.PredictOptions(), key="a")
    found = request.future.result(20)
    assert request.bundle == "fake"
    assert (found.box, found.result.shape) == (part.box, (6, 7))
    np.testing.assert_array_equal(found.is_new, ~part.after.is_said)
    assert found.joins.tolist() == [0, 3]
    assert found.result.scores[1] == pytest.approx(0.2)
    assert kinds == [p.Predict, p.FuseAround]
    del found
    wait_for(lambda: count_blocks() == 0)
    with pytest.raises(ValueError, match="needs the key"):
        client.fuse_around(image, part, p.PredictOptions(), key="")


def test_a_correction_of_an_image_not_predicted_yet_predicts_first(
    client: EngineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = _sent(monkeypatch)
    image = image_for(Command.LABEL, mark=255)
    for _ in range(2):
        assert client.fuse_around(image, _part(3, 4), p.PredictOptions(), key="new").future.result(20).box.area == 12
    assert kinds == [p.FuseAround, p.FuseAround, p.FuseAround]


def test_what_follows_survives_the_death_of_the_engine_and_can_be_cancelled(
    client: EngineClient, wait_for: Callable[..., None]
) -> None:
    image, slow = image_for(Command.LABEL, mark=9), image_for(Command.LABEL, time_s=0.5)
    client.wait_until_loaded()
    request = client.fuse_around(slow, _part(3, 4), p.PredictOptions(), key="slow")
    wait_for(lambda: client.state.kind == p.EngineKind.BUSY)
    assert client.pid is not None
    os.kill(client.pid, signal.SIGKILL)
    assert request.future.result(20).box.area == 12
    dropped = client.fuse_around(slow, _part(3, 4), p.PredictOptions(), key="slower")
    dropped.cancel()
    assert client.fuse_around(image, _part(3, 4), p.PredictOptions(), key="b").future.result(20).box.area == 12


def test_short_memory_around_a_correction_lets_go_of_other_images_first(runner: Runner, said: list[str]) -> None:
    image, options = image_for(Command.LABEL), p.PredictOptions()
    runner.predict(image, options, said.append, lambda _: None, key="other")
    assert runner.fuse_around(image, "memory", _part(3, 4), options, said.append, lambda _: None) is not None
    assert said == ["not enough memory on fake:0: letting go of the images seen before"]
    assert runner.fuse_around(None, "unknown", _part(3, 4), options, said.append, lambda _: None) is None


def test_facts_of_a_correction_survive_their_way() -> None:
    part = _part(3, 4)
    arrays, facts = part_to_arrays(part)
    message = p.FuseAround(4, p.BlockSpec(1, 2, ()), "key", facts, p.PredictOptions(), 1)
    assert codec.decode(codec.encode(message)) == message
    again = part_from_arrays(arrays, facts)
    assert (again.box, again.denied, again.widened) == (part.box, part.denied, part.widened)
    for ours, theirs in ((again.before, part.before), (again.after, part.after)):
        assert ours.categories == theirs.categories
        assert ours.ids is theirs.ids
        assert ours.is_said is theirs.is_said
    answer = p.Followed(4, p.BlockSpec(1, 2, ()), facts.box, {"fusion": 1.0}, "fake", "cpu")
    assert codec.decode(codec.encode(answer)) == answer


@pytest.mark.parametrize(
    "change",
    [
        {"is_new": np.zeros((4, 3), bool)},
        {"is_new": np.zeros((3, 4), np.uint8)},
        {"joins": np.zeros(3, np.int64)},
        {"ids": np.full((3, 4), 9, np.int32)},
        {"ids": np.full((3, 4), -1, np.int32)},
    ],
)
def test_consequences_that_make_no_sense_are_refused(change: dict[str, np.ndarray]) -> None:
    result = PanopticResult(np.ones((3, 4), np.int32), np.array([255, 2]), np.ones(2, np.float32), np.zeros(2, bool))
    found = Consequences(Box(0, 0, 3, 4), result, np.ones((3, 4), bool), np.array([0, 7]))
    arrays = consequences_to_arrays(found)
    assert consequences_from_arrays(arrays, (0, 0, 3, 4), {}).joins.tolist() == [0, 7]
    with pytest.raises(ValueError, match="consequences"):
        consequences_from_arrays({**arrays, **change}, (0, 0, 3, 4), {})
    with pytest.raises(ValueError, match="consequences"):
        consequences_from_arrays(arrays, (0, 0, 4, 4), {})
