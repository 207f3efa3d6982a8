from __future__ import annotations

from pathlib import Path

import pytest

from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

from .strategies import TAXONOMY


def test_counts_and_look_ups() -> None:
    assert (len(TAXONOMY), TAXONOMY.num_stuff, TAXONOMY.num_things) == (5, 3, 2)
    assert TAXONOMY[TAXONOMY.index_of("car")].name == "car"
    assert [TAXONOMY.is_thing(i) for i in (-1, 0, 2, 3, 4, 5, 255)] == [False, False, False, True, True, False, False]
    assert TAXONOMY.is_stuff(2)
    assert not TAXONOMY.is_stuff(255)
    assert TAXONOMY.palette.tolist()[3] == [0, 0, 142]
    with pytest.raises(KeyError):
        TAXONOMY.index_of("cow")


def test_a_saved_taxonomy_is_read_back(tmp_path: Path) -> None:
    TAXONOMY.save(tmp_path / "t.json")
    assert Taxonomy.load(tmp_path / "t.json") == TAXONOMY


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        ((), "0 categories"),
        ((Category("a", Kind.THING, (0, 0, 0)), Category("b", Kind.STUFF, (0, 0, 0))), "after a thing"),
        ((Category("a", Kind.STUFF, (0, 0, 0)),) * 2, "twice"),
        ((Category("a", Kind.STUFF, (0, 0, 256)),), "colour of 'a'"),
        ((Category(" ", Kind.STUFF, (0, 0, 0)),), "no name"),
        (tuple(Category(str(i), Kind.STUFF, (0, 0, 0)) for i in range(256)), "256 categories"),
    ],
)
def test_unusable_taxonomies_say_why(categories: tuple[Category, ...], message: str) -> None:
    with pytest.raises(TaxonomyError, match=message):
        Taxonomy("t", categories)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "JSON object"),
        ("not json", "not a usable taxonomy"),
        ('{"categories": [3]}', "category 0 is not"),
        ('{"categories": [{"name": 3}]}', "category 0 has no name"),
        ('{"categories": [{"name": "a", "kind": "x", "color": [1, 2, 3]}]}', "kind of category 'a'"),
        ('{"categories": [{"name": "a", "kind": "stuff", "color": [1, 2.5, 3]}]}', "colour of category 'a'"),
    ],
)
def test_files_that_are_no_taxonomy_say_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(TaxonomyError, match=message) as caught:
        Taxonomy.load(path)
    assert "bad.json" in str(caught.value)
