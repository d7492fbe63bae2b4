"""Whether this process can do its work: asked by load balancers and by `make run`, without a session."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from api.sign_in import in_thread
from billing_core import access
from billing_core.errors import BillingError

DOWN = "The database does not answer: start it, then ask again. The pages come back by themselves."


async def healthz(_request: Request) -> JSONResponse:
    """Answer 200 when the database does, else 503 with a sentence that gives away nothing."""
    try:
        await in_thread(access.reach_database)
    except BillingError:
        return JSONResponse({"status": "unavailable", "database": "down", "sentence": DOWN}, 503)
    return JSONResponse({"status": "ok", "database": "ok"})
