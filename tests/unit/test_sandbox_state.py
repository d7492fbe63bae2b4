"""The sandbox's state, keys, faults and expansions, without a network."""

import pytest

from ingestion.stripe.sandbox.errors import StripeRefusal, missing
from ingestion.stripe.sandbox.events import told
from ingestion.stripe.sandbox.expand import expand
from ingestion.stripe.sandbox.faults import Fault, FaultKind, Faults, When, refusal_of
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.keys import READ_KEY, SECRET_KEY, admit
from ingestion.stripe.sandbox.metadata import merged
from ingestion.stripe.sandbox.routes import handlers, route
from ingestion.stripe.sandbox.state import Sandbox, changed

pytestmark = pytest.mark.unit

NOON = 1_767_268_800


def refused_key(authorization, method="GET", path="/v1/invoices"):
    with pytest.raises(StripeRefusal) as caught:
        admit(authorization, method, path, "acct_1")
    return caught.value.status, str(caught.value)


def test_the_same_steps_make_the_same_ids_and_the_same_fingerprint():
    def lived():
        sandbox = Sandbox(now=NOON)
        sandbox.emit("customer.created", sandbox.put("customer", {"id": sandbox.new_id("cus")}))
        return sandbox.fingerprint()

    assert lived() == lived()


def test_ids_do_not_sort_by_their_age():
    sandbox = Sandbox(now=NOON)
    made = [sandbox.new_id("in") for _ in range(20)]

    assert made != sorted(made)
    assert len(set(made)) == 20


def test_an_event_keeps_its_object_as_it_was():
    sandbox = Sandbox(now=NOON)
    customer = {"id": "cus_1", "name": "Acme"}
    sandbox.emit("customer.updated", customer, changed(customer, {"name": "Apex", "id": "cus_1"}))
    customer["name"] = "Later"

    [event] = sandbox.objects("event").values()
    assert told(event)["data"] == {"object": {"id": "cus_1", "name": "Apex"}, "previous_attributes": {"name": "Acme"}}


def test_an_unknown_id_is_404_in_the_address_and_400_in_a_parameter():
    sandbox = Sandbox(now=NOON)

    with pytest.raises(StripeRefusal) as in_address:
        sandbox.get("customer", "cus_9")
    with pytest.raises(StripeRefusal) as in_parameter:
        sandbox.get("customer", "cus_9", param="customer")

    assert (in_address.value.status, in_address.value.error["param"]) == (404, "id")
    assert (in_parameter.value.status, in_parameter.value.error["param"]) == (400, "customer")


def test_a_kind_is_named_as_a_person_would():
    assert str(missing("test_helpers.test_clock", "clock_1")) == "No such test clock: 'clock_1'"


def test_a_deleted_object_is_gone_from_its_list_and_its_rest_is_found():
    sandbox = Sandbox(now=NOON)
    sandbox.put("coupon", {"id": "SUMMER"})
    rest = {"id": "SUMMER", "object": "coupon", "deleted": True}

    assert sandbox.delete("coupon", "SUMMER") == rest
    assert sandbox.objects("coupon") == {}
    assert sandbox.find_copy("SUMMER") == sandbox.deleted("SUMMER") == rest


def test_one_address_has_one_answer():
    assert ("GET", "/v1/account") in handlers()
    with pytest.raises(ValueError, match="answered twice"):
        route("GET", "/v1/account")(dict)


def test_the_secret_key_may_do_everything_in_both_ways_of_sending_it():
    admit(f"Bearer {SECRET_KEY}", "POST", "/v1/refunds", "acct_1")
    admit("Basic c2tfdGVzdF9tYXJnaW5ib29rU2FuZGJveDo=", "GET", "/v1/refunds", "acct_1")


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Basic ???", "Basic /w==", "Digest sk_test_x"])
def test_no_readable_key_is_401(header):
    assert refused_key(header)[0] == 401


def test_a_wrong_key_is_401_and_shown_masked():
    assert refused_key("Bearer sk_test_wrongwrong1234") == (
        401,
        "Invalid API Key provided: sk_test_**********1234",
    )


def test_a_restricted_key_reads_but_does_not_write():
    admit(f"Bearer {READ_KEY}", "GET", "/v1/invoices", "acct_1")

    status, said = refused_key(f"Bearer {READ_KEY}", "POST", "/v1/refunds")
    assert status == 403
    assert "'rak_refund_write'" in said


def test_a_restricted_key_does_not_read_what_it_lacks():
    key = f"Bearer {READ_KEY}_without_invoices-balance_transactions"
    admit(key, "GET", "/v1/customers", "acct_1")

    assert refused_key(key, path="/v1/invoices/in_1/lines")[0] == 403
    assert "'rak_balance_transaction_source_read'" in refused_key(key, path="/v1/balance_transactions")[1]


def test_a_fault_hits_as_often_as_it_says_and_only_what_it_means():
    faults = Faults()
    faults.add(Fault(FaultKind.SERVER_ERROR, When.AFTER, count=2, prefix="/v1/invoices", method="GET"))

    hits = [
        faults.next_for(method, path) is not None
        for method, path in [
            ("GET", "/v1/customers"),
            ("POST", "/v1/invoices"),
            ("GET", "/v1/invoices/in_1"),
            ("GET", "/v1/invoices"),
            ("GET", "/v1/invoices"),
        ]
    ]

    assert hits == [False, False, True, True, False]
    assert faults.left == 0


def test_faults_can_be_called_off():
    faults = Faults()
    faults.add(Fault(FaultKind.HANG, count=3))
    assert faults.left == 3
    faults.clear()
    assert faults.next_for("GET", "/v1/customers") is None


def test_every_kind_of_fault_has_its_answer_or_none():
    answers = {kind: refusal_of(kind) for kind in FaultKind}

    assert {kind: None if each is None else each.status for kind, each in answers.items()} == {
        FaultKind.RATE_LIMIT: 429,
        FaultKind.SERVER_ERROR: 500,
        FaultKind.HANG: None,
        FaultKind.DROP: None,
    }


def test_metadata_sets_unsets_and_empties():
    assert merged({"a": "1", "b": "2"}, {"b": "", "c": "3"}) == {"a": "1", "c": "3"}
    assert merged({"a": "1"}, "") == {}


def test_expanding_replaces_ids_along_the_path_and_lists_of_ids():
    sandbox = Sandbox(now=NOON)
    sandbox.put("customer", {"id": "cus_1", "object": "customer", "default": "pm_1"})
    sandbox.put("payment_method", {"id": "pm_1", "object": "payment_method"})
    body = {"data": [{"customer": "cus_1", "cards": ["pm_1", "pm_gone"]}]}

    expand(sandbox, body, ["data.customer.default", "data.customer", "data.cards"])

    card = {"id": "pm_1", "object": "payment_method"}
    assert body["data"] == [
        {"customer": {"id": "cus_1", "object": "customer", "default": card}, "cards": [card, "pm_gone"]}
    ]


def test_what_is_shown_on_request_appears_when_it_is_expanded():
    handlers()  # Every module of the sandbox says then what it shows on request.
    sandbox = Sandbox(now=NOON)
    for number, charge in [(1, "ch_1"), (2, "ch_2"), (3, "ch_1")]:
        sandbox.put("refund", {"id": f"re_{number}", "object": "refund", "charge": charge})
    body = fixture("charge") | {"id": "ch_1"}

    expand(sandbox, body, ["refunds"])

    assert [each["id"] for each in body["refunds"]["data"]] == ["re_3", "re_1"]


@pytest.mark.parametrize("path", ["friend", "customer.friend", "a.b.c.d.e"])
def test_what_cannot_be_expanded_is_refused(path):
    sandbox = Sandbox(now=NOON)
    sandbox.put("customer", {"id": "cus_1", "object": "customer"})

    with pytest.raises(StripeRefusal, match="expand"):
        expand(sandbox, {"customer": "cus_1"}, [path])


def test_an_expansion_through_nothing_finds_nothing():
    body = {"customer": None}

    expand(Sandbox(now=NOON), body, ["customer.default"])

    assert body == {"customer": None}
