"""The only reader of environment variables. Typed, with safe defaults; everything else takes a Settings.

Keys are not part of Settings: they are read at the moment a venue is asked, from the environment or the
file that `keys.py` describes, and the object that holds them does not print them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import SettingsError
from pipeline.keys import VenueKey, read_keys

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LOG_FORMATS = ("text", "json")
_ADDRESSES = re.compile(r"MARGIN_DEBT_([A-Z0-9]+)_ADDRESSES")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@dataclass(frozen=True)
class Settings:
    """Where things are and how patient we are."""

    home: Path
    redirect: str | None = None  # base address of an embedded exchange; loopback only
    timeout_seconds: float = 15.0
    attempts: int = 2
    # Of the market, and of what each venue showed in the week before: below half, more is unseen than seen.
    coverage_floor_ratio: float = 0.5
    paces_replay: bool = False  # keep the venues' limits towards an embedded exchange, too
    notify_urls: tuple[str, ...] = field(default=(), repr=False)  # they hold passwords
    named_keys_file: Path | None = None
    log_format: str = "text"  # or json: one object a line on standard error
    # venue -> public accounts to ask about, in small letters, each once
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_paced(self) -> bool:
        """Whether calls keep to the venues' limits: always towards the venues themselves."""
        return self.redirect is None or self.paces_replay

    @property
    def holds(self) -> Path:
        """Venues that told this machine to stay away, and until when."""
        return self.home / "holds.json"

    @property
    def market_lists(self) -> Path:
        """The market lists of the day, as ccxt parsed them."""
        return self.home / "market_lists"

    @property
    def keys_file(self) -> Path:
        """Where keys of venues may be kept, in the form that `keys.py` reads."""
        return self.named_keys_file or self.home / "keys.toml"

    @property
    def raw(self) -> Path:
        """Immutable Parquet, as the venues sent it."""
        return self.home / "raw"

    @property
    def warehouse(self) -> Path:
        """The writer's database; readers never open it."""
        return self.home / "warehouse.duckdb"

    @property
    def serving(self) -> Path:
        """The published database."""
        return self.home / "serving" / "margin_debt.duckdb"

    @property
    def reports(self) -> Path:
        """One HTML file a day."""
        return self.home / "reports"

    @property
    def last_run(self) -> Path:
        """How the last run ended."""
        return self.home / "last_run.json"

    @property
    def metrics(self) -> Path:
        """The last run in Prometheus' text format."""
        return self.home / "metrics.prom"

    @property
    def built(self) -> Path:
        """Which raw files and seeds the last whole build has read, as a fingerprint."""
        return self.home / "built.json"

    @property
    def dagster(self) -> Path:
        """Dagster's own event log and run storage."""
        return self.home / "dagster"

    @classmethod
    def from_environment(
        cls, home: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> Settings:
        """Settings from MARGIN_DEBT_*; `home` given on the command line wins.

        Raises SettingsError for an address that is not on this machine or a number that is none.
        """
        env = os.environ if environment is None else environment
        chosen = home or Path(env.get("MARGIN_DEBT_HOME", ".margin-debt"))
        return cls(
            home=chosen.expanduser().resolve(),
            redirect=_loopback(env.get("MARGIN_DEBT_REDIRECT")),
            timeout_seconds=_positive(env, "MARGIN_DEBT_TIMEOUT_SECONDS", 15.0),
            attempts=int(_positive(env, "MARGIN_DEBT_ATTEMPTS", 2)),
            coverage_floor_ratio=_positive(env, "MARGIN_DEBT_COVERAGE_FLOOR_RATIO", 0.5),
            paces_replay=env.get("MARGIN_DEBT_PACES_REPLAY", "") not in ("", "0"),
            notify_urls=tuple(
                url.strip() for url in env.get("MARGIN_DEBT_NOTIFY_URLS", "").split(",") if url.strip()
            ),
            named_keys_file=Path(keys).expanduser() if (keys := env.get("MARGIN_DEBT_KEYS_FILE")) else None,
            log_format=log_format(env.get("MARGIN_DEBT_LOG") or "text"),
            addresses=_addresses(env),
        )

    def prepare(self) -> None:
        """Create the home folder, prove that it can be written, and that keys of venues are kept well.

        Raises SettingsError with the remedy.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            probe = self.home / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as problem:
            message = (
                f"cannot write to the home folder {self.home} ({problem.strerror}): "
                "choose another with --home or MARGIN_DEBT_HOME"
            )
            raise SettingsError(message) from problem
        if self.named_keys_file is not None and not self.named_keys_file.exists():
            message = f"MARGIN_DEBT_KEYS_FILE={self.named_keys_file} is not there: unset it or write the file"
            raise SettingsError(message)
        read_keys(self.keys_file)


def log_format(name: str) -> str:
    """How log lines are written; raises SettingsError for a name that is none."""
    if name not in LOG_FORMATS:
        message = f"the log format {name!r} is not known: use {' or '.join(LOG_FORMATS)}"
        raise SettingsError(message)
    return name


def key_variable(venue: str) -> str:
    """The environment variable that holds a venue's key; its _SECRET and _PASSWORD stand beside it."""
    return f"MARGIN_DEBT_{venue.upper()}_KEY"


def addresses_variable(venue: str) -> str:
    """The environment variable that lists public accounts of a venue, commas between them."""
    return f"MARGIN_DEBT_{venue.upper()}_ADDRESSES"


def venue_key(venue: str, keys_file: Path, environment: Mapping[str, str] | None = None) -> VenueKey | None:
    """The key of a venue: the environment's, else the file's; None without one or with half of one."""
    env = os.environ if environment is None else environment
    name = key_variable(venue)
    key, secret = env.get(name), env.get(name.removesuffix("_KEY") + "_SECRET")
    if key and secret:
        return VenueKey(key, secret, env.get(name.removesuffix("_KEY") + "_PASSWORD"))
    return read_keys(keys_file).get(venue)


def _addresses(env: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Public accounts by venue. Letters of an address may be large or small; it is one account."""
    found = {}
    for name, text in env.items():
        listed = _ADDRESSES.fullmatch(name)
        if listed is None:
            continue
        words = [word.strip() for word in text.split(",") if word.strip()]
        for word in words:
            if not _ADDRESS.fullmatch(word):
                message = (
                    f"{name} holds {ascii(word)[:60]}, which is no address: "
                    "write 0x and 40 hexadecimal digits, commas between them"
                )
                raise SettingsError(message)
        if words:
            found[listed[1].lower()] = tuple(dict.fromkeys(word.lower() for word in words))
    return found


def _loopback(address: str | None) -> str | None:
    if not address:
        return None
    parts = urlsplit(address)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        message = (
            f"MARGIN_DEBT_REDIRECT={address} does not point at this machine: "
            "use http://127.0.0.1:PORT as printed by `margin-debt replay`"
        )
        raise SettingsError(message)
    return address.rstrip("/")


def _positive(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not value > 0:
        message = f"{name}={text} is not a positive number: unset it to use {default:g}"
        raise SettingsError(message)
    return value
