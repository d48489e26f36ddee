"""Every setting: typed, documented in place, read from the environment.

The text under a setting is its manual: `webinars config` prints it, and `docs/settings.md` is
written from it. A value that cannot be used stops the start with one line.
"""

import ast
import difflib
import inspect
import logging
import re
import secrets
import textwrap
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from webinars import logs
from webinars.errors import SettingRefused

ROOT = Path(__file__).parent
TEMPLATES = ROOT / "templates"

EXAMPLES = {
    "database_url": "postgresql+psycopg://webinars@127.0.0.1/webinars",
    "broker_url": "redis://127.0.0.1:6379/0",
    "mail_url": "smtp://127.0.0.1:25",
    "mail_from": "Webinaires <webinaires@example.org>",
    "base_url": "https://webinaires.example.org",
    "trusted_proxies": "1",
    "secret_key": "what `openssl rand -hex 32` prints",
    "data_dir": "/var/lib/webinars",
    "mail_return_path": "bounces+{token}@bounces.example.org",
    "mail_domain_rates": "gmail.com=600 outlook.com=300",
    "intake_url": "imaps://bounces:password@imap.example.org/INBOX",
    "dkim_key": "/etc/webinars/dkim.pem",
    "dkim_selector": "2026",
    "quiet_minutes": "10",
    "metrics_token": "what `openssl rand -hex 32` prints",
    "log_format": "json",
}
SECRETS = {"metrics_token", "secret_key"}
MINIMUM_SECRET_LENGTH = 32
PREFIX = "WEBINARS_"
NO_SETTINGS = re.compile(
    rf"{PREFIX}(TEST_.+|FAULT|(.+_)?SERVICE_(HOST|PORT)(_.+)?|(.+_)?PORT_[0-9]+_.+)"
)
"""What is named like a setting and is none, and rightly there: for the tests, and what Kubernetes
sets in every container beside a service that is called `webinars`, or `webinars-worker`."""
NEARLY_ALIKE = 0.9
"""How like a setting's name one must be that does not begin as settings do: `WEBINAR_MAIL_URL`."""

ATOM = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+"
ADDRESS = f"{ATOM}@{ATOM}"
SENDER = re.compile(rf'(?:[^<>,"@\r\n\0]+ |"[^<>"\r\n\0]+" )?<{ADDRESS}>|{ADDRESS}')
ADDRESSED = re.compile(ADDRESS)
BROKERS = {"amqp", "amqps", "memory", "redis", "rediss"}
RELAY_OPTION = re.compile(r"starttls=require|(?:rate|per_connection)=[1-9][0-9]{0,6}")
PASSWORDS = re.compile(r"(://[^:/@]*:).+(?=@)|([?&][a-z]*password=)[^&]+", re.IGNORECASE)
"""Where passwords stand in addresses: up to the last @, for not everyone writes theirs %40."""


def _split(value: str) -> SplitResult:
    """Take an address apart, and never repeat it: what stands wrong may be half a password.

    :raises ValueError: says what is wrong.
    """
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises on a port that is no number
    except ValueError:
        raise ValueError(
            "is not an address with a host and a port in figures; within a password, "
            "signs such as @ : / # and spaces are written %40 %3A %2F %23 %20"
        ) from None
    return parts


def _check_relay(value: str) -> None:
    """Refuse what is no address of a relay; a slip would send passwords in the clear.

    :raises ValueError: says what is wrong.
    """
    parts = _split(value)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("is neither file:FOLDER nor smtp://host nor smtps://host")
    if parts.query and not all(RELAY_OPTION.fullmatch(one) for one in parts.query.split("&")):
        raise ValueError(
            "knows nothing but starttls=require, rate=NUMBER and per_connection=NUMBER after the ?"
        )
    if parts.path.strip("/") or parts.fragment:
        raise ValueError("has something behind the host; / and # in a password are %2F and %23")


def _fill(address: str) -> str:
    return address.replace("{token}", "token")


class Settings(BaseSettings):
    """The settings of one process."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    database_url: str = "sqlite:///var/webinars.db"
    """Where everything is kept: SQLite for one machine, or `postgresql+psycopg://…`."""

    broker_url: str = "memory://"
    """What carries hints between the parts: `memory://` means exactly one process with pages,
    worker and timer; `redis://…` lets them run apart."""

    mail_url: str = "file:var/outbox"
    """Where mail goes: `file:` and a folder that receives one `.eml` a message, shown at `/outbox`;
    or `smtp://user:password@host:port` (STARTTLS when offered; `?starttls=require` demands it), or
    `smtps://…`. Several relays stand in order of preference, with spaces between them. After the
    host, `?rate=600` sends a relay at most so many messages a minute, `?per_connection=100` so many
    on one connection."""

    mail_from: str = "Webinaires <webinaires@localhost>"
    """The neutral sender of every mail: any address that the relay accepts."""

    base_url: str = "http://127.0.0.1:8000"
    """How the world reaches the pages: every link in a mail begins with it. By default the address
    served."""

    trusted_proxies: int = 0
    """How many proxies in front may set forwarding headers (`X-Forwarded-For`, `-Proto`)."""

    secret_key: str = ""
    """Signs cookies and tokens, at least 32 characters. By default one is made on the first run
    and kept in the data folder. Whoever changes it makes every link given out worthless."""

    data_dir: Path = Path("var")
    """The folder of everything that is not in the database: outbox, journal, documents."""

    mail_return_path: str = ""
    """Where reports of failure go, with `{token}` for the mail that each is about (VERP). By
    default the sender's address, and reports are recognised by the Message-ID that they quote."""

    mail_domain_rates: str = ""
    """How many messages a minute a recipient domain is sent at most: `domain=number`, with spaces
    between several. A domain that asks for less gets less, whatever stands here."""

    intake_url: str = ""
    """Where reports of failure arrive, and what calendars answer to the sender's address:
    `imaps://user:password@host/FOLDER`, or `maildir:PATH`, which must be there. By default nothing
    is read, and calendars are asked for no answer; `webinars intake` takes one message from a mail
    server's pipe."""

    dkim_key: str = ""
    """The file of a private key (RSA or Ed25519, PEM) that signs each message for the sender's
    domain. By default the relay signs, which is faster."""

    dkim_selector: str = ""
    """The selector under which the public key stands in DNS."""

    quiet_minutes: int = 10
    """How long the mails of a change made on the organisers' pages wait, if so wished, before they
    leave: meanwhile they can be looked at, taken back, or replaced by those of another change. `0`:
    they always leave at once, as on the command line."""

    metrics_token: str = ""
    """Who reads `/metrics` shows it as a bearer token. Without one, only this machine may read."""

    log_format: str = "text"
    """How lines of the log look: `text`, or `json` for machines."""

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("is neither sqlite:///… nor postgresql+psycopg://…")
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):
            raise ValueError("is not an address with a host and a port in figures") from None
        if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
            raise ValueError("names no file")
        if "@" in (url.host or ""):
            raise ValueError("has an @ too many: within a password it is written %40")
        return value

    @field_validator("broker_url")
    @classmethod
    def _broker(cls, value: str) -> str:
        parts = _split(value)
        if parts.scheme not in BROKERS or "://" not in value:
            raise ValueError("is neither memory:// nor redis://… nor amqp://…")
        if parts.scheme == "redis" and parts.query:
            raise ValueError("knows nothing after the number of the database")
        return value

    @field_validator("mail_url")
    @classmethod
    def _mail(cls, value: str) -> str:
        relays = value.split()
        if value.startswith("file:") and value.rstrip("/") != "file:":
            if any("://" in one for one in relays[1:]):
                raise ValueError("names a folder and relays: either mail leaves or it does not")
            return value
        if not relays:
            raise ValueError("is empty")
        for relay in relays:
            _check_relay(relay)
        return " ".join(relays)

    @field_validator("mail_return_path")
    @classmethod
    def _return_path(cls, value: str) -> str:
        if value and (value.count("{token}") != 1 or not ADDRESSED.fullmatch(_fill(value))):
            raise ValueError("is not an address with {token} in it")
        return value

    @field_validator("mail_domain_rates")
    @classmethod
    def _domain_rates(cls, value: str) -> str:
        for one in value.split():
            if not re.fullmatch(rf"{ATOM}=[1-9][0-9]{{0,6}}", one):
                raise ValueError(f"holds {one!r}, which is not domain=number")
        return value

    @field_validator("intake_url")
    @classmethod
    def _intake(cls, value: str) -> str:
        parts = _split(value)
        is_server = parts.scheme in {"imap", "imaps"} and parts.hostname and parts.username
        if value and not is_server and not (parts.scheme == "maildir" and parts.path):
            raise ValueError("is neither imaps://user:password@host/FOLDER nor maildir:PATH")
        return value

    @field_validator("dkim_selector")
    @classmethod
    def _selector(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", value):
            raise ValueError("is not letters, digits, hyphens and dots")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _metrics(cls, value: str) -> str:
        if value and len(value) < MINIMUM_SECRET_LENGTH:
            raise ValueError(f"is shorter than {MINIMUM_SECRET_LENGTH} characters")
        return value

    @field_validator("log_format")
    @classmethod
    def _format(cls, value: str) -> str:
        if value not in {"text", "json"}:
            raise ValueError("is neither text nor json")
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        if not SENDER.fullmatch(value):
            raise ValueError("is not a name and an address")
        return value

    @field_validator("base_url")
    @classmethod
    def _base(cls, value: str) -> str:
        parts = _split(value)
        has_more = parts.query or parts.fragment or parts.username or re.search(r"\s", value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or has_more:
            raise ValueError("is not an http:// or https:// address")
        return value.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: int) -> int:
        if not 0 <= value <= 10:
            raise ValueError("is not a number from 0 to 10")
        return value

    @field_validator("quiet_minutes")
    @classmethod
    def _quiet(cls, value: int) -> int:
        if not 0 <= value <= 1440:
            raise ValueError("is not a number of minutes from 0 to 1440")
        return value

    @field_validator("secret_key")
    @classmethod
    def _secret(cls, value: str) -> str:
        if value and len(value) < MINIMUM_SECRET_LENGTH:
            raise ValueError(f"is shorter than {MINIMUM_SECRET_LENGTH} characters")
        return value

    @field_validator("data_dir", mode="before")
    @classmethod
    def _data(cls, value: object) -> object:
        if not str(value).strip():
            raise ValueError("is empty")
        return value

    @property
    def journal_dir(self) -> Path:
        """The folder of the journals of what is being sent."""
        return self.data_dir / "journal"

    @property
    def uploads_dir(self) -> Path:
        """The folder of lists that were sent, for a day."""
        return self.data_dir / "uploads"

    @property
    def documents_dir(self) -> Path:
        """The folder of the events' documents, by digest."""
        return self.data_dir / "documents"

    @property
    def outbox_dir(self) -> Path | None:
        """The folder that mail is written to; `None` when it really leaves."""
        parts = urlsplit(self.mail_url)
        return Path(parts.netloc + parts.path) if parts.scheme == "file" else None

    @property
    def domain_rates(self) -> dict[str, int]:
        """How many messages a minute each recipient domain is sent at most."""
        pairs = (one.partition("=") for one in self.mail_domain_rates.split())
        return {domain.lower(): int(rate) for domain, _, rate in pairs}

    def get_secret(self) -> bytes:
        """Return the secret that signs cookies and tokens, making one on the first run.

        :raises SettingRefused: the one that is kept is too short to sign with.
        """
        if self.secret_key:
            return self.secret_key.encode()
        path = self.data_dir / "secret_key"
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            fresh = path.with_suffix(f".{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32))
            try:
                path.hardlink_to(fresh)  # two processes that start together agree on the first
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        secret = path.read_bytes().strip()
        if len(secret) < MINIMUM_SECRET_LENGTH:
            reason = f"{path} holds fewer than {MINIMUM_SECRET_LENGTH} characters"
            raise SettingRefused("WEBINARS_SECRET_KEY", reason, EXAMPLES["secret_key"])
        return secret


def read(**overrides: object) -> Settings:
    """Read the settings from the environment; an override wins over it.

    :raises SettingRefused: a value cannot be used.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise SettingRefused(f"{PREFIX}{name.upper()}", reason, EXAMPLES[name]) from error


def list_unknown(environment: Iterable[str]) -> dict[str, str | None]:
    """List what is named like a setting and is none, each with the setting that may be meant.

    Nothing else would tell of a slip: what is not set has its default.
    """
    names = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    unknown = {}
    for name in sorted(environment):
        said = name.upper()  # as they are read
        if said in names or NO_SETTINGS.fullmatch(said):
            continue
        meant = _find_meant(said, names)
        if meant or said.startswith(PREFIX):
            unknown[name] = meant
    return unknown


def _find_meant(said: str, names: list[str]) -> str | None:
    """Find the setting whose name is most like the one that was said."""
    if not said.startswith(PREFIX):
        return next(iter(difflib.get_close_matches(said, names, 1, NEARLY_ALIKE)), None)
    ends = {name.removeprefix(PREFIX): name for name in names}
    found = difflib.get_close_matches(said.removeprefix(PREFIX), ends, 1)
    return ends[found[0]] if found else None


@cache
def describe() -> dict[str, str]:
    """Return the text under each setting, by its name in lower case."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(Settings)))
    body = tree.body[0].body  # type: ignore[attr-defined]
    texts = {}
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
            texts[ast.unparse(field.target)] = " ".join(ast.literal_eval(below.value).split())
    return {name: text for name, text in texts.items() if name in Settings.model_fields}


def mask(name: str, value: object) -> str:
    """Return a value as it may be shown: no secret and no password in it."""
    text = str(value)
    if name in SECRETS:
        return "•••" if text else "(made on the first run)"
    # Each of several relays has a password of its own.
    shown = text.split(" ") if name == "mail_url" else [text]
    return " ".join(PASSWORDS.sub(r"\1\2•••", one) for one in shown)


def set_up_logging() -> None:
    """Write the log to standard error: one line an outcome, never a name, an address or a token."""
    try:
        log_format = read().log_format
    except SettingRefused:  # whoever needs the settings will say what is wrong with them
        log_format = "text"
    handler = logging.StreamHandler()
    handler.setFormatter(logs.make_formatter(log_format))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("alembic", "dramatiq", "pika"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
