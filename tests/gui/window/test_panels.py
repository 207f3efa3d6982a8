"""The lists beside the canvas: they show the map, and clicking in them changes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from gui_fake_engine import CAR, PERSON, ROAD, SKY
from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QAbstractItemView
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.panels.history import HistoryModel
from seamseg_studio.app.panels.image_model import ImageOrder
from seamseg_studio.app.panels.rows import Role
from seamseg_studio.app.panels.segment_rows import Grouping, Order, rows_of
from seamseg_studio.app.studio import Studio
from seamseg_studio.engine.project import Project


def texts(view: QAbstractItemView) -> list[str]:
    model = view.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def row_of(view: QAbstractItemView, text: str) -> QModelIndex:
    return view.model().index(texts(view).index(text), 0)


def click(qtbot: QtBot, view: QAbstractItemView, index: QModelIndex, place: QPoint | None = None) -> None:
    view.scrollTo(index)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place or view.visualRect(index).center())


def test_segments_are_listed_by_area_category_and_score(labelled: Document, window: MainWindow) -> None:
    assert texts(window.segments.view) == ["sky", "road", "car 1", "person 1"]
    window.segments.set_order(Order.SCORE)
    assert texts(window.segments.view) == ["person 1", "sky", "road", "car 1"]
    window.segments.set_order(Order.CATEGORY)
    assert texts(window.segments.view) == ["road", "sky", "car 1", "person 1"]
    assert [row.origin for row in rows_of(labelled.map, labelled.taxonomy, Order.AREA)] == ["model"] * 4


def test_selection_goes_both_ways(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    view = window.segments.view
    click(qtbot, view, row_of(view, "car 1"))
    assert labelled.selection == {CAR}
    index = row_of(view, "person 1")
    qtbot.mouseClick(
        view.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ControlModifier,
        view.visualRect(index).center(),
    )
    assert labelled.selection == {CAR, PERSON}
    labelled.set_selection({SKY})
    assert [index.data() for index in view.selectedIndexes()] == ["sky"]
    labelled.set_selection(())
    assert view.selectedIndexes() == []


def switch_place(window: MainWindow, index: QModelIndex, name: str) -> QPoint:
    view = window.segments.view
    rects = window.segments.delegate.switch_rects(view.visualRect(index), index, QFontMetrics(view.font()))
    rect: QRect = rects[name]
    return rect.center()


def test_lock_and_hide_by_the_small_switches(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    view = window.segments.view
    index = row_of(view, "road")
    click(qtbot, view, index, switch_place(window, index, "lock"))
    assert labelled.map.segments[ROAD].locked
    assert labelled.selection == frozenset()
    click(qtbot, view, index, switch_place(window, index, "hide"))
    assert window.canvas is not None
    assert window.canvas.hidden_segments == {ROAD}
    qtbot.waitUntil(lambda: bool(row_of(view, "road").data(Role.FADED)))
    click(qtbot, view, index, switch_place(window, index, "hide"))
    assert window.canvas.hidden_segments == frozenset()


def test_edits_show_up_soon(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    labelled.delete([CAR])
    qtbot.waitUntil(lambda: "car 1" not in texts(window.segments.view))
    qtbot.waitUntil(lambda: row_of(window.categories.view, "car").data(Role.DETAIL) == "")
    labelled.undo()
    qtbot.waitUntil(lambda: row_of(window.categories.view, "car").data(Role.DETAIL) == "1")
    assert "car 1" in texts(window.segments.view)


def test_category_shares_digits_and_choice(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    view = window.categories.view
    assert texts(view) == ["road", "sky", "car", "person"]
    road = row_of(view, "road")
    share = 100 * labelled.map.area(ROAD) / labelled.map.ids.size
    assert road.data(Role.DETAIL) == f"{share:.0f} %"
    assert [row_of(view, name).data(Role.KEY) for name in ("road", "person")] == ["1", "4"]
    labelled.set_selection({CAR})
    click(qtbot, view, row_of(view, "sky"))
    assert labelled.current_category == 1
    assert labelled.map.segments[CAR].category == 2  # choosing is not relabelling
    click(qtbot, view, row_of(view, "person"))
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(row_of(view, "person")).center())
    assert labelled.map.segments[CAR].category == 3


def test_hidden_and_locked_categories_are_marked_and_switched_in_the_list(
    labelled: Document, window: MainWindow, qtbot: QtBot
) -> None:
    view, canvas = window.categories.view, window.canvas
    assert canvas is not None
    index = row_of(view, "car")
    places = window.categories.delegate.switch_rects(view.visualRect(index), index, QFontMetrics(view.font()))
    click(qtbot, view, index, places["hide"].center())
    assert canvas.hidden_categories == {2}
    assert row_of(view, "car").data(Role.FADED)
    click(qtbot, view, index, places["lock"].center())
    assert labelled.policy.protected_categories == {2}
    assert "hidden" in str(index.data(Qt.ItemDataRole.AccessibleTextRole))
    assert "locked" in str(index.data(Qt.ItemDataRole.AccessibleTextRole))
    assert labelled.current_category != 2, "a switch chooses nothing"
    menu = window.categories.context_menu(2, "car")
    for action in menu.actions():
        if action.isCheckable():
            assert action.isChecked()
            action.trigger()
    menu.deleteLater()
    assert canvas.hidden_categories == frozenset()
    assert labelled.policy.protected_categories == frozenset()
    assert not any(switch.is_on for switch in row_of(view, "car").data(Role.SWITCHES))


def test_a_digit_can_be_given_to_another_category(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    menu = window.categories.context_menu(3, "person")
    digits = menu.actions()[1].menu()
    assert digits is not None
    digits.actions()[0].trigger()
    menu.deleteLater()
    assert window.categories.category_of_digit(1) == 3
    assert window.categories.category_of_digit(4) is None
    labelled.set_selection({CAR})
    qtbot.keyClick(window, Qt.Key.Key_1)
    assert labelled.map.segments[CAR].category == 3
    assert studio.session.project is not None
    assert studio.session.project.setting("digits") == window.categories._digits


def test_status_bar_names_what_is_under_the_pointer(labelled: Document, window: MainWindow) -> None:
    y, x = labelled.map.bbox(CAR)[:2]
    window.status.show_pointer(labelled, y, x, CAR)
    assert window.status.pointer.text() == f"car 0.95 · ({x}, {y}) · 2nd choice sky"
    labelled.relabel([CAR], 3)
    assert window.status.saved.text().startswith("Saved")


def test_history_goes_back_and_forward(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    labelled.relabel([CAR], 3)
    labelled.delete([PERSON])
    window.show_panel("history")
    view = window.history.view
    qtbot.waitUntil(lambda: view.model().rowCount() == 3)
    click(qtbot, view, view.model().index(0, 0))
    assert labelled.map.segments[CAR].category == 2
    assert PERSON in labelled.map.segments
    click(qtbot, view, view.model().index(2, 0))
    assert PERSON not in labelled.map.segments
    click(qtbot, view, view.model().index(1, 0))
    assert labelled.map.segments[CAR].category == 3
    assert PERSON in labelled.map.segments


def test_history_asks_neither_the_disk_nor_python_for_each_line(
    labelled: Document, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.show_panel("history")
    view = window.history.view
    model = window.history._model
    model.set_history([f"paint {number}" for number in range(10_000)], 10_000)
    asked: list[int] = []
    data = HistoryModel.data
    monkeypatch.setattr(HistoryModel, "data", lambda *args: asked.append(args[1].row()) or data(*args))
    monkeypatch.setattr(Project, "history", lambda *_: pytest.fail("read from the disk"))
    view.setCurrentIndex(model.index(10_000))
    view.scrollTo(model.index(10_000))
    view.viewport().repaint()
    assert max(asked) == 10_000
    assert min(asked) > 9_800  # of the others only the first may be asked about its size
    labelled.relabel([CAR], 3)
    assert model.rowCount() == 2


def test_history_by_keyboard(labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    labelled.relabel([CAR], 3)
    window.show_panel("history")
    view = window.history.view
    qtbot.waitUntil(lambda: view.model().rowCount() == 2)
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Up)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert labelled.map.segments[CAR].category == 2
    assert studio.session.num_with_status("accepted") == 0


def test_accept_counts_and_flag_shows(labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: studio.session.document is not None and studio.session.document.record.name == "b.jpg")
    assert window.images.bar.summary.text() == "1 of 4 accepted"
    badge = row_of(window.images.view, "a.jpg").data(Role.BADGE)
    assert (badge.text, badge.tone) == ("accepted", "good")
    qtbot.keyClick(window, Qt.Key.Key_F)
    assert row_of(window.images.view, "b.jpg").data(Role.BADGE).text == "flagged"


@pytest.mark.parametrize("name", ["b.jpg", "d.png"])
def test_click_on_an_image_opens_it(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot, name: str, photos: Path
) -> None:
    click(qtbot, window.images.view, row_of(window.images.view, name))
    qtbot.waitUntil(lambda: studio.session.document is not None and studio.session.document.record.name == name)
    assert window.images.view.currentIndex().data() == name


def test_work_is_there_after_closing_and_opening(
    labelled: Document, window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot
) -> None:
    labelled.relabel([CAR], 3)
    studio.session.close_project()
    studio.session.open_paths([photos])
    qtbot.waitUntil(lambda: studio.session.document is not None, timeout=20_000)
    document = studio.session.document
    assert document is not None
    assert document.map.segments[CAR].category == 3
    assert document.undo()
    assert document.map.segments[CAR].category == 2


def test_segments_under_headings(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    panel, view = window.segments, window.segments.view
    panel.grouping_actions[Grouping.CATEGORY].trigger()
    assert texts(view) == ["sky  1", "road  1", "car  1", "person  1"]
    car = row_of(view, "car  1")
    click(qtbot, view, car)
    assert labelled.selection == {CAR}
    assert [index.data() for index in view.selectedIndexes()] == ["car 1"]
    view.collapse(car)
    labelled.relabel([PERSON], 2)
    qtbot.waitUntil(lambda: "car  2" in texts(view))
    assert not view.isExpanded(row_of(view, "car  2"))
    index = row_of(view, "car  2")
    labelled.set_selection(())
    click(qtbot, view, index, switch_place(window, index, "hide"))
    assert labelled.selection == frozenset(), "a switch selects nothing"
    assert window.canvas is not None
    assert window.canvas.hidden_segments == {CAR, PERSON}
    click(qtbot, view, index, switch_place(window, index, "lock"))
    assert labelled.map.segments[CAR].locked
    assert labelled.map.segments[PERSON].locked
    panel.grouping_actions[Grouping.ORIGIN].trigger()
    assert sorted(texts(view)) == ["by the model  3", "by you  1"]
    panel.grouping_actions[Grouping.STATE].trigger()  # car and person are locked
    assert sorted(texts(view)) == ["locked  2", "single and free to change  2"]
    labelled.set_locked([CAR, PERSON], False)
    labelled.set_crowd([PERSON], True)
    qtbot.waitUntil(lambda: sorted(texts(view)) == ["crowds  1", "single and free to change  3"])
    labelled.set_selection({ROAD, SKY})
    assert sorted(index.data() for index in view.selectedIndexes()) == ["road", "sky"]


def test_menu_of_segments_acts_on_all_selected(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    labelled.set_selection({CAR, PERSON})
    qtbot.waitUntil(window.actions_by_id["merge"].isEnabled)
    menu = window.segments.context_menu()
    next(action for action in menu.actions() if action.text() == "&Lock or unlock").trigger()
    assert labelled.map.segments[CAR].locked
    assert labelled.map.segments[PERSON].locked
    menu.deleteLater()


def test_images_filtered_by_status_and_category_and_sorted(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    panel, view = window.images, window.images.view
    panel.status_actions["predicted"].trigger()
    assert texts(view) == ["a.jpg"]
    assert panel.bar.summary.text() == "1 shown · 0 of 4 accepted"
    panel.clear_action.trigger()
    panel.category_menu.aboutToShow.emit()
    actions = {action.text(): action for action in panel.category_menu.actions()}
    actions["car"].trigger()
    assert texts(view) == ["a.jpg"]
    panel.clear_action.trigger()
    assert len(texts(view)) == 4
    qtbot.keyClicks(panel.filter, "D.PNG")
    qtbot.waitUntil(lambda: texts(view) == ["d.png"])
    qtbot.keyClick(panel.filter, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(texts(view)) == 4)
    panel.order_actions[ImageOrder.STATUS].trigger()
    assert texts(view) == ["a.jpg", "b.jpg", "c.jpg", "d.png"]


def test_next_follows_the_list_as_it_is_shown(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    qtbot.keyClicks(window.images.filter, "png")
    qtbot.waitUntil(lambda: texts(window.images.view) == ["d.png"])
    window.focus_canvas()
    qtbot.keyClick(window, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: studio.session.document is not None and studio.session.document.record.name == "d.png")
    qtbot.keyClick(window, Qt.Key.Key_Return)  # nothing shown is left: any other image that is not accepted
    qtbot.waitUntil(lambda: studio.session.document is not None and studio.session.document.record.name == "a.jpg")
