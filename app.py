"""The web program: one ASGI application of pages, sign-in and health, behind one gate; nothing is drawn here.

Started by `marginbook up`, by `streamlit run app.py` or by `uvicorn app:app`.
"""

import contextlib
import gc
import importlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from api import sign_in
from api.gate import SignInGate, unavailable
from api.health import healthz
from billing_core.errors import BillingError

SLOW_IMPORTS = ("pandas", "pyarrow", "plotly.graph_objects", "sqlalchemy", "psycopg", "pages.overview.overview")


@contextlib.asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Import what the first page needs before anybody waits for it, and keep the collector off what never dies."""
    for module in SLOW_IMPORTS:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # Streamlit collects after every run of a script; what is frozen is not walked again.
    yield {}


# A direct call of st.App under the name `app`: that is how `streamlit run` finds it.
app = st.App(
    Path(__file__).parent / "pages" / "_router.py",
    lifespan=lifespan,
    middleware=[Middleware(SignInGate)],
    exception_handlers={BillingError: unavailable},
    routes=[
        Route("/login", sign_in.login, methods=["GET", "POST"]),
        Route("/logout", sign_in.logout, methods=["POST"]),
        Route("/tenant", sign_in.switch, methods=["POST"]),
        Route("/password", sign_in.password, methods=["GET", "POST"]),
        Route("/healthz", healthz),
    ],
)
