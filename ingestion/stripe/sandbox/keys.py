"""Who may ask the sandbox: the secret key, and restricted keys that lack rights."""

import base64
import binascii

from ingestion.stripe.sandbox.errors import StripeRefusal, invalid

SECRET_KEY = "sk_test_marginbookSandbox"  # noqa: S105 - a key that opens nothing but this toy
READ_KEY = "rk_test_read"
WITHOUT = f"{READ_KEY}_without_"
"""`rk_test_read` reads everything; `rk_test_read_without_invoices-disputes` everything but these resources."""

RIGHTS = {
    "account": "accounts_kyc_basic",
    "balance_transactions": "balance_transaction_source",
    "prices": "plan",
}
"""Rights that are not simply named after their resource."""


def admit(authorization: str | None, method: str, path: str, account_id: str) -> None:
    """Refuse a request without a valid key (401), or whose key lacks the right to it (403)."""
    key = _key_in(authorization)
    if key is None:
        raise invalid(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    if key == SECRET_KEY:
        return
    if key != READ_KEY and not key.startswith(WITHOUT):
        raise invalid(f"Invalid API Key provided: {_masked(key)}", status=401)
    resource = path.removeprefix("/v1/").split("/")[0]
    lacking = key.removeprefix(WITHOUT).split("-") if key.startswith(WITHOUT) else []
    if method != "GET" or resource in lacking:
        raise _forbidden(key, resource, "read" if method == "GET" else "write", account_id)


def _forbidden(key: str, resource: str, act: str, account_id: str) -> StripeRefusal:
    right = f"rak_{RIGHTS.get(resource, resource.removesuffix('s'))}_{act}"
    return invalid(
        f"The provided key '{_masked(key)}' does not have the required permissions for this endpoint on account "
        f"'{account_id}'. Having the '{right}' permission would allow this request to continue.",
        status=403,
    )


def _masked(key: str) -> str:
    """Show a key as Stripe does in its errors: its beginning and its last four letters."""
    return key[:8] + "*" * max(len(key) - 12, 4) + key[-4:]


def _key_in(authorization: str | None) -> str | None:
    scheme, _, given = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None
