"""What is kept for recurring keys, and when making it pays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.engine.inference.recurring import Recurring

MOST = 3


def run(keys: Sequence[int]) -> tuple[Recurring[int, str], list[int]]:
    """Uses keys one after the other, as predictions do; returns the keys for which something was made."""
    kept: Recurring[int, str] = Recurring(MOST)
    made: list[int] = []

    def make(key: int) -> str:
        made.append(key)
        return f"made for {key}"

    for key in keys:
        value = kept.use(key)
        if value is None and kept.is_worth(key):
            value = kept.keep(key, partial(make, key))
        assert value in (None, f"made for {key}")
        assert len(kept) <= MOST
    return kept, made


def test_what_comes_again_is_made_once() -> None:
    assert run([1] * 50)[1] == [1]
    assert run([1, 2] * 50)[1] == [1, 2]


def test_sizes_that_never_come_back_make_nothing() -> None:
    assert run(range(1000))[1] == []


def test_more_sizes_than_places_do_not_push_each_other_out() -> None:
    assert len(run([*range(8)] * 40)[1]) == MOST


def test_another_folder_takes_the_places_of_the_last() -> None:
    kept, made = run([1, 2, 3] * 10 + [4, 5, 6] * 20)
    assert made == [1, 2, 3, 4, 5, 6]
    assert [kept.use(key) for key in (4, 5, 6)] == ["made for 4", "made for 5", "made for 6"]


def test_values_can_be_let_go() -> None:
    kept, _ = run([1, 2, 3] * 3)
    kept.drop(lambda key: key == 2)
    assert len(kept) == 2
    assert kept.use(2) is None
    assert kept.clear()
    assert not kept.clear()
    assert len(kept) == 0


def test_without_a_place_nothing_is_worth_making() -> None:
    kept: Recurring[int, str] = Recurring(0)
    for _ in range(3):
        assert kept.use(1) is None
        assert not kept.is_worth(1)


@given(st.lists(st.integers(0, 6), max_size=200))
def test_whatever_comes_little_is_made(keys: list[int]) -> None:
    made = run(keys)[1]
    assert all(keys.count(key) >= 2 for key in made)
    assert len(made) <= len(keys) // 2
