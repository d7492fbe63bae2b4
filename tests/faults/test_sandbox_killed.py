"""A sandbox that is killed with kill -9 goes on from its journal with the same state, and nothing is done twice."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import stripe

from billing_core.errors import SandboxJournalError
from ingestion.stripe.gateway import stripe_client
from ingestion.stripe.sandbox.journal import Journal
from ingestion.stripe.sandbox.server import SandboxServer

pytestmark = pytest.mark.fault

START = 1_767_225_600  # 2026-01-01 00:00 UTC
DAY = 86_400


class Running:
    """One `marginbook sandbox` process."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "cli", "sandbox", "--port", "0", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said = [self.process.stdout.readline() for _ in range(3)]
        self.url = self.said[0].removeprefix("ready ").strip()

    def state(self) -> dict:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)
        connection.request("GET", "/_sandbox/state")
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def end(self, how: signal.Signals) -> int:
        os.kill(self.process.pid, how)
        code = self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        return code


@contextmanager
def services(url: str) -> Iterator:
    caller = stripe.RequestsClient(timeout=(5, 30))
    yield stripe_client("sk_test_marginbookSandbox", url, http_client=caller, retries=0).v1
    caller.close()


@contextmanager
def running(*options: str, ends: signal.Signals = signal.SIGKILL) -> Iterator[Running]:
    program = Running(*options)
    try:
        yield program
    finally:
        program.end(ends)


def live_three_months(v1) -> None:
    """A subscription that renews, a card that begins to decline, a refund."""
    customer = v1.customers.create({"name": "Acme", "source": "tok_visa"}, {"idempotency_key": "acme"})
    price = v1.prices.create(
        {"currency": "usd", "unit_amount": 4900, "recurring": {"interval": "month"}, "product_data": {"name": "Writer"}}
    )
    v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})
    clock = v1.test_helpers.test_clocks.create({"frozen_time": START})
    v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": START + 45 * DAY})
    card = v1.payment_methods.attach("pm_card_chargeDeclinedInsufficientFunds", {"customer": customer.id})
    v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}})
    v1.refunds.create({"charge": v1.charges.list().data[0].id, "amount": 900})
    v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": START + 90 * DAY})


def test_after_a_kill_the_journal_brings_back_the_same_state(tmp_path):
    options = ("--start", "2026-01-01", "--journal", str(tmp_path / "journal"))
    with running(*options) as program, services(program.url) as v1:
        live_three_months(v1)
        invoices = [each.id for each in v1.invoices.list().data]
        before = program.state()

    with running(*options) as program, services(program.url) as v1:
        assert program.state() == before
        assert before["now"] == START + 90 * DAY
        assert [each.id for each in v1.invoices.list().data] == invoices
        assert len(invoices) == 3
        again = v1.customers.create({"name": "Acme", "source": "tok_visa"}, {"idempotency_key": "acme"})
        assert [each.id for each in v1.customers.list().data] == [again.id]


def test_the_same_requests_lead_to_the_same_state_in_any_process():
    with running("--start", "2026-01-01") as program, services(program.url) as v1:
        live_three_months(v1)
        invoice_ids = [each.id for each in v1.invoices.list().data]

    with SandboxServer(start=START) as local, services(local.url) as v1:
        live_three_months(v1)
        assert [each.id for each in v1.invoices.list().data] == invoice_ids


def test_a_line_that_a_kill_cut_short_is_dropped_and_the_journal_goes_on(tmp_path):
    path = tmp_path / "journal"
    with SandboxServer(start=START, journal=path) as local, services(local.url) as v1:
        v1.customers.create({"name": "Whole"})
    with path.open("ab") as file:
        file.write(b'{"method":"POST","path":"/v1/cust')

    for expected in (["Whole"], ["Next", "Whole"]):
        with SandboxServer(start=0, journal=path) as local, services(local.url) as v1:
            assert [each.name for each in v1.customers.list().data] == expected
            v1.customers.create({"name": "Next"})


@pytest.fixture
def deaf_to_interrupts() -> Iterator[None]:
    """Start programs as a shell does that puts them into the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("deaf_to_interrupts")
def test_an_interrupt_ends_the_sandbox_in_order(tmp_path):
    for how in (signal.SIGINT, signal.SIGTERM):
        program = Running("--journal", str(tmp_path / "journal"), "--start", "2026-01-01")
        assert "2026-01-01 00:00:00 UTC" in program.said[1]
        assert f"STRIPE_API_BASE={program.url}" in program.said[2]
        assert program.end(how) == 0


def test_two_sandboxes_do_not_write_one_journal(tmp_path):
    first = Journal(tmp_path / "journal", start=START)
    with pytest.raises(SandboxJournalError, match="another sandbox writes it"):
        Journal(tmp_path / "journal", start=START)
    first.close()


@pytest.mark.parametrize("content", ["not json\n", '{"end": 1}\n', '{"start": 1}\n{"method": "POST"}\n', "[]\n"])
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(tmp_path, content):
    path = tmp_path / "journal"
    path.write_text(content)

    with pytest.raises(SandboxJournalError, match="no journal of this sandbox"):
        Journal(path, start=START)
    assert path.read_text() == content


def test_a_journal_that_cannot_be_opened_is_refused(tmp_path):
    with pytest.raises(SandboxJournalError, match="Is a directory"):
        Journal(tmp_path, start=START)


def test_a_taken_port_is_said_in_a_sentence():
    with SandboxServer(start=START) as local:
        port = local.url.rpartition(":")[2]
        command = [sys.executable, "-m", "cli", "sandbox", "--port", port]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert f"cannot answer on port {port}, which another program has" in ended.stderr
