"""Losses are counted once each, and images once each."""

from __future__ import annotations

from seamseg_studio.engine.formats.losses import Losses, merged


def test_an_image_counts_once_however_often_something_is_lost_in_it() -> None:
    losses = Losses()
    for _ in range(3):
        losses.add("crowd flags left out", "a", 2)
    losses.add("crowd flags left out", "b")
    losses.add("holes filled", "a", 0)
    assert losses.summary() == ["7 crowd flags left out in 2 images (a, b)"]


def test_many_images_are_named_by_the_first_three() -> None:
    losses = Losses()
    for name in "abcd":
        losses.add("holes filled", name)
    assert losses.summary() == ["4 holes filled in 4 images (a, b, c, ...)"]


def test_collections_add_up_exactly_beyond_what_is_listed() -> None:
    first, second = Losses(), Losses()
    for number in range(1500):
        first.add("holes filled", f"{number}")
    second.add("holes filled", "0", 5)
    second.add("crowd flags left out", "x")
    both = merged([first, second])
    assert both.totals == {"crowd flags left out": 1, "holes filled": 1505}
    assert both.num_images("holes filled") == 1500
    assert len(both.listed("holes filled")) == 1000


def test_what_is_listed_does_not_depend_on_the_order_in_which_images_finish() -> None:
    names = [f"{number:05}" for number in range(5000)]
    forward, backward = Losses(), Losses()
    for one, other in zip(names, reversed(names), strict=True):
        forward.add("holes filled", one)
        backward.add("holes filled", other)
    assert forward.to_json() == backward.to_json()
    assert [loss.image for loss in backward.listed("holes filled")] == names[:1000]
    assert forward.summary() == backward.summary()
