"""The settings: what is taken, what is refused in one line, and what is never shown."""

import stat
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import config
from config import EXAMPLES, SECRETS, Settings
from webinars.cli.edge import make_data_dir
from webinars.errors import SettingRefused

NAMES = sorted(Settings.model_fields)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    """Read the settings in an empty folder and without any in the environment."""
    for name in NAMES:
        monkeypatch.delenv(f"WEBINARS_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_nothing_has_to_be_set():
    settings = config.read()

    assert settings.database_url == "sqlite:///var/webinars.db"
    assert settings.broker_url == "memory://"
    assert settings.outbox_dir == Path("var/outbox")
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.trusted_proxies == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "postgresql+psycopg://webinars@127.0.0.1/webinars"),
        ("database_url", "sqlite:////srv/webinars.db"),
        ("broker_url", "redis://127.0.0.1:6379/0"),
        ("broker_url", "rediss://:password@redis.example.org/1"),
        ("mail_url", "smtp://user:password@relay.example.org:587?starttls=require"),
        ("mail_url", "smtps://relay.example.org"),
        ("mail_url", "file:/srv/outbox"),
        ("mail_from", "Webinaires <webinaires@example.org>"),
        ("mail_from", "webinaires@example.org"),
        ("mail_from", '"Réseau, section Maroc" <reseau@example.org>'),
        ("base_url", "https://webinaires.example.org"),
        ("trusted_proxies", "2"),
        ("secret_key", "s" * 32),
        ("data_dir", "/srv/webinars"),
    ],
)
def test_what_can_be_used_is_taken(monkeypatch, name, value):
    monkeypatch.setenv(f"WEBINARS_{name.upper()}", value)

    assert str(getattr(config.read(), name)) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "mysql://127.0.0.1/webinars"),
        ("database_url", "postgres://127.0.0.1/webinars"),
        ("database_url", "sqlite:///:memory:"),
        ("database_url", "sqlite:///"),
        ("database_url", "postgresql+psycopg://127.0.0.1:port/webinars"),
        ("database_url", "postgresql+psycopg://web:pass@word@127.0.0.1/webinars"),
        ("broker_url", "memory"),
        ("broker_url", "memory:"),
        ("broker_url", "kafka://127.0.0.1"),
        ("broker_url", "redis://127.0.0.1:port/0"),
        ("broker_url", "redis://127.0.0.1?db=x"),
        ("mail_url", "relay.example.org"),
        ("mail_url", "smtp://"),
        ("mail_url", "smtp://relay.example.org:port"),
        ("mail_url", "smtp://[::1"),
        ("mail_url", "smtp://relay.example.org?starttls=required"),
        ("mail_url", "smtp://user:word@#x@relay.example.org"),
        ("mail_url", "smtp://user:word@/x@relay.example.org"),
        ("mail_url", "smtp://user:25/word@relay.example.org"),
        ("mail_url", "smtp://user:25#word@relay.example.org"),
        ("mail_url", "smtp://user:my word@relay.example.org"),
        ("mail_url", "smtp://user:word@\u2100@relay.example.org"),
        ("mail_url", "file:"),
        ("mail_url", "file:///"),
        ("mail_url", "file:outbox smtp://relay.example.org"),
        ("mail_from", "Webinaires"),
        ("mail_from", "Dupont, Jean <jean@example.org>"),
        ("mail_from", "a@example.org, b@example.org"),
        ("mail_from", "Webinaires <é@example.org>"),
        ("mail_from", "Webinaires <a@example.org>\r\nBcc: b@example.org"),
        ("base_url", "webinaires.example.org"),
        ("base_url", "ftp://webinaires.example.org"),
        ("base_url", "https://webinaires.example.org/?a=b"),
        ("base_url", "https://webinaires.example.org/#a"),
        ("base_url", "https://webinaires.example.org:port"),
        ("base_url", "https://user@webinaires.example.org"),
        ("base_url", "https://webinaires.example.org /x"),
        ("trusted_proxies", "-1"),
        ("trusted_proxies", "beaucoup"),
        ("secret_key", "court"),
        ("data_dir", ""),
    ],
)
def test_what_cannot_be_used_is_one_line_with_name_fault_and_example(monkeypatch, name, value):
    monkeypatch.setenv(f"WEBINARS_{name.upper()}", value)

    with pytest.raises(SettingRefused) as caught:
        config.read()
    said = str(caught.value)
    assert said.startswith(f"WEBINARS_{name.upper()}: ")
    assert said.endswith(f"for example {EXAMPLES[name]}")
    assert "\n" not in said
    assert "court" not in said and "word@" not in said and "'" not in said


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SECRETS])
def test_every_example_can_be_used(monkeypatch, name):
    monkeypatch.setenv(f"WEBINARS_{name.upper()}", EXAMPLES[name])

    assert config.read()


def test_an_override_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("WEBINARS_BASE_URL", "https://webinaires.example.org")

    assert config.read(base_url="http://127.0.0.1:8001").base_url == "http://127.0.0.1:8001"


def test_a_slash_at_the_end_of_the_base_makes_no_difference(monkeypatch):
    monkeypatch.setenv("WEBINARS_BASE_URL", "https://webinaires.example.org/")

    assert config.read().base_url == "https://webinaires.example.org"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("WEBINARS_BASEURL", "WEBINARS_BASE_URL"),
        ("WEBINARS_MAIL_ULR", "WEBINARS_MAIL_URL"),
        ("WEBINARS_TRUSTED_PROXY", "WEBINARS_TRUSTED_PROXIES"),
        ("WEBINARS_HOME", None),
        ("WEBINARS_TESTS", None),
        ("WEBINARS_", None),
        ("WEBINAR_MAIL_URL", "WEBINARS_MAIL_URL"),
        ("WEBINARSMAIL_URL", "WEBINARS_MAIL_URL"),
    ],
)
def test_what_is_named_like_a_setting_and_is_none_is_found_with_what_is_meant(name, meant):
    assert config.list_unknown(["PATH", "MAIL_URL", name, "HOME"]) == {name: meant}


@pytest.mark.parametrize(
    "name",
    [
        *(f"WEBINARS_{name.upper()}" for name in NAMES),
        "webinars_mail_url",
        "WEBINARS_FAULT",
        "WEBINARS_TEST_POSTGRES_URL",
        "WEBINARS_SERVICE_HOST",
        "WEBINARS_SERVICE_PORT_HTTP",
        "WEBINARS_PORT_8000_TCP_ADDR",
        "WEBINARS_WORKER_SERVICE_PORT",
        "WEBINAR_ROOM",
        "MAIL_URL",
    ],
)
def test_what_is_a_setting_or_rightly_there_is_not_taken_for_a_slip(name):
    assert config.list_unknown([name]) == {}


def test_every_setting_is_described_and_has_an_example():
    described = config.describe()

    assert sorted(described) == sorted(EXAMPLES) == NAMES
    assert all(text.endswith(".") for text in described.values())


def test_the_secret_is_made_once_and_nobody_else_may_read_it(tmp_path):
    settings = config.read(data_dir=tmp_path / "data")
    secret = settings.get_secret()
    kept = tmp_path / "data" / "secret_key"

    assert len(secret) == 64
    assert config.read(data_dir=tmp_path / "data").get_secret() == secret
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["secret_key"]


def test_nobody_else_may_look_into_the_data_folder(tmp_path):
    settings = config.read(data_dir=tmp_path / "data")

    make_data_dir(settings)

    assert settings.data_dir.stat().st_mode & 0o077 == 0


def test_processes_that_start_at_once_agree_on_one_secret(tmp_path):
    settings = [config.read(data_dir=tmp_path) for _ in range(8)]

    with ThreadPoolExecutor(8) as threads:
        secrets = set(threads.map(Settings.get_secret, settings))

    assert len(secrets) == 1


def test_a_secret_that_was_lost_is_not_signed_with(tmp_path):
    (tmp_path / "secret_key").touch()

    with pytest.raises(SettingRefused, match=r"WEBINARS_SECRET_KEY: .*fewer than 32 characters"):
        config.read(data_dir=tmp_path).get_secret()


def test_a_secret_that_is_set_is_kept_nowhere(tmp_path):
    settings = config.read(data_dir=tmp_path / "data", secret_key="s" * 40)

    assert settings.get_secret() == b"s" * 40
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("secret_key", "s" * 40, "•••"),
        ("secret_key", "", "(made on the first run)"),
        ("mail_url", "smtp://user:hunter2@127.0.0.1:25", "smtp://user:•••@127.0.0.1:25"),
        (
            "mail_url",
            "smtp://a:hunter2@one.example.org smtp://b:hunter3@two.example.org?rate=60",
            "smtp://a:•••@one.example.org smtp://b:•••@two.example.org?rate=60",
        ),
        ("mail_url", "file:var/outbox", "file:var/outbox"),
        (
            "database_url",
            "postgresql+psycopg://web:a%40b@127.0.0.1/web",
            "postgresql+psycopg://web:•••@127.0.0.1/web",
        ),
        (
            "database_url",
            "postgresql+psycopg://web:a/b#c@d@127.0.0.1/web",
            "postgresql+psycopg://web:•••@127.0.0.1/web",
        ),
        (
            "database_url",
            "postgresql+psycopg:///web?user=web&password=hunter2&sslmode=require",
            "postgresql+psycopg:///web?user=web&password=•••&sslmode=require",
        ),
        ("broker_url", "redis://:hunter2@127.0.0.1/0", "redis://:•••@127.0.0.1/0"),
        ("base_url", "https://127.0.0.1:8000", "https://127.0.0.1:8000"),
        ("trusted_proxies", 1, "1"),
    ],
)
def test_no_secret_is_shown(name, value, shown):
    assert config.mask(name, value) == shown


def test_the_command_is_installed():
    pyproject = tomllib.loads((config.ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert pyproject["project"]["scripts"] == {"webinars": "webinars.cli:main"}
