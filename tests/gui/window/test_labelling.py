"""The model's answers in the window: the open image, the whole folder, and human work that always wins."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from gui_fake_engine import CAR, HEIGHT, SCALE_VARIABLE, WIDTH
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.label_folder import Outcome, Pace, duration_text
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.messages import Level, Message
from seamseg_studio.engine.scene.panoptic_map import Origin
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy
from seamseg_studio.engine.service.protocol import EngineKind


@pytest.fixture
def messages(studio: Studio) -> list[Message]:
    heard: list[Message] = []
    studio.session.message_posted.connect(heard.append)
    return heard


def test_image_without_labels_is_labelled_when_opened(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    assert {segment.origin for segment in labelled.map.segments.values()} == {Origin.MODEL}
    record = studio.session.record(labelled.record.id)
    assert record is not None
    assert record.status == "predicted"
    assert window.chips.model.text().endswith("starter")
    qtbot.waitUntil(lambda: window.chips.engine.text() == "CPU · ready")
    assert [category.name for category in labelled.taxonomy.categories] == ["road", "sky", "car", "person"]


def test_prediction_for_an_edited_image_is_offered_only(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    labelled.relabel([CAR], 3)
    y, x = labelled.map.bbox(CAR)[:2]
    before = labelled.map.ids.copy()

    def category() -> int:
        return labelled.map.segments[labelled.segment_at(y, x)].category

    with qtbot.waitSignal(labelled.prediction_offered, timeout=20_000):
        studio.labelling.label_open_image()
    assert category() == 3
    assert np.array_equal(labelled.map.ids, before)
    card = window.cards.cards[0]
    assert card.message.level is Level.OFFER
    keep = card.buttons[1]
    qtbot.mouseClick(keep, Qt.MouseButton.LeftButton)
    assert category() == 3
    with qtbot.waitSignal(labelled.prediction_offered, timeout=20_000):
        studio.labelling.label_open_image()
    with qtbot.waitSignal(labelled.history_changed, timeout=20_000):
        qtbot.mouseClick(window.cards.cards[0].buttons[0], Qt.MouseButton.LeftButton)
    assert category() == 2
    assert [card for card in window.cards.cards if card.message.level is Level.OFFER] == []
    labelled.undo()
    assert category() == 3


def test_answer_for_an_image_left_meanwhile_changes_nothing_there(
    labelled: Document, studio: Studio, qtbot: QtBot, hold: Path
) -> None:
    hold.touch()
    studio.session.step(1)
    qtbot.waitUntil(lambda: studio.labelling.is_labelling_open_image, timeout=20_000)
    studio.session.step(-1)
    qtbot.waitUntil(lambda: studio.session.document is not None and studio.session.document.record.name == "a.jpg")
    hold.unlink()
    assert not studio.labelling.is_labelling_open_image
    assert studio.session.document is not None
    assert len(studio.session.document.map.segments) == 4


def test_all_images_with_progress_and_a_bad_one(
    labelled: Document, window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot, messages: list[Message]
) -> None:
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[0, 0] = (255, 0, 255)
    Image.fromarray(pixels).save(photos / "d.png")
    (photos / "c.jpg").write_bytes((photos / "c.jpg").read_bytes()[:200])
    seen: list[tuple[int, int]] = []
    studio.labelling.label_all()
    job = studio.labelling.folder_job
    assert job is not None
    job.progressed.connect(lambda progress: seen.append((progress.done, progress.total)))
    with qtbot.waitSignal(job.succeeded, timeout=20_000) as done:
        pass
    outcome: Outcome = done.args[0]
    assert outcome.num_labelled == 1
    assert sorted(seen) == seen
    assert seen[-1] == (3, 3)
    assert "c.jpg" in " ".join(outcome.problems)
    assert "d.png" in " ".join(outcome.problems)
    assert messages[-1].level is Level.WARNING
    statuses = {record.name: record.status.value for record in studio.session.records}
    assert statuses == {"a.jpg": "predicted", "b.jpg": "predicted", "c.jpg": "new", "d.png": "new"}
    assert not window.status.jobs.isVisible()


def test_the_model_looks_at_the_size_that_is_preferred(
    labelled: Document, studio: Studio, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "scale"
    monkeypatch.setenv(SCALE_VARIABLE, str(told))
    studio.engine.restart()
    studio.change_preferences(input_scale=2.0)
    studio.labelling.label_open_image()
    qtbot.waitUntil(lambda: told.exists() and told.read_text() == "2.0")
    qtbot.waitUntil(lambda: not studio.labelling.is_labelling_open_image)


def test_pause_and_cancel_from_the_status_bar(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot, hold: Path
) -> None:
    hold.touch()
    studio.labelling.label_all()
    line = window.status.jobs
    qtbot.waitUntil(line.isVisible)
    assert line.title.text() == "Labelling 0 / 3"
    qtbot.mouseClick(line.pause_button, Qt.MouseButton.LeftButton)
    assert line.detail.text() == "paused"
    qtbot.mouseClick(line.pause_button, Qt.MouseButton.LeftButton)
    assert line.detail.text() == ""
    qtbot.mouseClick(line.cancel_button, Qt.MouseButton.LeftButton)
    assert studio.labelling.folder_job is None
    assert not line.isVisible()
    hold.unlink()
    assert len(studio.labelling.unlabelled()) == 3


def test_edit_during_folder_labelling_wins(labelled: Document, studio: Studio, qtbot: QtBot, hold: Path) -> None:
    hold.touch()
    studio.session.step(1)
    qtbot.waitUntil(lambda: studio.session.document is not None and studio.session.document.record.name == "b.jpg")
    document = studio.session.document
    assert document is not None
    studio.labelling.label_all()
    document.set_current_category(2)
    document.begin_stroke()
    document.stroke_to(10, 10, 5)
    document.finish_stroke()
    painted = document.map.ids.copy()
    hold.unlink()
    qtbot.waitUntil(lambda: studio.labelling.folder_job is None, timeout=20_000)
    qtbot.waitUntil(lambda: not studio.labelling.is_labelling_open_image, timeout=20_000)
    assert np.array_equal(document.map.ids, painted)
    assert document.prediction is not None


def test_project_with_work_keeps_its_categories(
    labelled: Document, studio: Studio, qtbot: QtBot, messages: list[Message]
) -> None:
    with qtbot.waitSignal(studio.engine.model_changed, timeout=20_000):
        studio.load_model("other")
    assert studio.session.taxonomy is not None
    assert "tram" not in [category.name for category in studio.session.taxonomy.categories]
    assert any("tram" in message.text for message in messages)


def test_model_that_is_not_there_is_said_and_the_old_one_stays(
    labelled: Document, studio: Studio, qtbot: QtBot, messages: list[Message], tmp_path: Path
) -> None:
    studio.load_model(str(tmp_path / "nothing"))
    qtbot.waitUntil(lambda: bool(messages), timeout=20_000)
    assert messages[-1].level is Level.ERROR
    assert "nothing" in messages[-1].text
    assert studio.engine.model is not None
    assert studio.engine.model.name == "starter"
    assert studio.settings.model is None


def test_a_missing_gpu_is_told_with_what_can_be_done_in_the_window(
    labelled: Document, studio: Studio, qtbot: QtBot, messages: list[Message]
) -> None:
    studio.engine.configure("cuda:7", "auto")
    qtbot.waitUntil(lambda: studio.engine.state.kind is EngineKind.FAILED, timeout=20_000)
    studio.labelling.label_open_image()
    qtbot.waitUntil(lambda: not studio.labelling.is_labelling_open_image, timeout=20_000)
    assert any("Preferences > Engine > Device" in message.text for message in messages)
    assert not any("--" in message.text or "another model" in message.text for message in messages)
    assert "--" not in studio.engine.state.message
    studio.engine.configure("cpu", "auto")
    qtbot.waitUntil(lambda: studio.engine.state.kind == EngineKind.READY, timeout=20_000)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_engine_that_hangs_keeps_nobody_waiting_who_chooses_another_device(
    labelled: Document, studio: Studio, qtbot: QtBot
) -> None:
    former = studio.engine._client
    assert former is not None
    assert former.pid is not None
    os.kill(former.pid, signal.SIGSTOP)
    studio.engine.configure("cpu", "fp32")
    assert former.pid is not None, "the window waited until it was gone"
    assert not former.is_over
    kinds: list[EngineKind] = []
    studio.engine.state_changed.connect(lambda state: kinds.append(state.kind))
    qtbot.waitUntil(lambda: EngineKind.READY in kinds and former.is_over, timeout=20_000)
    qtbot.wait(0)  # what the former one had to say of its end has come
    assert EngineKind.STOPPED not in kinds, "that is what became of the former one"
    assert studio.engine.state.kind is EngineKind.READY


def test_what_another_device_interrupts_is_labelled_there(
    labelled: Document, studio: Studio, qtbot: QtBot, hold: Path
) -> None:
    before = labelled.prediction
    hold.touch()
    studio.labelling.label_open_image()
    studio.labelling.label_all()
    job = studio.labelling.folder_job
    assert job is not None
    qtbot.waitUntil(lambda: studio.engine.state.kind is EngineKind.BUSY, timeout=20_000)
    outcomes: list[Outcome] = []
    job.succeeded.connect(outcomes.append)
    studio.engine.configure("cpu", "fp32")
    hold.unlink()
    qtbot.waitUntil(lambda: bool(outcomes) and not studio.labelling.is_labelling_open_image, timeout=20_000)
    assert outcomes == [Outcome(3, ())], "none is lost"
    qtbot.waitUntil(lambda: labelled.prediction is not before)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.6, "1 min 0 s"), (75, "1 min 15 s"), (3700, "1 h 1 min"), (-3, "0 s")]
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_pace_is_that_of_the_last_ones() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    assert pace.per_second == 0
    for _ in range(100):
        now[0] += 0.5
        pace.tick()
    assert pace.per_second == pytest.approx(2)
    pace.restart()
    assert pace.per_second == 0


def test_engine_without_a_model_says_so_and_can_be_tried_again(
    window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot, messages: list[Message], tmp_path: Path
) -> None:
    bundle = tmp_path / "later"
    studio.engine._spec = str(bundle)
    studio.session.open_paths([photos])
    qtbot.waitUntil(lambda: any("later" in message.text for message in messages), timeout=20_000)
    assert window.chips.engine.text().endswith("failed")
    assert [card.message.key for card in window.cards.cards] == ["labelling", "project"]
    bundle.mkdir()
    qtbot.mouseClick(window.cards.cards[0].buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: studio.engine.model is not None, timeout=20_000)


def test_chips_offer_what_can_be_done(labelled: Document, window: MainWindow) -> None:
    for chip in (window.chips.project, window.chips.model, window.chips.engine):
        menu = chip.menu()
        assert menu is not None
        assert len(menu.actions()) >= 3


def test_no_image_is_labelled_by_itself_if_so_preferred(
    window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot
) -> None:
    studio.change_preferences(labels_by_itself=False)
    studio.session.open_paths([photos])
    qtbot.waitUntil(lambda: studio.session.document is not None, timeout=20_000)
    document = studio.session.document
    assert document is not None
    assert not studio.labelling.is_labelling_open_image
    assert not document.map.segments


def test_own_categories_of_new_projects_stay(
    window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    mine = Taxonomy("mine", (Category("road", Kind.STUFF, (1, 2, 3)), Category("bird", Kind.THING, (4, 5, 6))))
    mine.save(tmp_path / "mine.json")
    studio.change_preferences(taxonomy=str(tmp_path / "mine.json"))
    studio.session.open_paths([photos])
    qtbot.waitUntil(lambda: bool(studio.session.document and studio.session.document.map.segments), timeout=20_000)
    assert studio.session.taxonomy == mine


@pytest.mark.parametrize("over_human_work", [False, True])
def test_labelling_again_keeps_human_work_unless_told_and_then_it_can_be_undone(
    labelled: Document, studio: Studio, qtbot: QtBot, over_human_work: bool
) -> None:
    y, x = labelled.map.bbox(CAR)[:2]
    labelled.relabel([CAR], 3)
    studio.labelling.label_all(again=True, over_human_work=over_human_work)
    assert studio.labelling.folder_job is not None
    qtbot.waitUntil(lambda: studio.labelling.folder_job is None, timeout=20_000)

    def category() -> int:
        return labelled.map.segments[labelled.segment_at(y, x)].category

    if over_human_work:
        qtbot.waitUntil(lambda: category() == 2, timeout=20_000)
        assert labelled.undo()
    assert category() == 3
    assert all(record.has_labels for record in studio.session.records)


def test_a_model_that_is_gone_leaves_a_way_to_the_starter(
    studio: Studio, photos: Path, tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    settings = Settings(tmp_path / "another.ini")
    settings.model = str(tmp_path / "nosuch")
    again = Studio(qapp, settings, factory="gui_fake_engine:load")
    other = MainWindow(again)
    qtbot.addWidget(other)
    other.show()
    try:
        again.session.open_paths([photos])
        qtbot.waitUntil(lambda: any("nosuch" in card.message.text for card in other.cards.cards), timeout=20_000)
        card = next(card for card in other.cards.cards if "nosuch" in card.message.text)
        qtbot.mouseClick(
            next(button for button in card.buttons if "starter" in button.text()), Qt.MouseButton.LeftButton
        )
        qtbot.waitUntil(lambda: again.engine.model is not None and again.engine.model.name == "starter", timeout=20_000)
        qtbot.waitUntil(lambda: settings.model is None)
    finally:
        again.close()
