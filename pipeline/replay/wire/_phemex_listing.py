"""How Phemex lists its perpetuals: two product lists, the older of them twice. Tickers are in `phemex.py`.

The scales of fixed-point numbers are the list's own. The replay lists finer ones than the venue does today,
so that every truth can be said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.replay.wire.base import Json, text
from pipeline.replay.world import Market, Tier

PRICE_SCALE, RATIO_SCALE, VALUE_SCALE = 8, 10, 8
_NEW_SETTLES = {"USDT", "USDC"}


def is_old(market: Market) -> bool:
    """Whether a perpetual is of the older kind, which counts contracts in integers."""
    return market.settle not in _NEW_SETTLES


def funding_symbol(market: Market) -> str:
    """The name under which the funding of a perpetual is kept."""
    return f".{market.id.removesuffix('USD')}FR8H" if is_old(market) else f".{market.id}FR8H"


def products(markets: Sequence[Market], tiers: Mapping[str, Sequence[Tier]]) -> Json:
    """Both lists with their risk limits."""
    old = [market for market in markets if is_old(market)]
    new = [market for market in markets if not is_old(market)]
    return {
        "currencies": [],
        "products": [_product(market) for market in old],
        "perpProductsV2": [_new_product(market) for market in new],
        "riskLimits": [_limits(market, tiers[market.id]) for market in old if tiers[market.id]],
        "riskLimitsV2": [_limits(market, tiers[market.id]) for market in new if tiers[market.id]],
        "ratioScale": RATIO_SCALE,
    }


def _common(market: Market) -> dict[str, Json]:
    return {
        "symbol": market.id,
        "code": 1,
        "displaySymbol": f"{market.base} / {market.quote}",
        "indexSymbol": f".{market.id}",
        "markSymbol": f".M{market.id}",
        "fundingRateSymbol": funding_symbol(market).removesuffix("8H"),
        "fundingRate8hSymbol": funding_symbol(market),
        "settleCurrency": market.settle,
        "quoteCurrency": market.quote,
        "status": "Listed",
        "listTime": market.listed_ms or market.effective_ms,
        "majorSymbol": True,
        "defaultLeverage": "-10",
        "fundingInterval": round((market.interval_hours or 0.0) * 3600),  # seconds
        "maxLeverage": 100,
    }


def _product(market: Market) -> Json:
    return {
        **_common(market),
        "type": "Perpetual",
        "contractUnderlyingAssets": market.quote if market.direction == "inverse" else market.base,
        "contractSize": market.contract_size,
        "lotSize": 1,
        "tickSize": 0.5,
        "priceScale": PRICE_SCALE,
        "ratioScale": RATIO_SCALE,
        "pricePrecision": 1,
        "minPriceEp": 5000,
        "maxPriceEp": 10**15,
        "maxOrderQty": 1_000_000,
    }


def _new_product(market: Market) -> Json:
    return {
        **_common(market),
        "type": "PerpetualV2",
        "contractUnderlyingAssets": market.base,
        "baseCurrency": market.base,
        "tickSize": "0.1",
        "priceScale": 0,
        "ratioScale": 0,
        "pricePrecision": 1,
        "maxOrderQtyRq": "1000",
        "maxPriceRp": "2000000000",
        "minPriceRp": "0.00000001",
        "minOrderValueRv": "1",
        "qtyPrecision": 3,
        "qtyStepSize": "0.001",
    }


def old_product(market: Market) -> Json:
    """An older perpetual in the other list, where the interval counts hours and the size names its unit."""
    unit = market.quote if market.direction == "inverse" else market.base
    return {
        "symbol": market.id,
        "underlyingSymbol": f".{market.base}",
        "quoteCurrency": market.quote,
        "baseCurrency": market.base,
        "settlementCurrency": market.settle,
        "maxOrderQty": 1_000_000,
        "maxPriceEp": 10**15,
        "lotSize": 1,
        "tickSize": "0.5",
        "contractSize": f"{text(market.contract_size or 0.0)} {unit}",
        "priceScale": PRICE_SCALE,
        "ratioScale": RATIO_SCALE,
        "valueScale": VALUE_SCALE,
        "defaultLeverage": 0,
        "maxLeverage": 100,
        "initMarginEr": "100000000",
        "maintMarginEr": "50000000",
        "deleverage": True,
        "makerFeeRateEr": -25_000_000,
        "takerFeeRateEr": 75_000_000,
        "fundingInterval": round(market.interval_hours or 0.0),
        "type": "Perpetual",
    }


def _limits(market: Market, tiers: Sequence[Tier]) -> Json:
    """Risk limits count the settlement currency; the last one is the most that may be held."""
    return {"symbol": market.id, "steps": "50", "riskLimits": [_limit(market, tier) for tier in tiers]}


def _limit(market: Market, tier: Tier) -> Json:
    initial, maintenance = tier.initial_margin_rate or 0.0, tier.maintenance_margin_rate
    if not is_old(market):
        rates = {"initialMarginRr": text(initial), "maintenanceMarginRr": text(maintenance)}
        return {"limit": tier.cap, **rates}
    return {
        "limit": tier.cap,
        "initialMargin": f"{text(round(initial * 100, 8))}%",
        "initialMarginEr": round(initial * 10**RATIO_SCALE),
        "maintenanceMargin": f"{text(round(maintenance * 100, 8))}%",
        "maintenanceMarginEr": round(maintenance * 10**RATIO_SCALE),
    }
