"""Which images the list shows, in which order, and where "next" leads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.app.panels.image_model import ImageOrder, ImageQuery
from seamseg_studio.app.project.route import Route
from seamseg_studio.engine.project import ImageRecord, Status

NAMES = {str(status): str(status) for status in Status}


def record(image_id: int, name: str, status: Status, note: str = "", uncertainty: float | None = None) -> ImageRecord:
    return ImageRecord(image_id, f"/photos/{name}", name, 10, 20, "", status, note, False, 0, uncertainty=uncertainty)


RECORDS = [
    record(1, "b.jpg", Status.NEW),
    record(2, "A.jpg", Status.ACCEPTED, uncertainty=0.2),
    record(3, "c.jpg", Status.FLAGGED, "blurred on the left"),
    record(4, "a2.jpg", Status.PREDICTED, uncertainty=0.6),
]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (ImageQuery(), [1, 2, 3, 4]),
        (ImageQuery("a"), [2, 3, 4]),
        (ImageQuery("a jpg pred"), [4]),
        (ImageQuery("BLURRED"), [3]),
        (ImageQuery(statuses=frozenset({"new", "flagged"})), [1, 3]),
        (ImageQuery(among={2, 4}), [2, 4]),
        (ImageQuery(among=set()), []),
        (ImageQuery(order=ImageOrder.NAME), [2, 4, 1, 3]),
        (ImageQuery(order=ImageOrder.STATUS), [3, 4, 1, 2]),
        (ImageQuery(order=ImageOrder.UNCERTAINTY), [4, 2, 1, 3]),
        (ImageQuery("jpg", frozenset({"accepted"}), {2, 3}, ImageOrder.NAME), [2]),
    ],
)
def test_query(query: ImageQuery, ids: list[int]) -> None:
    assert [found.id for found in query.chosen(RECORDS, NAMES)] == ids


def test_route_stays_at_its_ends_and_begins_at_its_start() -> None:
    route = Route([7, 3, 5])
    assert [route.stepped(current, 1) for current in (7, 3, 5, 99, None)] == [3, 5, 5, 7, 7]
    assert [route.stepped(current, -1) for current in (7, 3)] == [7, 7]
    assert Route().stepped(1, 1) is None


@given(st.lists(st.integers(0, 30), unique=True, max_size=8), st.integers(0, 30), st.sets(st.integers(0, 30)))
def test_next_goes_round_once(ids: list[int], current: int, wanted: set[int]) -> None:
    found = Route(ids).next_where(current, lambda image_id: image_id in wanted)
    rest = [image_id for image_id in ids if image_id in wanted]
    assert (found is None) == (not rest)
    if found is not None and current in ids:
        turned = ids[ids.index(current) + 1 :] + ids[: ids.index(current) + 1]
        assert found == next(image_id for image_id in turned if image_id in wanted)
