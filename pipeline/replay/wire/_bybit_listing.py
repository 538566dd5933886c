"""How Bybit lists its contracts and risk limits. Tickers, histories and rates are worded in `bybit.py`."""

from __future__ import annotations

from pipeline.replay.wire.base import Json, text
from pipeline.replay.world import Market, Tier

_TYPES = {
    ("linear", "swap"): "LinearPerpetual",
    ("linear", "future"): "LinearFutures",
    ("inverse", "swap"): "InversePerpetual",
    ("inverse", "future"): "InverseFutures",
}


def instrument(market: Market) -> Json:
    """One row of the list. The funding interval counts minutes; inverse lots are whole dollars."""
    least = "1" if market.direction == "inverse" else "0.001"
    return {
        "symbol": market.id,
        "contractType": _TYPES[market.direction or "", market.kind],
        "status": "Trading",
        "baseCoin": market.base,
        "quoteCoin": market.quote,
        "launchTime": str(market.listed_ms or market.effective_ms),
        "deliveryTime": str(market.expires_ms or 0),
        "deliveryFeeRate": "",
        "priceScale": "8",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": "0.00000001", "maxPrice": "1999999.98", "tickSize": "0.00000001"},
        "lotSizeFilter": {
            "maxOrderQty": "1000000.000",
            "maxMktOrderQty": "100000.000",
            "minOrderQty": least,
            "qtyStep": least,
            "postOnlyMaxOrderQty": "1000000.000",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": round((market.interval_hours or 0.0) * 60),
        "settleCoin": market.settle,
        "copyTrading": "none",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
    }


def risk_limit(market: Market, step: Tier) -> Json:
    """One step: it ends at a value in quote, with rates as fractions; in coins and percent when inverse."""
    leverage = step.max_leverage or 1.0
    initial = 1 / leverage if step.initial_margin_rate is None else step.initial_margin_rate
    scale = 100 if market.direction == "inverse" else 1
    return {
        "id": step.tier,
        "symbol": market.id,
        "riskLimitValue": "" if step.cap is None else text(step.cap),
        "maintenanceMargin": text(step.maintenance_margin_rate * scale),
        "initialMargin": text(initial * scale),
        "isLowestRisk": int(step.tier == 1),
        "maxLeverage": text(leverage),
        "mmDeduction": "",
    }
