"""Writes docs/reference and .env.example from the code: every setting, command, error and job in its own words."""

import inspect
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer

import cli
from billing_core import errors
from billing_core.store.settings import PROJECT_FOLDER, Settings
from scheduler.jobs import JOBS

WRITTEN_BY = "Written from the code by `make fix`; a test compares."


def pages() -> dict[str, str]:
    """Return the text of every file written here, by its path in the project folder."""
    return {
        "docs/reference/settings.md": _page(
            "Settings", "From the environment, or from `.env` in the project folder.", _settings()
        ),
        "docs/reference/commands.md": _page(
            "Commands", "What `marginbook` can do; `--help` says the same.", _commands()
        ),
        "docs/reference/errors.md": _page(
            "Errors", "Every refusal: its sentence says what cannot be done, then what to do.", _errors()
        ),
        "docs/reference/jobs.md": _page("Jobs", "What the worker does by itself. Times are UTC.", _jobs()),
        ".env.example": "\n".join(_example()) + "\n",
    }


def _page(title: str, about: str, lines: Iterable[str]) -> str:
    return "\n".join([f"# {title}", "", f"{about} {WRITTEN_BY}", "", *lines]) + "\n"


def _row(*cells: object) -> str:
    return "| " + " | ".join(" ".join(str(cell).split()).replace("|", "\\|") for cell in cells) + " |"


def _table(*heads: str) -> list[str]:
    return [_row(*heads), _row(*("---" for _ in heads))]


def _settings() -> Iterator[str]:
    yield from _table("setting", "meaning", "default")
    for name, meaning, default in _each_setting():
        yield _row(f"`{name}`", meaning, f"`{default}`" if default else "none")


def _example() -> Iterator[str]:
    yield "# Copy to .env and take the # away where you want something else than the default."
    for name, meaning, default in _each_setting():
        yield from ["", f"# {meaning}", f"#{name}={default}"]


def _each_setting() -> Iterator[tuple[str, str, str]]:
    """Every setting's name, meaning and default; empty where there is none."""
    for name, field in Settings.model_fields.items():
        default = field.default.relative_to(PROJECT_FOLDER) if isinstance(field.default, Path) else field.default
        yield name.upper(), field.description or "", "" if default is None else str(default)


def _commands() -> Iterator[str]:
    yield from _command("marginbook", typer.main.get_command(cli.app))


def _command(name: str, command: Any) -> Iterator[str]:
    """One command, its arguments and options, then the commands below it."""
    context = typer.Context(command, info_name=name)
    if not hasattr(command, "commands"):
        yield from [
            f"## `{' '.join([name, *command.collect_usage_pieces(context)])}`",
            "",
            inspect.cleandoc(command.help),
            "",
        ]
        records = [record for record in (each.get_help_record(context) for each in command.params) if record]
        if records:
            yield from [
                *_table("argument or option", "meaning"),
                *(_row(f"`{which}`", means) for which, means in records),
                "",
            ]
    for child, below in sorted(getattr(command, "commands", {}).items()):
        yield from _command(f"{name} {child}", below)


def _errors() -> Iterator[str]:
    yield from _table("error", "when")
    refusals = [
        each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, errors.BillingError)
    ]
    for refusal in (each for each in refusals if each is not errors.BillingError):
        yield _row(f"`{refusal.__name__}`", (inspect.getdoc(refusal) or "").split("\n\n")[0])


def _jobs() -> Iterator[str]:
    yield from _table("job", "what for", "when", "for", "seconds at most")
    for job in JOBS:
        when = f"{_words(job.schedule.every)}{_clock_time(job.schedule.at)}"
        yield _row(
            f"`{job.name}`",
            job.purpose,
            when,
            "each tenant" if job.scope == "tenant" else "the installation",
            job.limit_seconds,
        )


def _words(span: timedelta) -> str:
    return "every day at " if span == timedelta(days=1) else f"every {span // timedelta(minutes=1)} minutes from "


def _clock_time(span: timedelta) -> str:
    return f"{span // timedelta(hours=1):02d}:{span // timedelta(minutes=1) % 60:02d}"


if __name__ == "__main__":
    for path, text in pages().items():
        (PROJECT_FOLDER / path).parent.mkdir(exist_ok=True)
        (PROJECT_FOLDER / path).write_text(text, encoding="utf-8")
