"""Pairs of customers that are probably one: by equal names, else by names that differ little."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from billing_core.queries.unmatched_customers import UnmatchedCustomer

ALIKE_MIN = 0.82
ASKED_MAX, COMPARED_MAX = 40, 2000
"""So many names are compared with so many for likeness, beyond them only equal ones are found: all take minutes."""
LEGAL_FORMS = re.compile(r"\b(inc|llc|ltd|limited|gmbh|ag|bv|sarl|sas|corp|co|company|plc|pty|oy|ab)\b")


def plain_name(name: str) -> str:
    """Return a name as it is compared: lower case, without legal form, spaces and signs."""
    return re.sub(r"[\W_]+", "", LEGAL_FORMS.sub("", name.casefold()))


def suggested(
    in_stripe: Sequence[UnmatchedCustomer], in_usage: Sequence[UnmatchedCustomer]
) -> dict[str, UnmatchedCustomer]:
    """Return for Stripe's customers, by their ids, whom they probably are in usage; each of usage's at most once."""
    free: dict[str, UnmatchedCustomer] = {}
    for each in in_usage:
        free.setdefault(plain_name(each.name), each)
    free.pop("", None)
    found: dict[str, UnmatchedCustomer] = {}
    for each in in_stripe:
        _take(each, plain_name(each.own_id or ""), free, found)
        _take(each, plain_name(each.name), free, found)
    if len(free) <= COMPARED_MAX:
        asked = [each for each in in_stripe if each.stripe_customer_id not in found]
        for each in asked[:ASKED_MAX]:
            close = get_close_matches(plain_name(each.name), free, n=1, cutoff=ALIKE_MIN)
            _take(each, close[0] if close else "", free, found)
    return found


def _take(
    each: UnmatchedCustomer, name: str, free: dict[str, UnmatchedCustomer], found: dict[str, UnmatchedCustomer]
) -> None:
    """Give a pair of this name away, if both are still free."""
    if each.stripe_customer_id is None or name not in free or each.stripe_customer_id in found:
        return
    found[each.stripe_customer_id] = free.pop(name)
