"""What the environment and `.env` may say, and how a bad value is refused."""

from pathlib import Path

import pytest

from billing_core.errors import InvalidSettingError
from billing_core.store.settings import PROJECT_FOLDER, Settings, read_settings

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", tmp_path / ".env")


def test_without_any_setting_everything_has_its_default():
    settings = read_settings()

    assert settings.model_dump() == {
        "database_url": None,
        "database_admin_url": None,
        "marginbook_home": PROJECT_FOLDER / ".marginbook",
        "port": 8501,
        "marginbook_demo": True,
        "stripe_api_key": None,
        "stripe_api_base": None,
    }


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("PORT=9000\nMARGINBOOK_DEMO=false\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("PORT", "9001")

    settings = read_settings()

    assert (settings.port, settings.marginbook_demo) == (9001, False)


def test_an_empty_variable_means_the_default_and_silences_the_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("DATABASE_URL=postgresql://from_the_file/x\n")
    for name in ("DATABASE_URL", "MARGINBOOK_HOME", "PORT", "MARGINBOOK_DEMO"):
        monkeypatch.setenv(name, "")

    settings = read_settings()

    assert (settings.database_url, settings.port, settings.marginbook_demo) == (None, 8501, True)
    assert settings.marginbook_home == PROJECT_FOLDER / ".marginbook"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_database_url_always_speaks_through_psycopg(monkeypatch, scheme):
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://app:secret@db.example.com/marginbook?sslmode=require")

    expected = "postgresql+psycopg://app:secret@db.example.com/marginbook?sslmode=require"
    assert read_settings().database_url == expected


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("elsewhere", PROJECT_FOLDER / "elsewhere"),
        ("/srv/marginbook", Path("/srv/marginbook")),
        ("~/marginbook", Path.home() / "marginbook"),
    ],
)
def test_a_relative_home_starts_at_the_project_folder(monkeypatch, given, meant):
    monkeypatch.setenv("MARGINBOOK_HOME", given)

    assert read_settings().marginbook_home == meant


@pytest.mark.parametrize("port", ["1", "65535"])
def test_the_lowest_and_the_highest_port_are_ports(monkeypatch, port):
    monkeypatch.setenv("PORT", port)

    assert read_settings().port == int(port)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("MARGINBOOK_DEMO", "perhaps"),
        ("DATABASE_URL", "mysql://app:secret@db/marginbook"),
        ("DATABASE_URL", "secret"),
        ("DATABASE_ADMIN_URL", "secret"),
    ],
)
def test_a_bad_value_is_refused_by_the_settings_name_and_without_repeating_a_secret(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidSettingError, match=f"The setting {name} cannot be used") as refused:
        read_settings()

    assert refused.value.setting == name
    assert "secret" not in str(refused.value)


def test_an_admin_url_without_a_database_url_is_refused(monkeypatch):
    monkeypatch.setenv("DATABASE_ADMIN_URL", "postgresql://owner@db/marginbook")

    with pytest.raises(InvalidSettingError, match="DATABASE_ADMIN_URL cannot be used"):
        read_settings()


def test_a_password_shows_in_no_printed_settings(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:secret@db/marginbook")
    monkeypatch.setenv("DATABASE_ADMIN_URL", "postgresql://owner:secret@db/marginbook")

    assert "secret" not in repr(read_settings())


def test_the_example_file_with_every_line_in_force_says_the_defaults(tmp_path):
    example = (PROJECT_FOLDER / ".env.example").read_text()
    defaults = read_settings()
    in_force = [line.removeprefix("#") for line in example.splitlines() if line.startswith("#") and line[1:2] != " "]

    (tmp_path / ".env").write_text("\n".join(in_force))

    assert [line.split("=")[0] for line in in_force] == [name.upper() for name in Settings.model_fields]
    assert read_settings() == defaults
