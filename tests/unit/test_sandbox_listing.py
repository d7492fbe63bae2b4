"""The sandbox's lists: newest first, page by page in both directions, filtered with both bounds where they say so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.stripe.sandbox.errors import StripeRefusal
from ingestion.stripe.sandbox.listing import nested, page

pytestmark = [pytest.mark.unit, pytest.mark.property]

URL = "/v1/things"


def things(count):
    """Return things by age, created one second apart from second 1 on."""
    return [{"id": f"t_{number}", "created": number, "owner": f"o_{number % 2}"} for number in range(1, count + 1)]


def ids(listed):
    return [each["id"] for each in listed["data"]]


def test_a_list_shows_the_ten_newest_unless_it_is_asked_for_more():
    shown = page(things(11), {}, URL)

    assert ids(shown) == [f"t_{number}" for number in range(11, 1, -1)]
    assert (shown["has_more"], shown["url"], shown["object"]) == (True, URL, "list")


def test_a_list_that_fits_has_no_more():
    assert page(things(10), {}, URL)["has_more"] is False


def test_starting_after_goes_on_with_what_is_older():
    assert ids(page(things(5), {"starting_after": "t_3"}, URL)) == ["t_2", "t_1"]


def test_ending_before_shows_what_is_just_newer_still_newest_first():
    shown = page(things(5), {"ending_before": "t_1", "limit": 2}, URL)

    assert (ids(shown), shown["has_more"]) == (["t_3", "t_2"], True)


@pytest.mark.parametrize(
    ("created", "found"),
    [
        (3, ["t_3"]),
        ({"gte": 3}, ["t_5", "t_4", "t_3"]),
        ({"gt": 3}, ["t_5", "t_4"]),
        ({"lte": 2}, ["t_2", "t_1"]),
        ({"lt": 2}, ["t_1"]),
        ({"gte": 2, "lt": 4}, ["t_3", "t_2"]),
        ({"gt": 5}, []),
    ],
)
def test_created_is_compared_as_it_is_asked(created, found):
    assert ids(page(things(5), {"created": created}, URL)) == found


def test_an_equality_filter_also_finds_an_expanded_owner():
    rows = [*things(2), {"id": "t_9", "created": 9, "owner": {"id": "o_1"}}]

    assert ids(page(rows, {"owner": "o_1"}, URL, equal=("owner",))) == ["t_9", "t_1"]


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_limit_outside_1_to_100_is_refused(limit):
    with pytest.raises(StripeRefusal, match="between 1 and 100"):
        page(things(1), {"limit": limit}, URL)


def test_a_place_that_is_not_in_the_list_is_refused():
    with pytest.raises(StripeRefusal, match="No such object: 't_9'") as caught:
        page(things(3), {"starting_after": "t_9"}, URL)

    assert (caught.value.status, caught.value.error["param"]) == (400, "starting_after")


def test_two_directions_at_once_are_refused():
    with pytest.raises(StripeRefusal, match="both starting_after and ending_before"):
        page(things(3), {"starting_after": "t_1", "ending_before": "t_2"}, URL)


def test_a_list_inside_another_object_stops_at_ten():
    assert (len(nested(things(11), URL)["data"]), nested(things(11), URL)["has_more"]) == (10, True)


@settings(deadline=None)
@given(count=st.integers(0, 40), limit=st.integers(1, 100))
def test_the_pages_together_are_the_whole_list_once(count, limit):
    seen, params = [], {"limit": limit}
    while True:
        shown = page(things(count), params, URL)
        seen += ids(shown)
        if not shown["has_more"]:
            break
        params = {"limit": limit, "starting_after": seen[-1]}

    assert seen == [each["id"] for each in reversed(things(count))]


@settings(deadline=None)
@given(count=st.integers(1, 40), limit=st.integers(1, 100))
def test_going_backwards_from_the_oldest_sees_everything_newer_once(count, limit):
    seen, params = [], {"limit": limit, "ending_before": "t_1"}
    while True:
        shown = page(things(count), params, URL)
        seen = ids(shown) + seen
        if not shown["has_more"]:
            break
        params = {"limit": limit, "ending_before": seen[0]}

    assert seen == [each["id"] for each in reversed(things(count)[1:])]
