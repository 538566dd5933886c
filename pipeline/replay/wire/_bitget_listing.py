"""How Bitget lists its contracts. Tickers, rates, tables and forced orders are worded in `bitget.py`."""

from __future__ import annotations

from pipeline.replay.wire.base import Json
from pipeline.replay.world import Market

# Product types by the currency their contracts are quoted in.
PRODUCTS = {"USDT": "USDT-FUTURES", "USDC": "USDC-FUTURES", "USD": "COIN-FUTURES"}
# A contract that is traded with made money: the venue lists such ones, and nothing about them is a market.
_PRACTICE = {
    "symbol": "SBTCSUSDT",
    "baseCoin": "SBTC",
    "quoteCoin": "SUSDT",
    "supportMarginCoins": ["SUSDT"],
    "symbolType": "perpetual",
    "launchTime": "",
    "deliveryTime": "",
    "fundInterval": "8",
}


def contracts_listed(markets: list[Market], product: str) -> list[Json]:
    """The list of one product type."""
    if product == "SUSDT-FUTURES":
        return [_worded(_PRACTICE)]
    return [_contract(market) for market in markets if PRODUCTS[market.quote] == product]


def _contract(market: Market) -> Json:
    is_dated = market.kind == "future"
    return _worded(
        {
            "symbol": market.id,
            "baseCoin": market.base,
            "quoteCoin": market.quote,
            "supportMarginCoins": [market.settle],
            "symbolType": "delivery" if is_dated else "perpetual",
            "launchTime": str(market.listed_ms or market.effective_ms),
            "deliveryTime": str(market.expires_ms) if is_dated else "",
            "fundInterval": "" if market.interval_hours is None else str(round(market.interval_hours)),
        }
    )


def _worded(known: dict[str, Json]) -> Json:
    """What the replay knows, among the fields that are the same for every contract here."""
    return {
        "symbol": known["symbol"],
        "baseCoin": known["baseCoin"],
        "quoteCoin": known["quoteCoin"],
        "buyLimitPriceRatio": "0.9",
        "sellLimitPriceRatio": "0.9",
        "feeRateUpRatio": "0.1",
        "makerFeeRate": "0.0004",
        "takerFeeRate": "0.0006",
        "openCostUpRatio": "0.1",
        "supportMarginCoins": known["supportMarginCoins"],
        "minTradeNum": "0.001",
        "priceEndStep": "1",
        "volumePlace": "3",
        "pricePlace": "8",
        "sizeMultiplier": "0.001",
        "symbolType": known["symbolType"],
        "minTradeUSDT": "5",
        "maxSymbolOrderNum": "999999",
        "maxProductOrderNum": "999999",
        "maxPositionNum": "150",
        "symbolStatus": "normal",
        "offTime": "-1",
        "limitOpenTime": "-1",
        "deliveryTime": known["deliveryTime"],
        "deliveryStartTime": "",
        "launchTime": known["launchTime"],
        "fundInterval": known["fundInterval"],
        "minLever": "1",
        "maxLever": "125",
        "posLimit": "0.05",
        "maintainTime": "",
    }
