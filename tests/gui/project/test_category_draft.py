"""A draft of categories becomes a taxonomy and says where the segments of each present category go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.app.project.category_draft import Draft
from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

TAXONOMY = Taxonomy(
    "street",
    (
        Category("road", Kind.STUFF, (1, 1, 1)),
        Category("sky", Kind.STUFF, (2, 2, 2)),
        Category("car", Kind.THING, (3, 3, 3)),
        Category("van", Kind.THING, (4, 4, 4)),
    ),
)
STEPS = st.lists(st.tuples(st.sampled_from(["move", "kind", "remove", "add"]), st.integers(0, 5)), max_size=8)


def test_the_present_list_moves_nothing() -> None:
    draft = Draft.of(TAXONOMY)
    assert draft.taxonomy() == TAXONOMY
    assert draft.moves() == {0: 0, 1: 1, 2: 2, 3: 3}


def test_renamed_recoloured_and_made_stuff() -> None:
    draft = Draft.of(TAXONOMY).with_line(2, name="vehicle", color=(9, 9, 9)).with_line(3, is_thing=False)
    assert [category.name for category in draft.taxonomy().categories] == ["road", "sky", "van", "vehicle"]
    assert draft.moves() == {0: 0, 1: 1, 2: 3, 3: 2}


def test_removed_goes_where_it_was_sent_also_after_a_rename() -> None:
    draft = Draft.of(TAXONOMY).removed(3).with_line(3, goes_to="car").with_line(2, name="vehicle")
    assert draft.moves() == {0: 0, 1: 1, 2: 2, 3: 2}
    assert Draft.of(TAXONOMY).removed(3).moves()[3] is None
    assert Draft.of(TAXONOMY).removed(3).removed(3) == Draft.of(TAXONOMY)
    sent_to_a_gone_one = Draft.of(TAXONOMY).removed(3).with_line(3, goes_to="car").removed(2)
    assert sent_to_a_gone_one.moves() == {0: 0, 1: 1, 2: None, 3: None}


def test_new_names_are_free_and_names_must_differ() -> None:
    draft = Draft.of(TAXONOMY).added("car").added("car")
    assert [line.name for line in draft.lines[-2:]] == ["car 2", "car 3"]
    assert len(draft.removed(5).lines) == 5
    for name in ("", "road"):
        with pytest.raises(SeamsegError):
            Draft.of(TAXONOMY).with_line(2, name=name).taxonomy()


def test_import_keeps_labels_of_the_same_name() -> None:
    other = Taxonomy("x", (Category("sky", Kind.STUFF, (7, 7, 7)), Category("bird", Kind.THING, (8, 8, 8))))
    draft = Draft.of(TAXONOMY).imported(other)
    assert draft.taxonomy() == other
    assert draft.moves() == {0: None, 1: 0, 2: None, 3: None}


@given(STEPS)
def test_any_sequence_gives_a_complete_plan(steps: list[tuple[str, int]]) -> None:
    draft = Draft.of(TAXONOMY)
    for step, place in steps:
        place = min(place, len(draft.lines) - 1)
        if step == "move":
            draft = draft.moved(place, 1)
        elif step == "kind":
            draft = draft.with_line(place, is_thing=not draft.lines[place].is_thing)
        elif step == "remove":
            draft = draft.removed(place)
        else:
            draft = draft.added("new")
    assert set(draft.moves()) == {0, 1, 2, 3}
    if draft.kept:
        taxonomy = draft.taxonomy()
        assert all(goal is None or 0 <= goal < len(taxonomy) for goal in draft.moves().values())
