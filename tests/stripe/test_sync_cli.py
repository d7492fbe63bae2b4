"""`marginbook sync stripe` as a person types it: what it says, to whom, and its exit code."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from billing_core.errors import StripeKeyMissingError
from billing_core.store.settings import PROJECT_FOLDER
from cli import app
from ingestion.stripe.gateway import PATHS
from tests.imports import Books
from tests.stripe.small_shop import SmallShop, open_shop

pytestmark = pytest.mark.stripe


@pytest.fixture
def shell(books: Books, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command in this process, as if DATABASE_URL named the test's database."""
    monkeypatch.setenv("DATABASE_URL", books.urls.app_url)
    monkeypatch.setattr("billing_core.store.engine.engine", lambda: books.engine)
    monkeypatch.setattr("billing_core.workspace.process_engine", lambda: books.engine)
    return lambda *words: CliRunner().invoke(app, list(words))


def program(books: Books, shop: SmallShop, *words: str, key: str) -> subprocess.CompletedProcess[str]:
    """Run the real program on the shop."""
    where = {"DATABASE_URL": books.urls.app_url, "STRIPE_API_KEY": key, "STRIPE_API_BASE": shop.server.url}
    command = [sys.executable, "-m", "cli", "sync", "stripe", *words]
    return subprocess.run(
        command, cwd=PROJECT_FOLDER, env=os.environ | where, capture_output=True, text=True, check=False
    )


def test_the_program_says_a_line_per_kind_to_its_watcher_and_one_line_at_the_end(books: Books):
    with open_shop("Acme", days=35) as shop:
        done = program(books, shop, key=shop.server.key)
        objects = sum(len(shop.ids(kind)) for kind in PATHS)
        again = program(books, shop, key=shop.server.key)

    assert (done.returncode, again.returncode) == (0, 0), done.stderr
    assert [line.split()[0] for line in done.stderr.splitlines()] == [
        f"{kind.split('_')[0]}" + "s" * ("_" not in kind) for kind in PATHS
    ]
    assert f": {objects} objects seen, {objects} new versions, " in done.stdout
    assert f": {objects} objects seen, 0 new versions, " in again.stdout
    assert shop.server.key not in done.stdout + done.stderr


def test_a_missing_right_ends_the_program_with_its_sentence_after_the_rest_is_read(books: Books):
    with open_shop("Acme") as shop:
        done = program(books, shop, key="rk_test_read_without_disputes")

    assert done.returncode == 1
    assert " objects seen, " in done.stdout
    assert done.stderr.splitlines()[-1] == (
        "The mirror of Stripe is not complete. The Stripe key may not read Disputes (rak_dispute_read), so that this "
        "is missing in the books: edit the key in the Stripe Dashboard under Developers, API keys, give it this right, "
        "and run `marginbook sync stripe` again."
    )


def test_a_wrong_key_ends_the_program_with_one_sentence_without_the_key(books: Books):
    with open_shop() as shop:
        done = program(books, shop, key="sk_test_somebodyElses")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Stripe cannot be read, because Stripe does not accept the key")
    assert "somebodyElses" not in done.stderr


def test_since_and_the_customer_key_are_options(books: Books, shell, monkeypatch: pytest.MonkeyPatch):
    with open_shop("Acme", days=35) as shop:
        monkeypatch.setenv("STRIPE_API_KEY", shop.server.key)
        monkeypatch.setenv("STRIPE_API_BASE", shop.server.url)
        result = shell("sync", "stripe", "--since", "2026-02-01", "--customer-key", "org")

    assert result.exit_code == 0, result.output
    assert books.seen("select customer_key, customer_key = 'org' as named from stripe_connection")[0]["named"]
    assert books.seen("select created_at::date::text as day from invoice") == [{"day": "2026-02-10"}]


def test_without_a_key_it_is_said_where_to_make_one(shell):
    result = shell("sync", "stripe")

    assert isinstance(result.exception, StripeKeyMissingError)
    assert "set it as STRIPE_API_KEY" in str(result.exception)
