"""How OKX lists its instruments. Open interest, prices and rates are worded in `okx.py`."""

from __future__ import annotations

from pipeline.replay.wire.base import Json, text_or_empty
from pipeline.replay.world import Market

KINDS = {"SWAP": "swap", "FUTURES": "future", "SPOT": "spot"}


def kind_name(market: Market) -> str:
    """The venue's word for the kind of a market."""
    return next(name for name, kind in KINDS.items() if kind == market.kind)


def family(market: Market) -> str:
    """The pair of currencies, which names the index and the instrument family."""
    return f"{market.base}-{market.quote}"


def instrument(market: Market) -> Json:
    """One row of the list: contract value and its currency, settlement coin, listing and expiry."""
    is_spot = market.kind == "spot"
    is_inverse = market.direction == "inverse"
    return {
        "alias": "",
        "baseCcy": market.base if is_spot else "",
        "category": "1",
        "ctMult": "" if is_spot else "1",
        "ctType": market.direction or "",
        "ctVal": text_or_empty(market.contract_size),
        "ctValCcy": "" if is_spot else (market.quote if is_inverse else market.base),
        "expTime": "" if market.expires_ms is None else str(market.expires_ms),
        "instFamily": "" if is_spot else family(market),
        "instId": market.id,
        "instType": kind_name(market),
        "lever": "",
        "listTime": str(market.listed_ms or market.effective_ms),
        "lotSz": "1" if is_inverse else "0.01",
        "maxIcebergSz": "100000000",
        "maxLmtAmt": "20000000",
        "maxLmtSz": "100000000",
        "maxMktAmt": "",
        "maxMktSz": "30000",
        "maxStopSz": "30000",
        "maxTriggerSz": "100000000",
        "maxTwapSz": "100000000",
        "minSz": "1" if is_inverse else "0.01",
        "optType": "",
        "quoteCcy": market.quote if is_spot else "",
        "settleCcy": market.settle or "",
        "state": "live",
        "stk": "",
        "tickSz": "0.00000001",
        "uly": "" if is_spot else family(market),
    }
