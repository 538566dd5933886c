"""Every encoder against what the venues were recorded to send: the same keys and the same JSON types.

The recordings stand beside the checkout (`shared/venues`, or the folder MARGIN_DEBT_SHARED names); elsewhere
these tests are skipped. Numbers are checked in test_wire_numbers.py.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from pipeline.replay.history import read_history
from pipeline.replay.wire import wires
from pipeline.replay.wire.base import Request
from pipeline.replay.world import World

NOW_MS = 1_772_409_900_000  # 2026-03-02 00:05 UTC
PROJECT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("MARGIN_DEBT_SHARED", PROJECT.parent / "shared"))
SAMPLES = SHARED / "venues" / "wire_samples"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"there are no recordings in {SAMPLES}"),
]

HOSTS = {
    "fapi": ("binance", "fapi.binance.com"),
    "dapi": ("binance", "dapi.binance.com"),
    "okx": ("okx", "www.okx.com"),
    "hyperliquid": ("hyperliquid", "api.hyperliquid.xyz"),
    "bitfinex": ("bitfinex", "api-pub.bitfinex.com"),
    "mexc": ("mexc", "api.mexc.com"),
    "whitebit": ("whitebit", "whitebit.com"),
    "htx": ("htx", "api.hbdm.vn"),
    "bybit": ("bybit", "api.bybit.com"),
    "bitget": ("bitget", "api.bitget.com"),
    "gate": ("gate", "api.gateio.ws"),
}

OKX_RATIO = "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract"
# Where, path and query at the replay; name and api of the recording; keys the replay adds to it.
CASES = (
    """
fapi /fapi/v1/exchangeInfo - GetExchangeInfo UsdFutures -
dapi /dapi/v1/exchangeInfo - GetExchangeInfo CoinFutures -
fapi /fapi/v1/openInterest symbol=BTCUSDT GetOpenInterest UsdFutures -
dapi /dapi/v1/openInterest symbol=ETHUSD_PERP GetOpenInterest CoinFutures -
fapi /futures/data/openInterestHist symbol=BTCUSDT&period=1d GetOpenInterestHistory UsdFutures -
dapi /futures/data/openInterestHist {dapi_history} GetOpenInterestHistory CoinFutures -
fapi /fapi/v1/premiumIndex symbol=BTCUSDT GetMarkPrice UsdFutures -
dapi /dapi/v1/premiumIndex - GetMarkPrices CoinFutures -
fapi /fapi/v1/ticker/24hr symbol=BTCUSDT GetTicker UsdFutures -
dapi /dapi/v1/ticker/24hr - GetTickers CoinFutures -
fapi /fapi/v1/fundingInfo - GetFundingInfo UsdFutures -
fapi /fapi/v1/fundingRate symbol=BTCUSDT GetFundingRates UsdFutures -
dapi /dapi/v1/fundingRate symbol=ETHUSD_PERP GetFundingRates CoinFutures -
fapi /futures/data/globalLongShortAccountRatio {fapi_ratio} GetGlobalLongShortAccountRatio UsdFutures -
dapi /futures/data/globalLongShortAccountRatio {dapi_ratio} GetGlobalLongShortAccountRatio CoinFutures -
fapi /futures/data/topLongShortAccountRatio {fapi_ratio} GetTopLongShortAccountRatio UsdFutures -
dapi /futures/data/topLongShortAccountRatio {dapi_ratio} GetTopLongShortAccountRatio CoinFutures -
fapi /futures/data/topLongShortPositionRatio {fapi_ratio} GetTopLongShortPositionRatio UsdFutures -
dapi /futures/data/topLongShortPositionRatio {dapi_ratio} GetTopLongShortPositionRatio CoinFutures -
fapi /fapi/v1/insuranceBalance symbol=BTCUSDT GetInsuranceFundBalances UsdFutures -
okx {okx_ratio} GetRubikLongShortRatio UnifiedApi -
okx /api/v5/public/position-tiers {okx_family}&tdMode=cross GetPositionTiers UnifiedApi -
okx /api/v5/public/insurance-fund {okx_family} GetInsuranceFund UnifiedApi -
okx /api/v5/public/instruments instType=SWAP GetSymbols UnifiedApi -
okx /api/v5/public/open-interest instType=SWAP GetOpenInterests UnifiedApi oiUsd
okx /api/v5/public/funding-rate instId=ANY GetFundingRates UnifiedApi nextFundingRate,prevFundingTime
okx /api/v5/public/funding-rate-history instId=BTC-USDT-SWAP GetFundingRateHistory UnifiedApi -
okx /api/v5/public/mark-price instType=SWAP GetMarkPrices UnifiedApi -
okx /api/v5/market/tickers instType=SWAP GetTickers UnifiedApi -
okx /api/v5/market/index-tickers quoteCcy=USDT GetIndexTickers UnifiedApi -
okx /api/v5/public/interest-rate-loan-quota - GetInterestRates UnifiedApi -
hyperliquid /info type=meta GetExchangeInfo Futures {tables}
hyperliquid /info type=metaAndAssetCtxs GetExchangeInfoAndTickers Futures dayBaseVlm,{tables}
hyperliquid /info type=fundingHistory&coin=BTC&startTime=1 GetFundingRateHistory Futures -
hyperliquid /info type=spotMeta GetExchangeInfo Spot -
bitfinex /v2/conf/pub:info:pair - GetSymbols Spot -
bitfinex /v2/conf/pub:info:pair:futures - GetFuturesSymbols Spot -
bitfinex /v2/tickers symbols=tBTCUSD GetTickers Spot -
bitfinex /v2/funding/stats/fUSD/hist - GetFundingStatistics Spot -
bitfinex /v2/liquidations/hist - GetLiquidations Spot -
mexc /api/v1/contract/detail - GetSymbols Futures -
mexc /api/v1/contract/ticker - GetTickers Futures -
mexc /api/v1/contract/funding_rate/BTC_USDT - GetFundingRate Futures -
mexc /api/v1/contract/funding_rate/history symbol=BTC_USDT GetFundingRateHistory Futures -
whitebit /api/v4/public/markets - GetAssets V4 -
whitebit /api/v4/public/futures - GetFuturesSymbols V4 funding_interval_minutes
whitebit /api/v4/public/funding-history/BTC_PERP - GetFundingHistory V4 -
htx /linear-swap-api/v1/swap_contract_info - GetContractInfo Usdt trade_partition
htx /linear-swap-api/v1/swap_his_open_interest {htx_history} GetOpenInterestHistory Usdt -
bybit /v5/market/instruments-info category=linear GetLinearInverseSymbols V5Api -
bybit /v5/market/tickers category=inverse GetLinearInverseTickers V5Api {bybit_new},fundingIntervalHour
bybit /v5/market/open-interest {bybit_inverse}&intervalTime=1d GetOpenInterest V5Api {bybit_new}
bybit /v5/market/funding/history category=linear&symbol=BTCUSDT GetFundingRateHistory V5Api -
bybit /v5/market/account-ratio category=linear&symbol=BTCUSDT&period=1h GetLongShortRatio V5Api nextPageCursor
bybit /v5/market/risk-limit {bybit_inverse} GetRiskLimit V5Api mmDeduction,nextPageCursor
bybit /v5/market/insurance - GetInsurance V5Api -
bybit /v5/spot-margin-trade/data - GetSpotMarginData V5Api retExtInfo,time
bitget /api/v2/mix/market/contracts productType=USDT-FUTURES GetContracts Futures -
bitget /api/v2/mix/market/tickers productType=COIN-FUTURES GetTickers Futures markPrice
bitget /api/v2/mix/market/current-fund-rate productType=USDT-FUTURES GetFundingRate Futures {bitget_new}
bitget /api/v2/mix/market/history-fund-rate symbol=BTCUSDT GetHistoricalFundingRate Futures -
gate /api/v4/futures/usdt/contracts - GetContracts PerpetualFutures status
gate /api/v4/futures/usdt/tickers - GetTickers PerpetualFutures -
gate /api/v4/futures/usdt/contract_stats contract=BTC_USDT&interval=1h GetContractStats PerpetualFutures -
gate /api/v4/futures/usdt/funding_rate contract=BTC_USDT GetFundingRateHistory PerpetualFutures -
gate /api/v4/futures/usdt/liq_orders from=1772405900&to=1772409500 GetLiquidations PerpetualFutures -
gate /api/v4/futures/usdt/risk_limit_tiers contract=BTC_USDT GetRiskLimitTiers PerpetualFutures -
gate /api/v4/futures/usdt/insurance - GetInsuranceBalanceHistory PerpetualFutures -
""".replace("{dapi_history}", "pair=ETHUSD&contractType=PERPETUAL&period=1d")
    .replace("{htx_history}", "contract_code=BTC-USDT&period=60min&amount_type=1&size=200")
    .replace("{dapi_ratio}", "pair=ETHUSD&period=1d")
    .replace("{fapi_ratio}", "symbol=BTCUSDT&period=1d")
    .replace("{okx_ratio}", f"{OKX_RATIO} instId=BTC-USDT-SWAP&period=1Dutc")
    .replace("{tables}", "marginTables,marginTableId")
    .replace("{bybit_inverse}", "category=inverse&symbol=BTCUSD")
    .replace("{bybit_new}", "singleOpenInterest,singleOpenInterestValue")
    .replace("{bitget_new}", "fundingRateInterval,nextUpdate,minFundingRate,maxFundingRate")
    .replace("{okx_family}", "instType=SWAP&instFamily=BTC-USDT")
    .strip()
    .splitlines()
)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def compare(ours: Any, recorded: Any, added: set[str], where: str) -> None:
    """The first element of every list, key by key; null says nothing about a type."""
    if ours is None or recorded is None:
        return
    if isinstance(recorded, dict):
        assert isinstance(ours, dict), where
        optional = {"isDelisted", "onlyIsolated"}  # sent by the venue only where they are true
        assert set(ours) - added - optional == set(recorded) - optional, where
        for key in set(ours) & set(recorded):
            compare(ours[key], recorded[key], added, f"{where}.{key}")
    elif isinstance(recorded, list):
        assert isinstance(ours, list), where
        is_record = any(not isinstance(item, dict | list) for item in recorded) and "[" in where
        if is_record:  # fields by position
            for position, (mine, theirs) in enumerate(zip(ours, recorded, strict=False)):
                compare(mine, theirs, added, f"{where}[{position}]")
        elif recorded and ours:
            compare(ours[0], recorded[0], added, f"{where}[0]")
    elif is_number(recorded):
        assert is_number(ours), f"{where}: {ours!r} against {recorded!r}"
    else:
        assert type(ours) is type(recorded), f"{where}: {ours!r} against {recorded!r}"


@pytest.mark.parametrize("case", CASES, ids=lambda line: "-".join(line.split()[:2]))
def test_keys_and_types_as_recorded(case: str, tiny: Path) -> None:
    where, path, query, name, api, added = case.split()
    venue, host = HOSTS[where]
    asked: dict[str, Any] = dict(parse_qsl(query))
    if "startTime" in asked:
        asked["startTime"] = int(asked["startTime"])
    samples = json.loads((SAMPLES / f"{venue}.json").read_text())
    recorded = next(s["response"] for s in samples if s["name"] == name and s["api"].startswith(api))
    body = asked if venue == "hyperliquid" else {}
    request = Request(host, path, {} if body else asked, body)
    answer = wires()[venue].answer(request, World(read_history(tiny)), NOW_MS)
    compare(answer, recorded, set(added.split(",")), path)


def test_a_recorded_okx_row_is_worded_the_same(tiny: Path) -> None:
    recorded = json.loads((SHARED / "venues" / "wire" / "okx.json").read_text())
    row = next(e for e in recorded if e["method"] == "fetchOpenInterest")["httpResponse"]["data"][0]
    request = Request("www.okx.com", "/api/v5/public/open-interest", {"instId": "BTC-USDT-SWAP"})
    ours = wires()["okx"].answer(request, World(read_history(tiny)), NOW_MS)["data"][0]
    assert {key: type(value) for key, value in ours.items()} == {key: type(v) for key, v in row.items()}
    # In both, coins per contract are 0.01.
    for sent in (row, ours):
        assert float(sent["oiCcy"]) / float(sent["oi"]) == pytest.approx(0.01, rel=1e-12)
