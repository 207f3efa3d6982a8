"""Going on in smaller steps or on the CPU, and saying so."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace
from typing import Any

import fake_engine
import pytest
from fake_engine import Command, image_for

from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.protocol import PredictOptions
from seamseg_studio.engine.service.runner import Model, Runner, find_factory, is_out_of_memory, load_predictor


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def runner(said: list[str]) -> Runner:
    made = Runner(fake_engine.load, "auto", "auto")
    made.load(None, said.append)
    return made


def _predict(runner: Runner, command: Command, said: list[str]) -> Any:
    return runner.predict(image_for(command), PredictOptions(), said.append, lambda stage: None)


def test_an_ordinary_image_needs_no_words(runner: Runner, said: list[str]) -> None:
    assert _predict(runner, Command.LABEL, said).shape == (24, 32)
    assert said == []


def test_a_former_model_goes(said: list[str]) -> None:
    models: list[weakref.ref[object]] = []

    def load(*arguments: Any) -> Any:
        model: Any = fake_engine.load(*arguments)
        model.itself = model  # only the collector finds such a one
        models.append(weakref.ref(model))
        return model

    runner = Runner(load, "auto", "auto")
    for _ in range(3):
        runner.load(None, said.append)
    assert [model() is None for model in models] == [True, True, False]
    gc.unfreeze()


def test_an_acceleration_that_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAMSEG_ACCELERATION", "fast")
    with pytest.raises(InputError, match="SEAMSEG_ACCELERATION=fast: is none of auto, compiled, graph, eager"):
        load_predictor(None, "cpu", "auto")


@pytest.mark.parametrize("acceleration", ["auto", "eager"])
def test_the_environment_sets_the_acceleration(acceleration: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from seamseg_studio.engine.inference import predictor

    asked: dict[str, str] = {}
    monkeypatch.setattr(predictor, "load_model", lambda *_, **options: asked.update(options) or SimpleNamespace())
    monkeypatch.setattr("seamseg_studio.engine.service.predictor_model.PredictorModel", lambda made: made)
    if acceleration != "auto":
        monkeypatch.setenv("SEAMSEG_ACCELERATION", acceleration)
    load_predictor(None, "cpu", "auto")
    assert asked["acceleration"] == acceleration


@pytest.mark.parametrize(
    "text",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to",
        "could not create a primitive",
        "could not create a memory object",
    ],
)
def test_every_word_for_short_memory_is_known(text: str) -> None:
    assert is_out_of_memory(RuntimeError(text))
    assert not is_out_of_memory(ValueError(text))


def test_short_memory_while_a_model_is_loaded_is_a_sentence(said: list[str]) -> None:
    def fail(spec: str | None, device: str, precision: str) -> Model:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory")

    with pytest.raises(EngineError, match=r"not enough memory; close other programs$"):
        Runner(fail, "cpu", "auto").load(None, said.append)


def test_short_memory_is_answered_by_a_smaller_input(runner: Runner, said: list[str]) -> None:
    _predict(runner, Command.OUT_OF_MEMORY, said)
    assert said == ["not enough memory on fake:0: labelling it in 2 x 2 tiles"]


def test_before_that_what_is_kept_of_other_images_goes(runner: Runner, said: list[str]) -> None:
    runner.predict(image_for(Command.LABEL), PredictOptions(), said.append, lambda _: None, key="other")
    _predict(runner, Command.OUT_OF_MEMORY_WHILE_OTHERS_ARE_KEPT, said)
    assert said == ["not enough memory on fake:0: letting go of the images seen before"]


def test_then_by_the_cpu_for_this_image_only(runner: Runner, said: list[str]) -> None:
    _predict(runner, Command.OUT_OF_MEMORY_ON_DEVICE, said)
    assert [sentence.split(":")[-1] for sentence in said] == [
        " labelling it in 2 x 2 tiles",
        " labelling it in 4 x 4 tiles",
        " labelling this image on the CPU",
    ]
    assert runner.model.device == "fake:0"


def test_and_fails_with_a_sentence_if_that_is_not_enough(runner: Runner, said: list[str]) -> None:
    with pytest.raises(EngineError, match="not enough memory for 32 x 24 pixels"):
        _predict(runner, Command.OUT_OF_MEMORY_ALWAYS, said)
    assert runner.model.device == "fake:0"


def test_a_broken_driver_moves_everything_to_the_cpu(runner: Runner, said: list[str]) -> None:
    _predict(runner, Command.DRIVER_ERROR, said)
    assert said == ["fake:0 reports an error (CUDA error: unspecified launch failure): continuing on the CPU"]
    assert runner.model.device == "cpu"
    _predict(runner, Command.DRIVER_ERROR, said)
    assert len(said) == 1


def test_other_errors_pass(runner: Runner, said: list[str]) -> None:
    with pytest.raises(KeyError):
        _predict(runner, Command.RAISE, said)


def test_without_a_model_the_reason_is_told(said: list[str]) -> None:
    runner = Runner(fake_engine.load, "cpu", "auto")
    with pytest.raises(InputError, match="no such model"):
        runner.load("missing", said.append)
    with pytest.raises(EngineError, match=r"no model is loaded \(missing: no such model.*choose another"):
        _predict(runner, Command.LABEL, said)


def test_a_failed_load_keeps_the_former_model(runner: Runner, said: list[str]) -> None:
    with pytest.raises(InputError):
        runner.load("missing", said.append)
    assert runner.model.name == "fake"


def test_a_device_that_fails_at_loading_gives_way_to_the_cpu(said: list[str]) -> None:
    def load(spec: str | None, device: str, precision: str) -> Any:
        if device != "cpu":
            raise RuntimeError("CUDA error: no kernel image is available")
        return fake_engine.load(spec, device, precision)

    assert Runner(load, "cuda:0", "fp16").load(None, said.append).device == "cpu"
    assert said == ["the model could not be loaded on cuda:0 (RuntimeError: CUDA error: no kernel image is available): "
                    "using the CPU"]  # fmt: skip


def test_a_shared_runner_has_the_model(runner: Runner) -> None:
    assert runner.share().model is runner.model


def test_an_unknown_factory_is_a_sentence() -> None:
    for name in ("nowhere:load", "fake_engine:nothing", "fake_engine"):
        with pytest.raises(EngineError, match="the engine cannot load"):
            find_factory(name)


@pytest.mark.parametrize("command", [Command.DRIVER_ERROR, Command.OUT_OF_MEMORY_ON_DEVICE])
def test_a_model_whose_file_was_replaced_does_not_go_on_in_its_place(
    runner: Runner, said: list[str], command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE_FINGERPRINT", "another")
    with pytest.raises(EngineError, match="the model starter was replaced while it was in use; load it again"):
        _predict(runner, command, said)
    assert runner.model.device == "fake:0"
