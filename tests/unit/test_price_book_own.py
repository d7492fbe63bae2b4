"""Own prices: which names and modes they hold for, from when to when, and which are refused."""

from datetime import UTC, datetime, timedelta

import pytest

from billing_core.errors import OwnPriceInvalidError
from billing_core.price_book import OwnVersion, UnpricedReason
from billing_core.pricing import Unpriced, price_usage
from billing_core.usage import PriceKey
from tests.small_book import small_book

pytestmark = pytest.mark.unit

JANUARY = datetime(2026, 1, 15, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def own(**changes) -> OwnVersion:
    facts = {"id": "own/1", "provider": "acme", "model": "big", "valid_from": JANUARY, "rates": {"input": 7}} | changes
    return OwnVersion(**facts)


def version_of(own_versions, key, at=JANUARY):
    """Say which price version holds, or which reason."""
    result = price_usage(small_book().with_own(own_versions), key, {"input": 1}, at=at)
    return result.reason if isinstance(result, Unpriced) else result.price_version


def test_an_own_price_holds_from_its_first_instant_until_its_end():
    version = own(valid_until=FEBRUARY)
    key = PriceKey("acme", "big")
    assert version_of([version], key, JANUARY - INSTANT) == "acme/big@undated"
    assert version_of([version], key, JANUARY) == "own/1"
    assert version_of([version], key, FEBRUARY - INSTANT) == "own/1"
    assert version_of([version], key, FEBRUARY) == "acme/big@undated"


def test_of_two_that_hold_the_later_start_wins_and_of_equals_the_later_entry():
    earlier = own(id="own/0", valid_from=JANUARY - timedelta(days=1))
    key = PriceKey("acme", "big")
    assert version_of([own(), earlier], key) == "own/1"
    assert version_of([own(), own(id="own/2")], key) == "own/2"


def test_when_the_later_one_ends_the_earlier_one_holds_again():
    earlier = own(id="own/0", valid_from=JANUARY - timedelta(days=1))
    key = PriceKey("acme", "big")
    assert version_of([earlier, own(valid_until=FEBRUARY)], key, FEBRUARY) == "own/0"


@pytest.mark.parametrize(
    ("model", "version"),
    [
        ("big", "own/1"),
        (" BIG", "own/1"),
        ("big-2025-05-01", "own/1"),
        ("open-big-20260101", "own/1"),
        ("small", "acme/small@undated"),
        ("big-2025-05-02", UnpricedReason.UNKNOWN_MODEL),
    ],
)
def test_an_own_price_holds_for_every_name_of_the_same_model(model, version):
    assert version_of([own()], PriceKey("acme", model)) == version


def test_an_own_price_for_an_alias_holds_for_the_alias_and_another_providers_does_not():
    assert version_of([own(model="big-latest")], PriceKey("acme", "big-latest")) == "own/1"
    assert version_of([own(provider="host")], PriceKey("acme", "big")) == "acme/big@undated"
    assert version_of([own(provider="host")], PriceKey("host", "big")) == "own/1"


def test_an_own_price_holds_for_its_mode_only():
    assert version_of([own()], PriceKey("acme", "big", batch=True)) == UnpricedReason.UNKNOWN_MODE
    assert version_of([own(mode="batch")], PriceKey("acme", "big", batch=True)) == "own/1"
    assert version_of([own(mode="batch")], PriceKey("acme", "big")) == "acme/big@undated"


def test_an_own_price_holds_in_every_region_or_in_its_own():
    assert version_of([own()], PriceKey("acme", "big", region="EU")) == "own/1"
    assert version_of([own(region="eu")], PriceKey("acme", "big", region="EU")) == "own/1"
    assert version_of([own(region="eu")], PriceKey("acme", "big", region="us")) == "acme/big@undated+regional"


def test_own_prices_can_be_added_to_a_book_that_has_some_and_leave_it_as_it_was():
    first = small_book().with_own([own()])
    second = first.with_own([own(id="own/2")])
    key = PriceKey("acme", "big")
    at = JANUARY + INSTANT
    assert price_usage(first, key, {"input": 1}, at=at).price_version == "own/1"
    assert price_usage(second, key, {"input": 1}, at=at).price_version == "own/2"
    assert len(second.versions) == len(small_book().versions) + 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": "acme/big@undated"}, "its id is taken"),
        ({"valid_from": datetime(2026, 1, 1)}, "its instants have no offset"),  # noqa: DTZ001  That is the point.
        ({"valid_until": datetime(2027, 1, 1)}, "its instants have no offset"),  # noqa: DTZ001  As above.
        ({"valid_until": JANUARY}, "it ends before it starts"),
        ({"tiers": ((0, {"input": 1}),)}, "its tiers do not ascend"),
        ({"tiers": ((9, {"input": 1}), (5, {"input": 1}))}, "its tiers do not ascend"),
        ({"tiers": ((5, {"input": 1}), (5, {"input": 1}))}, "its tiers do not ascend"),
        ({"rates": {}}, "it has no rates"),
        ({"tiers": ((5, {}),)}, "it has no rates"),
        ({"rates": {"inputs": 1}}, "'inputs' is no token class"),
        ({"rates": {"input": -1}}, "the rate of input is -1"),
        ({"rates": {"input": 1.5}}, "the rate of input is 1.5"),
        ({"rates": {"input": True}}, "the rate of input is True"),
        ({"rates": {"input": 10**10}}, "its rates are beyond any price"),
    ],
)
def test_an_own_price_that_cannot_be_used_is_refused(changes, problem):
    with pytest.raises(OwnPriceInvalidError, match=problem) as refusal:
        small_book().with_own([own(**changes)])
    assert refusal.value.version_id == changes.get("id", "own/1")
    assert refusal.value.problem.startswith(problem)


def test_the_dearest_own_price_that_int64_can_hold_is_taken():
    assert small_book().with_own([own(rates={"input": (2**63 - 1) // 10**9})]).versions[-1].bands[0].above == 0
    with pytest.raises(OwnPriceInvalidError):
        small_book().with_own([own(rates={"input": (2**63 - 1) // 10**9, "output": 1})])


def test_two_own_prices_of_one_id_are_refused():
    with pytest.raises(OwnPriceInvalidError, match="its id is taken"):
        small_book().with_own([own(), own()])


def test_a_tier_of_an_own_price_is_a_cliff_too():
    book = small_book().with_own([own(tiers=((100, {"input": 20}),))])
    at = JANUARY
    assert price_usage(book, PriceKey("acme", "big"), {"input": 100}, at=at).cost_pico_usd == 100 * 7
    assert price_usage(book, PriceKey("acme", "big"), {"input": 101}, at=at).cost_pico_usd == 101 * 20


def test_an_own_price_holds_however_its_mode_and_region_are_written():
    assert version_of([own(mode=" Batch")], PriceKey("acme", "big", batch=True)) == "own/1"
    assert version_of([own(mode="standard")], PriceKey("acme", "big")) == "own/1"
    assert version_of([own(region="US ")], PriceKey("acme", "big", region="us")) == "own/1"
