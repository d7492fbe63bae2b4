"""The settings of an installation: their names, meanings and defaults, from the environment or `.env`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from billing_core.errors import InvalidSettingError

PROJECT_FOLDER = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Every setting of this installation; the environment wins over `.env` in the project folder."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_FOLDER / ".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    # repr=False: the URLs may hold passwords, which no log and no traceback should show.
    database_url: Annotated[str | None, Field(repr=False)] = Field(
        default=None,
        description="A PostgreSQL server of your own, as role marginbook_app; without it Marginbook runs its own.",
    )
    database_admin_url: Annotated[str | None, Field(repr=False)] = Field(
        default=None,
        description="The same database as role marginbook_owner, for migrations; only together with DATABASE_URL.",
    )
    marginbook_home: Path = Field(
        default=PROJECT_FOLDER / ".marginbook",
        description="Folder of everything Marginbook writes; a relative one starts at the project folder.",
    )
    port: int = Field(default=8501, ge=1, le=65535, description="Port of the pages and the API.")
    marginbook_demo: bool = Field(default=True, description="Whether an empty installation starts with a demo tenant.")

    # repr=False: a key of Stripe opens a company's books.
    stripe_api_key: Annotated[str | None, Field(repr=False)] = Field(
        default=None,
        description="A restricted (rk_…) or secret (sk_…) key of the Stripe account to read; read rights are enough.",
    )
    stripe_api_base: str | None = Field(
        default=None, description="Another server than Stripe's own, such as the sandbox: http://127.0.0.1:12111."
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, values: dict[str, object]) -> dict[str, object]:
        # So a lone `DATABASE_URL=` in the environment also silences the one in `.env`.
        return {name: value for name, value in values.items() if value != ""}

    @field_validator("database_url", "database_admin_url")
    @classmethod
    def _speaks_through_psycopg(cls, url: str | None) -> str | None:
        if url is None:
            return None
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
            raise ValueError("it must start with postgresql://")
        return f"postgresql+psycopg://{rest}"

    @field_validator("stripe_api_base")
    @classmethod
    def _leads_over_http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("it must start with https:// or http://")
        return url

    @field_validator("marginbook_home")
    @classmethod
    def _starts_at_the_project(cls, home: Path) -> Path:
        return PROJECT_FOLDER / home.expanduser()

    @model_validator(mode="after")
    def _belong_together(self) -> "Settings":
        if self.database_admin_url is not None and self.database_url is None:
            # A lone admin URL would migrate one database while the pages read another.
            raise ValueError("it needs DATABASE_URL beside it")
        return self


def read_settings() -> Settings:
    """Read the settings afresh; raise InvalidSettingError, a sentence that names the setting, for a bad value."""
    try:
        return Settings()
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "DATABASE_ADMIN_URL"
        raise InvalidSettingError(name, first["msg"].removeprefix("Value error, ")) from None
