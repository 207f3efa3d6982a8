"""Prompts through the engine's process: the pixels go over once, and trouble on the way is answered."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import fake_engine
import numpy as np
import pytest
from fake_engine import Command, image_for

from seamseg_studio.engine.service import protocol as p
from seamseg_studio.engine.service.client import EngineClient
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.protocol import BoxPrompt, ClickPrompt, PackedMask, StrokesPrompt
from seamseg_studio.engine.service.runner import Runner

BOX = BoxPrompt(3, 4, 9, 9)


def _sent(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """The kinds of the messages that carry requests, as they are sent."""
    kinds: list[type] = []
    send = p.encode

    def note(message: p.Message) -> bytes:
        if isinstance(message, p.Ask | p.Show | p.Predict):
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
        assert p.decode(p.encode(message)) == message
    answer = p.PromptAnswer(mask, (p.CategoryScore(1, 0.5),), 0.5, 1, 2)
    assert p.decode(p.encode(p.Prompted(7, answer, "fake", "cpu"))) == p.Prompted(7, answer, "fake", "cpu")


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
