"""Hyperliquid's accounts: anyone may read the positions and the money of an address.

Only accounts that the settings list are asked, one call each, of the main exchange. What such accounts
cannot tell about all others is said where they are added up; markets and their levels are `hyperliquid.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipeline.errors import PayloadUnreadable
from pipeline.keys import quoted
from pipeline.records import Dataset, Stamp, Unit, WalletPositionRow
from pipeline.venues.base import Evidence, Reports, instant, number, signed_number

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.venues.asker import Asker

MARGIN_COIN = "USDC"  # in which every account of the main exchange is margined
_ENDPOINT = "publicPostInfo:clearinghouseState"
# What all positions are worth together may be off the venue's own sum by so much.
_MOST_OFF_RATIO = 0.02

WALLETS = Reports(
    unit=Unit.BASE,
    stamp=Stamp.INSTANT,
    tolerance_hours=2,
    how="per_address",
    evidence=Evidence.DOCUMENTED,
    link=(
        "https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/info-endpoint/perpetuals"
        "#retrieve-users-perpetuals-account-summary"
    ),
    needs_addresses=True,
    note="signed coins of the listed name; only accounts that MARGIN_DEBT_HYPERLIQUID_ADDRESSES lists",
)


class Wallets:
    """The dataset of listed accounts, for Hyperliquid's venue class."""

    async def wallet_position(self, ask: Asker) -> None:
        """Every listed account whole, or not at all: its leverage is wrong where a position is missing."""

        async def one(address: str) -> None:
            state = await ask.call("publicPostInfo", {"type": "clearinghouseState", "user": address})
            at = instant(state["time"], "time")
            account = _account(ask, address, state, at)
            positions = list(_positions(ask, address, state, at))
            worth_usd = sum(row.own_usd for row in positions)
            if abs(worth_usd - account.own_usd) > _MOST_OFF_RATIO * max(worth_usd, account.own_usd):
                message = f"positions of {address} are worth {worth_usd:.2f}, their sum {account.own_usd:.2f}"
                raise PayloadUnreadable(message)
            for row in (account, *positions):
                ask.keep(row)

        await ask.each(ask.addresses, one)


def _account(ask: Asker, address: str, state: Mapping[str, Any], at: datetime) -> WalletPositionRow:
    summary = state["marginSummary"]
    return ask.row(
        WalletPositionRow,
        Dataset.WALLET_POSITION,
        market=MARGIN_COIN,
        observed_at=at,
        endpoint=_ENDPOINT,
        payload={key: value for key, value in state.items() if key != "assetPositions"},
        address=address,
        position_side=None,
        amount=0.0,
        own_usd=number(summary["totalNtlPos"], f"totalNtlPos of {address}"),
        margin_usd=number(summary["totalMarginUsed"], f"totalMarginUsed of {address}"),
        set_leverage=None,
        equity_usd=signed_number(summary["accountValue"], f"accountValue of {address}"),
    )


def _positions(
    ask: Asker, address: str, state: Mapping[str, Any], at: datetime
) -> Iterator[WalletPositionRow]:
    seen = set[str]()
    for item in state["assetPositions"]:
        position = item["position"]
        coin = position["coin"]
        name = quoted(coin, 60)
        size = signed_number(position["szi"], f"szi of {name}")
        leverage = number(position["leverage"]["value"], f"leverage of {name}")
        if leverage == 0 or size == 0 or coin in seen:
            message = f"a position of {address} in {name} is empty, twice there or at no leverage"
            raise PayloadUnreadable(message)
        seen.add(coin)
        yield ask.row(
            WalletPositionRow,
            Dataset.WALLET_POSITION,
            market=coin,
            observed_at=at,
            endpoint=_ENDPOINT,
            payload=item,
            address=address,
            position_side="long" if size > 0 else "short",
            amount=abs(size),
            own_usd=number(position["positionValue"], f"positionValue of {name}"),
            margin_usd=number(position["marginUsed"], f"marginUsed of {name}"),
            set_leverage=leverage,
            equity_usd=None,
        )
