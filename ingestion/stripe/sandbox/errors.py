"""What the sandbox answers when it refuses: Stripe's error envelope."""

from typing import Any

INVALID_REQUEST = "invalid_request_error"


class StripeRefusal(Exception):  # noqa: N818 - Stripe refuses a request; nothing has gone wrong here
    """One refusal as Stripe words it: an HTTP status and the fields of `error`."""

    def __init__(
        self,
        status: int,
        type: str,  # noqa: A002 - Stripe's own name of the field
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
        advice_code: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        known = {"code": code, "param": param, "decline_code": decline_code, "advice_code": advice_code}
        self.error: dict[str, Any] = {"type": type, "message": message}
        self.error |= {name: value for name, value in {**known, **more}.items() if value is not None}

    @property
    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        return {"error": self.error}


def invalid(message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> StripeRefusal:
    """Return a refused request: 400 invalid_request_error unless another status is given."""
    return StripeRefusal(status, INVALID_REQUEST, message, code=code, param=param)


def missing(what: str, object_id: str, *, param: str = "id", status: int = 404) -> StripeRefusal:
    """Return Stripe's answer for an id that it does not know; 400 where the id is a parameter, not the address."""
    named = what.rpartition(".")[2].replace("_", " ")
    return invalid(f"No such {named}: '{object_id}'", param=param, code="resource_missing", status=status)
