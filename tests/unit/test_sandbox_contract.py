"""The contract refuses what Stripe would not know and what the stripe package would not understand, and it can fail."""

import json
from decimal import Decimal
from importlib.resources import files

import pytest
from stripe._object_classes import OBJECT_CLASSES

from ingestion.stripe.sandbox.contract import check_answer, check_error, check_object, json_number, read_request, routes
from ingestion.stripe.sandbox.contract_params import decode_form
from ingestion.stripe.sandbox.contract_responses import fields_of, object_class
from ingestion.stripe.sandbox.errors import StripeRefusal
from ingestion.stripe.sandbox.fixtures import fixture, published
from ingestion.stripe.sandbox.routes import handlers

pytestmark = pytest.mark.unit

KINDS = sorted(json.loads(files("ingestion.stripe.sandbox").joinpath("fixtures.json").read_text("utf-8")))
RETRIEVE_CUSTOMER = routes()["GET", "/v1/customers/{customer}"]
LIST_CUSTOMERS = routes()["GET", "/v1/customers"]


def problems_of(body):
    found: list[str] = []
    check_object(body, body.get("object", "?"), found)
    return found


def refused(method, path, *, query="", body=""):
    with pytest.raises(StripeRefusal) as caught:
        read_request(method, path, query, body)
    return caught.value.status, caught.value.error.get("code"), caught.value.error.get("param")


@pytest.mark.parametrize("kind", KINDS)
def test_the_body_with_which_an_object_begins_is_what_the_package_expects(kind):
    assert problems_of(fixture(kind)) == []


def test_stripes_own_examples_differ_from_the_pinned_version_in_two_known_places():
    differences = {kind: problems_of(published(kind)) for kind in KINDS}

    assert {kind: found for kind, found in differences.items() if found} == {
        "dispute": ["dispute.evidence_details.submission_method: is missing"],
        "invoice": ["invoice.subscription: Stripe has no such field"],
    }


def test_a_beginning_body_shares_nothing_with_the_next_one():
    fixture("customer")["metadata"]["plan"] = "pro"

    assert fixture("customer")["metadata"] == {}


def test_an_invented_field_is_found():
    assert problems_of(fixture("customer") | {"nickname": "Al"}) == ["customer.nickname: Stripe has no such field"]


def test_an_invented_field_inside_another_object_is_found():
    card = fixture("payment_method") | {"card": {**published("payment_method")["card"], "colour": "gold"}}

    assert problems_of(card) == ["payment_method.card.colour: Stripe has no such field"]


def test_a_missing_field_is_found():
    body = fixture("customer")
    del body["created"]

    assert problems_of(body) == ["customer.created: is missing"]


def test_null_where_nothing_may_be_null_is_found():
    assert problems_of(fixture("customer") | {"livemode": None}) == ["customer.livemode: is null"]


@pytest.mark.parametrize(
    ("field", "wrong", "said"),
    [
        ("created", "2026-01-01", "refund.created: expected int, not '2026-01-01'"),
        ("amount", True, "refund.amount: expected int, not True"),
        ("amount", 5.5, "refund.amount: expected int, not 5.5"),
        ("currency", 840, "refund.currency: expected str, not 840"),
        ("metadata", "none", "refund.metadata: expected an object, not 'none'"),
        ("object", "return", "return: Stripe knows no object 'return'"),
    ],
)
def test_a_value_of_a_wrong_type_is_found(field, wrong, said):
    assert problems_of(fixture("refund") | {field: wrong}) == [said]


def test_a_decimal_travels_as_text_and_as_nothing_else():
    assert problems_of(fixture("price") | {"unit_amount_decimal": "0.25"}) == []
    assert problems_of(fixture("price") | {"unit_amount_decimal": "cheap"}) != []
    assert problems_of(fixture("price") | {"unit_amount_decimal": 0.25}) != []


def test_an_expanded_object_is_checked_as_what_it_says_it_is():
    charge = fixture("charge") | {"customer": fixture("customer") | {"nickname": "Al"}}

    assert problems_of(charge) == ["charge.customer.nickname: Stripe has no such field"]


def test_an_expanded_object_of_another_kind_is_found():
    charge = fixture("charge") | {"customer": fixture("coupon")}

    assert problems_of(charge) == ["charge.customer: expected a customer, not a coupon"]


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("invoice", {"default_tax_rates": "none"}, "invoice.default_tax_rates: expected a list, not 'none'"),
        ("customer", {"address": "Main Street"}, "customer.address: expected an object, not 'Main Street'"),
        ("customer", {"discount": "10 %"}, "customer.discount: expected an object that names its kind in 'object'"),
        ("customer", {"tax_exempt": "maybe"}, None),
        ("product", {"type": "rent"}, None),
    ],
)
def test_what_stands_where_something_else_belongs_is_found_unless_the_package_leaves_the_values_open(
    kind, changes, said
):
    assert problems_of(fixture(kind) | changes) == ([] if said is None else [said])


def test_a_value_outside_a_closed_list_is_found():
    [found] = problems_of(fixture("dispute") | {"intended_submission_method": "by post"})

    assert found.startswith("dispute.intended_submission_method: 'by post' is none of 'manual', 'prefer_manual'")


def test_a_list_needs_its_envelope_and_every_item_is_checked():
    body = {"object": "list", "data": [fixture("customer") | {"nickname": "Al"}], "url": "/v1/customers"}

    assert problems_of(body) == [
        "list.has_more: a list needs a bool here",
        "list.data[0].nickname: Stripe has no such field",
    ]


def test_an_answer_of_another_kind_than_the_route_returns_is_found():
    assert check_answer(RETRIEVE_CUSTOMER, fixture("coupon")) == [
        "CustomerService.retrieve returns Customer, not coupon"
    ]
    assert check_answer(RETRIEVE_CUSTOMER, fixture("customer")) == []


def test_a_list_of_the_wrong_kind_is_found():
    body = {"object": "list", "data": [fixture("coupon")], "has_more": False, "url": "/v1/customers"}

    assert check_answer(LIST_CUSTOMERS, body) == ["CustomerService.list returns ListObject[Customer], not coupon"]


def test_one_object_where_a_list_is_promised_is_found():
    assert check_answer(LIST_CUSTOMERS, fixture("customer") | {"data": []})[-1] == (
        "CustomerService.list returns ListObject[Customer], not customer"
    )


def test_what_is_left_of_a_deleted_object_needs_no_other_field():
    assert problems_of({"object": "customer", "id": "cus_1", "deleted": True}) == []


def test_an_error_with_a_field_that_stripe_has_not_is_found():
    right = {"error": {"type": "card_error", "code": "card_declined", "decline_code": "lost_card"}}

    assert check_error(right) == []
    assert check_error({"error": {"type": "card_error", "reason": "lost"}}) == [
        "error.reason: Stripe has no such field"
    ]
    assert check_error({"error": "lost"}) == ["error: expected {'error': {'type': …}}"]


def test_every_resource_class_of_the_package_can_be_checked_against():
    classes = {object_class(name) for name in OBJECT_CLASSES}

    assert len([each for each in classes if each is not None and fields_of(each)]) > 150


def test_every_parameter_of_every_route_can_be_read():
    for each in routes().values():
        refusal = None
        try:
            read_request(each.method, each.path.replace("{", "").replace("}", ""), body="no_such_parameter=1")
        except StripeRefusal as caught:
            refusal = caught
        assert refusal is not None, f"{each.method} {each.path}"
        assert refusal.error.get("param") == "no_such_parameter"


def test_the_sandbox_answers_only_addresses_that_stripe_has():
    assert handlers().keys() - routes().keys() == set()


def test_parameters_become_what_their_types_say():
    asked = read_request(
        "POST",
        "/v1/prices",
        body="currency=usd&unit_amount_decimal=0.5&active=false&product=prod_1&recurring[interval]=month"
        "&recurring[interval_count]=3&metadata[tier]=gold&expand[0]=product",
    )

    assert asked.params == {
        "currency": "usd",
        "unit_amount_decimal": Decimal("0.5"),
        "active": False,
        "product": "prod_1",
        "recurring": {"interval": "month", "interval_count": 3},
        "metadata": {"tier": "gold"},
        "expand": ["product"],
    }


def test_raw_and_percent_encoded_brackets_say_the_same():
    raw = read_request("GET", "/v1/invoices", query="created[gte]=1&created[lt]=9&limit=100")
    encoded = read_request("GET", "/v1/invoices", query="created%5Bgte%5D=1&created%5Blt%5D=9&limit=100")

    assert raw.params == encoded.params == {"created": {"gte": 1, "lt": 9}, "limit": 100}


def test_a_parameter_may_be_one_of_several_types():
    assert read_request("GET", "/v1/invoices", query="created=5").params == {"created": 5}
    assert read_request("POST", "/v1/customers/cus_1", body="metadata=").params == {"metadata": ""}
    assert read_request("POST", "/v1/subscriptions/sub_1", body="trial_end=now").params == {"trial_end": "now"}


def test_the_ids_of_an_address_come_in_their_order_and_a_literal_part_goes_first():
    asked = read_request("GET", "/v1/credit_notes/cn_1/lines")

    assert (asked.route.operation, asked.ids) == ("CreditNoteLineItemService.list", ("cn_1",))
    assert read_request("GET", "/v1/credit_notes/preview", query="invoice=in_1").ids == ()


def test_unknown_addresses_and_parameters_are_refused_in_stripes_words():
    assert refused("GET", "/v1/customer") == (404, None, None)
    assert refused("PUT", "/v1/customers") == (404, None, None)
    assert refused("GET", "/v1/customers//") == (404, None, None)
    assert refused("POST", "/v1/refunds", body="chrge=ch_1") == (400, "parameter_unknown", "chrge")
    assert refused("POST", "/v1/prices", body="product=p") == (400, "parameter_missing", "currency")
    assert refused("POST", "/v1/refunds", body="amount=x") == (400, "parameter_invalid_integer", "amount")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ("currency=usd&active=yes", "active"),
        ("currency=usd&unit_amount=", "unit_amount"),
        ("currency=usd&unit_amount=1.5", "unit_amount"),
        ("currency=usd&unit_amount_decimal=NaN", "unit_amount_decimal"),
        ("currency=usd&recurring=month", "recurring"),
        ("currency=usd&recurring[interval]=fortnight", "recurring[interval]"),
        ("currency=usd&recurring[interval]=month&recurring[often]=1", "recurring[often]"),
        ("currency=usd&recurring[interval_count]=2", "recurring[interval]"),
        ("currency=usd&tiers=many", "tiers"),
        ("currency=usd&tiers[first][up_to]=1", "tiers"),
        ("currency=usd&tiers[0][unit_amount]=1", "tiers[0][up_to]"),
        ("currency[code]=usd", "currency"),
        ("currency=usd&metadata[a][b]=c", "metadata[a]"),
    ],
)
def test_a_wrong_parameter_is_named(body, param):
    assert refused("POST", "/v1/prices", body=body)[2] == param


def test_a_route_without_parameters_takes_none():
    assert refused("GET", "/v1/account", query="now=1") == (400, "parameter_unknown", "now")


def test_a_form_that_says_two_things_at_once_is_refused():
    for form in ("a=1&a[b]=2", "a" + "[b]" * 25 + "=1"):
        with pytest.raises(StripeRefusal):
            decode_form(form)


def test_a_list_may_be_written_without_places():
    assert decode_form("expand[]=a&expand[]=b") == {"expand": {"0": "a", "1": "b"}}


def test_a_percentage_is_a_plain_number_in_json():
    assert json.dumps(json_number(Decimal("25.50"))) == "25.5"
    assert json.dumps(json_number(Decimal(20))) == "20"
