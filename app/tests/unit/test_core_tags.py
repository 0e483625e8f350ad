"""Tags, and the queries that find them."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipit.core import tags
from pipit.core.tags import Query, TagLimits, normalize, parse_query, spellings

words = st.from_regex(r"[a-z0-9]{2,8}", fullmatch=True)


@given(st.lists(st.text()))
def test_kept_tags_are_lower_case_sorted_and_within_the_limits(given_tags: list[str]) -> None:
    limits = TagLimits(2, 10, 4)
    try:
        kept = normalize(given_tags, limits)
    except ValueError:
        assert any(tag.strip().lower().startswith(tags.ALIAS) for tag in given_tags)
        return
    assert kept == sorted(set(kept))
    assert len(kept) <= 4
    assert all(2 <= len(tag) <= 10 and tag == tag.lower() == tag.strip() for tag in kept)
    assert normalize(kept, limits) == kept


@given(st.lists(words, unique=True, min_size=3, max_size=30))
def test_tags_beyond_the_limit_are_cut_from_the_end(given_tags: list[str]) -> None:
    assert normalize(given_tags, TagLimits(most=3)) == sorted(given_tags[:3])


@pytest.mark.parametrize(
    "alias", ["zoe", "Zoé1", "_zoe", "-zoe", "bad alias!", "a" * 25, "zo:e", "", "zoe\n"]
)
def test_an_alias_that_breaks_the_clients_rule_is_refused(alias: str) -> None:
    with pytest.raises(ValueError, match="alias"):
        normalize([f"alias:{alias}", f"alias:{alias}x" * 3], TagLimits())


@pytest.mark.parametrize("alias", ["zoey", "0abc", "a-b_c", "a" * 24, "ZOEY"])
def test_a_good_alias_is_kept(alias: str) -> None:
    assert normalize([f"alias:{alias}"], TagLimits()) == [f"alias:{alias.lower()}"]


def test_one_alias_is_enough() -> None:
    with pytest.raises(ValueError, match="2 aliases"):
        normalize(["alias:zoey", "cats", "alias:zoe2"], TagLimits())


@given(st.text())
def test_any_query_is_understood(text: str) -> None:
    query = parse_query(text)
    assert all(query.every)
    assert query.tags == query.some.union(*query.every)


@given(st.lists(words, max_size=4), st.lists(st.lists(words, min_size=2, max_size=3), max_size=2))
def test_spaces_mean_and_commas_mean_or(every: list[str], some: Sequence[Sequence[str]]) -> None:
    query = parse_query(" ".join([*every, *(", ".join(group) for group in some)]))
    wanted_some = {word for group in some for word in group}
    one_of = {next(iter(wanted_some))} if wanted_some else set()
    assert query.matches(frozenset({*every, *one_of}))
    assert query.matches(frozenset({*every, *one_of, "more"}))
    for word in set(every) - wanted_some:
        assert not query.matches(frozenset({*every, *wanted_some} - {word}))
    if wanted_some - set(every):
        assert not query.matches(frozenset(every) - wanted_some)


@given(st.text())
def test_a_tag_without_spaces_and_commas_finds_its_holder(tag: str) -> None:
    for kept in normalize(
        [tag] if not tag.strip().lower().startswith(tags.ALIAS) else [], TagLimits()
    ):
        if len(kept.split()) == 1 and "," not in kept:
            assert parse_query(kept).matches(frozenset({kept}))


@pytest.mark.parametrize(
    ("word", "tag"),
    [
        ("zoey", "alias:zoey"),
        ("alice", "basic:alice"),
        ("alice@example.com", "email:alice@example.com"),
        ("+1(702)555-0001", "tel:+17025550001"),
        ("email:alice@example.com", "email:alice@example.com"),
    ],
)
def test_a_bare_word_is_looked_up_as_what_it_looks_like(word: str, tag: str) -> None:
    assert {word, tag} <= spellings(word)
    assert parse_query(word.upper()).matches(frozenset({tag}))


def test_a_word_with_a_namespace_is_no_other() -> None:
    assert spellings("basic:alice") == {"basic:alice"}


def test_nothing_asked_names_no_tags() -> None:
    assert parse_query(" , ,") == Query()
    assert not Query().tags


@given(st.lists(words))
def test_only_the_servers_own_tags_are_reserved(some: list[str]) -> None:
    mine = [f"basic:{word}" for word in some]
    assert tags.reserved([*some, *mine]) == set(mine)
