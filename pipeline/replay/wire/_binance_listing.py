"""How Binance futures list their markets. Prices, open interest and funding are worded in `binance.py`."""

from __future__ import annotations

from pipeline.replay.wire.base import Json
from pipeline.replay.world import Market

NEVER_MS = 4133404800000  # the delivery date of a perpetual, as the venue writes it
USUAL_INTERVAL_HOURS = 8.0


def pair(market: Market) -> str:
    """The venue's name for the two currencies, without a contract."""
    return market.base + market.quote


def contract_type(market: Market) -> str:
    """PERPETUAL, or the only dated kind the replay lists."""
    return "PERPETUAL" if market.kind == "swap" else "CURRENT_QUARTER"


def exchange_info(markets: list[Market], now_ms: int, has_assets: bool) -> Json:
    """Every market given, with what contract size, settlement coin, expiry and status are read from."""
    limit = {"interval": "MINUTE", "intervalNum": 1, "limit": 2400, "rateLimitType": "REQUEST_WEIGHT"}
    answer: dict[str, Json] = {
        "exchangeFilters": [],
        "rateLimits": [limit],
        "serverTime": now_ms,
        "symbols": [_symbol(market) for market in markets],
        "timezone": "UTC",
    }
    if has_assets:
        settles = dict.fromkeys(m.settle for m in markets)
        answer["assets"] = [
            {"asset": settle, "marginAvailable": True, "autoAssetExchange": 0} for settle in settles
        ]
    return answer


def _symbol(market: Market) -> Json:
    is_inverse = market.direction == "inverse"
    step = "1" if is_inverse else "0.001"
    tick = "0.00000001"
    symbol: dict[str, Json] = {
        "symbol": market.id,
        "pair": pair(market),
        "contractType": contract_type(market),
        "deliveryDate": market.expires_ms or NEVER_MS,
        "onboardDate": market.listed_ms or market.effective_ms,
        "contractStatus" if is_inverse else "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": market.base,
        "quoteAsset": market.quote,
        "marginAsset": market.settle,
        "pricePrecision": 8,
        "quantityPrecision": 0 if is_inverse else 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.010000",
        "marketTakeBound": "0.30",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "10000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "100000000", "stepSize": step},
            {"filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": "100000000", "stepSize": step},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "TAKE_PROFIT", "TRAILING_STOP_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }  # fmt: skip
    if is_inverse:
        size = market.contract_size or 0.0
        symbol["contractSize"] = int(size) if size == int(size) else size
        symbol["equalQtyPrecision"] = 4
    else:
        symbol["settlePlan"] = 0
    return symbol


def funding_info(markets: list[Market]) -> Json:
    """Only the markets whose funding interval is not the usual one, as the venue does."""
    return [
        {
            "symbol": market.id,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": int(market.interval_hours),
            "disclaimer": False,
        }
        for market in markets
        if market.interval_hours is not None and market.interval_hours != USUAL_INTERVAL_HOURS
    ]
