"""The only reader of environment variables. Typed, with safe defaults; everything else takes a Settings.

Keys are not part of Settings: they are read at the moment a venue is asked, and the object that holds them
does not print them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import SettingsError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Settings:
    """Where things are and how patient we are."""

    home: Path
    redirect: str | None = None  # base address of an embedded exchange; loopback only
    timeout_seconds: float = 15.0
    attempts: int = 2
    coverage_floor_ratio: float = 0.5
    paces_replay: bool = False  # keep the venues' limits towards an embedded exchange, too
    notify_urls: tuple[str, ...] = field(default=(), repr=False)  # they hold passwords

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
        )

    def prepare(self) -> None:
        """Create the home folder and prove that it can be written; raises SettingsError with the remedy."""
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


@dataclass(frozen=True)
class VenueKey:
    """A read-only key of one venue."""

    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    password: str | None = field(default=None, repr=False)


def key_variable(venue: str) -> str:
    """The environment variable that holds a venue's key; its _SECRET and _PASSWORD stand beside it."""
    return f"MARGIN_DEBT_{venue.upper()}_KEY"


def venue_key(venue: str, environment: Mapping[str, str] | None = None) -> VenueKey | None:
    """The key that the environment holds for a venue, None without one."""
    env = os.environ if environment is None else environment
    name = key_variable(venue)
    key, secret = env.get(name), env.get(name.removesuffix("_KEY") + "_SECRET")
    if not key or not secret:
        return None
    return VenueKey(key, secret, env.get(name.removesuffix("_KEY") + "_PASSWORD"))


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
