"""What the encoders make of the truth, against numbers worked out by hand from the venues' units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.errors import HistoryInvalid
from pipeline.replay.history import read_history, write_history
from pipeline.replay.wire import venue_names, wires
from pipeline.replay.wire.base import Request, WireError, contracts, text
from pipeline.replay.world import World

FIRST_MS = 1_772_323_200_000  # 2026-03-01 00:00 UTC
SECOND_MS = FIRST_MS + 86_400_000
NOW_MS = SECOND_MS + 300_000
HOUR_MS = 3_600_000
FAPI, DAPI, OKX, BITFINEX = "fapi.binance.com", "dapi.binance.com", "www.okx.com", "api-pub.bitfinex.com"


def ask(world: World, host: str, path: str, now_ms: int = NOW_MS, **query: str) -> Any:
    """The answer of the encoder that speaks for `host`."""
    wire = next(wire for wire in wires().values() if host in wire.hosts)
    return wire.answer(Request(host, path, query), world, now_ms)


@pytest.fixture
def world(tiny: Path) -> World:
    return World(read_history(tiny))


def edited(tiny: Path, folder: Path, **changed: pd.DataFrame) -> World:
    """The tiny world with some tables replaced, through a real folder."""
    write_history(folder, {**read_history(tiny).tables, **changed}, {"title": "edited"})
    return World(read_history(folder))


def test_numbers_are_printed_to_the_last_digit() -> None:
    assert text(1e-05) == "0.00001"
    assert text(5e22) == "50000000000000000000000"
    assert text(0.1 + 0.2) == "0.30000000000000004"
    assert text(26_631.0729999999861) == "26631.072999999986"
    assert text(2136738.0) == "2136738"
    assert contracts(21_367.38, 0.01) == 2_136_738.0  # the plain quotient ends in ...00000000005 or the like
    assert contracts(1 / 3, 0.01) == pytest.approx(33.3333333333333333, rel=1e-15)


def test_coin_margined_contracts_use_the_price_of_their_own_instant(tiny: Path, tmp_path: Path) -> None:
    price = read_history(tiny).tables["price"]
    is_first = (price["market"] == "ETHUSD_PERP") & (
        price["observed_at"] == pd.Timestamp(FIRST_MS, unit="ms", tz="UTC")
    )
    price.loc[is_first, "mark_price"] = 2_000.0
    world = edited(tiny, tmp_path, price=price)
    asked = {"pair": "ETHUSD", "contractType": "PERPETUAL", "period": "1d"}
    first, second = ask(world, DAPI, "/futures/data/openInterestHist", **asked)
    assert first["sumOpenInterest"] == "21200000"  # 106,000 x 2,000 / 10
    assert second["sumOpenInterest"] == "26613524"  # 106,454.096 x 2,500 / 10: 266,135,240 USD
    assert ask(world, DAPI, "/dapi/v1/openInterest", symbol="BTCUSD_260327")["openInterest"] == "15004"


def test_okx_counts_contracts_coins_and_dollars(world: World) -> None:
    rows = ask(world, OKX, "/api/v5/public/open-interest", instType="SWAP")["data"]
    by_id = {row["instId"]: row for row in rows}
    assert by_id["BTC-USDT-SWAP"]["oi"] == "2136738"
    assert by_id["BTC-USDT-SWAP"]["oiCcy"] == "21367.38"
    assert float(by_id["BTC-USDT-SWAP"]["oiUsd"]) == pytest.approx(1_923_085_567.38, rel=1e-12)
    assert by_id["BTC-USD-SWAP"]["oi"] == "4080000"
    assert by_id["BTC-USD-SWAP"]["oiUsd"] == "408000000"
    assert by_id["BTC-USDT-SWAP"]["ts"] == str(SECOND_MS)


def test_okx_days_begin_in_hong_kong_unless_utc_is_asked(world: World) -> None:
    path, instrument = "/api/v5/rubik/stat/contracts/open-interest-history", "BTC-USDT-SWAP"

    def stamps(period: str, **bounds: str) -> list[int]:
        return [int(r[0]) for r in ask(world, OKX, path, instId=instrument, period=period, **bounds)["data"]]

    assert stamps("1Dutc") == [SECOND_MS, FIRST_MS]
    assert stamps("1H") == [SECOND_MS, FIRST_MS]
    assert stamps("1D") == []  # nothing was observed at 16:00 UTC
    assert stamps("1H", begin=str(FIRST_MS)) == [SECOND_MS]  # bounds are exclusive
    assert stamps("1H", end=str(SECOND_MS)) == [FIRST_MS]
    five_days_on = FIRST_MS + 5 * 24 * HOUR_MS + 1  # 1,440 periods of five minutes reach back no further
    rows = ask(world, OKX, path, five_days_on, instId=instrument, period="5m")["data"]
    assert [int(row[0]) for row in rows] == [SECOND_MS]
    assert rows[0][1:3] == ["2136738", "21367.38"]


def test_the_next_settlement_is_shown_before_it_is_paid(world: World) -> None:
    def shown(symbol: str, now_ms: int) -> tuple[str, int]:
        row = ask(world, FAPI, "/fapi/v1/premiumIndex", now_ms, symbol=symbol)
        return row["lastFundingRate"], row["nextFundingTime"]

    assert shown("BTCUSDT", SECOND_MS - 1) == ("0.0001", SECOND_MS)  # predicted
    assert shown("BTCUSDT", SECOND_MS) == ("0.00017", SECOND_MS + 8 * HOUR_MS)
    assert shown("SOLUSDT", SECOND_MS) == ("-0.00025", SECOND_MS + 4 * HOUR_MS)  # none: as last paid
    assert shown("SOLUSDT", SECOND_MS + 9 * HOUR_MS) == ("-0.00025", SECOND_MS + 12 * HOUR_MS)
    assert shown("SOLUSDT", FIRST_MS + 15 * HOUR_MS) == ("0.0001", FIRST_MS + 16 * HOUR_MS)
    assert shown("1000PEPEUSDT", SECOND_MS) == ("", 0)  # the folder knows no funding of it


def test_a_missing_index_is_said_as_each_venue_says_nothing(tiny: Path, tmp_path: Path) -> None:
    price = read_history(tiny).tables["price"].assign(index_price=float("nan"))
    world = edited(tiny, tmp_path, price=price)
    assert ask(world, FAPI, "/fapi/v1/premiumIndex", symbol="BTCUSDT")["indexPrice"] == ""
    assert ask(world, OKX, "/api/v5/market/index-tickers", quoteCcy="USDT")["data"] == []
    assert ask(world, BITFINEX, "/v2/status/deriv", keys="ALL")[0][4] is None
    hyperliquid = wires()["hyperliquid"]
    request = Request("api.hyperliquid.xyz", "/info", {}, {"type": "metaAndAssetCtxs"})
    assert hyperliquid.answer(request, world, NOW_MS)[1][0]["oraclePx"] is None


def test_bitfinex_fields_stand_in_their_places(world: World) -> None:
    (row,) = ask(world, BITFINEX, "/v2/status/deriv", keys="ALL")
    assert len(row) == 24
    seen = {position: value for position, value in enumerate(row) if value is not None}
    assert seen == {
        0: "tBTCF0:USTF0", 1: SECOND_MS, 3: 89_990.0, 4: 90_005.0, 6: 1_396_531.673,
        8: SECOND_MS + 8 * HOUR_MS, 10: 5, 12: 0.00014548, 15: 89_990.0, 18: 5775.20348804, 22: 0.0005,
        23: 0.0025,
    }  # fmt: skip
    path = "/v2/status/deriv/tBTCF0:USTF0/hist"
    history = ask(world, BITFINEX, path)
    assert [r[0] for r in history] == [SECOND_MS, FIRST_MS]
    assert history[0][17] == 5775.20348804
    assert history[0][11] == 0.00014548  # predicted for 08:00
    assert ask(world, BITFINEX, path, SECOND_MS + 8 * HOUR_MS)[0][11] == 0.0001  # what 08:00 then paid
    assert [r[0] for r in ask(world, BITFINEX, path, end=str(SECOND_MS - 1), limit="1")] == [FIRST_MS]


def test_a_market_without_a_price_still_has_its_open_interest(tiny: Path, tmp_path: Path) -> None:
    price = read_history(tiny).tables["price"]
    unpriced = {"BTC", "tBTCF0:USTF0", "BTC-USDT-SWAP", "BTC-USD-SWAP"}
    world = edited(tiny, tmp_path, price=price[~price["market"].isin(unpriced)])
    request = Request("api.hyperliquid.xyz", "/info", {}, {"type": "metaAndAssetCtxs"})
    context = wires()["hyperliquid"].answer(request, world, NOW_MS)[1][0]
    assert (context["openInterest"], context["markPx"]) == ("30500.12345", None)
    (row,) = ask(world, BITFINEX, "/v2/status/deriv", keys="ALL")
    assert (row[18], row[15]) == (5775.20348804, None)
    rows = ask(world, OKX, "/api/v5/public/open-interest", instType="SWAP")["data"]
    # Dollar contracts cannot be counted without a price; contracts of coins can, but have no dollars.
    assert [(r["instId"], r["oi"], r["oiUsd"]) for r in rows] == [("BTC-USDT-SWAP", "2136738", "")]


def test_what_a_delisted_market_paid_stays_in_the_history(tiny: Path, tmp_path: Path) -> None:
    markets = read_history(tiny).tables["markets"]
    is_gone = markets["market"] == "BTCUSDT"
    markets.loc[is_gone, "delisted_at"] = pd.Timestamp(SECOND_MS, unit="ms", tz="UTC")
    world = edited(tiny, tmp_path, markets=markets)
    listed = ask(world, FAPI, "/fapi/v1/exchangeInfo")["symbols"]
    assert "BTCUSDT" not in {symbol["symbol"] for symbol in listed}
    paid = ask(world, FAPI, "/fapi/v1/fundingRate", startTime=str(SECOND_MS))
    assert [(row["symbol"], row["fundingRate"]) for row in paid] == [
        ("BTCUSDT", "0.00012345"), ("SOLUSDT", "-0.00025"),
    ]  # fmt: skip


def test_bitfinex_funding_statistics(world: World) -> None:
    (row,) = ask(world, BITFINEX, "/v2/funding/stats/fUSD/hist")
    assert len(row) == 12
    assert row[3] * 365 * 365 == pytest.approx(0.133225, rel=1e-15)
    assert row[7:9] == [300_000_000.5, 250_000_000.25]
    held = ask(world, BITFINEX, "/v2/stats1/pos.size:1m:tBTCUSD:long/hist", limit="1")
    assert held == [[SECOND_MS, 61_234.5]]
    ascending = ask(world, BITFINEX, "/v2/stats1/pos.size:1m:tBTCUSD:long/hist", sort="1")
    assert [r[1] for r in ascending] == [60_000.0, 61_234.5]
    assert ask(world, BITFINEX, "/v2/stats1/pos.size:1m:tETHUSD:long/last") == []


def test_longs_over_shorts_stand_beside_their_shares(world: World) -> None:
    path, asked = "/futures/data/globalLongShortAccountRatio", {"symbol": "BTCUSDT", "period": "1d"}
    rows = ask(world, FAPI, path, **asked)
    assert [row["longShortRatio"] for row in rows] == ["1.25", "1.5"]
    assert rows[1] == {
        "symbol": "BTCUSDT", "longShortRatio": "1.5", "longAccount": "0.6", "shortAccount": "0.4",
        "timestamp": str(SECOND_MS),
    }  # fmt: skip
    assert ask(world, FAPI, path, **{**asked, "period": "5m"}, limit="1") == rows[1:]
    (pair,) = ask(world, DAPI, "/futures/data/topLongShortPositionRatio", pair="ETHUSD", period="1d")
    assert (pair["pair"], pair["longPosition"], pair["shortPosition"]) == ("ETHUSD", "0.2", "0.8")
    path = "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract"
    rows = ask(world, OKX, path, instId="BTC-USDT-SWAP", period="1Dutc")["data"]
    assert rows == [[str(SECOND_MS), "1.25"], [str(FIRST_MS), "0.9398602814619824"]]
    assert ask(world, OKX, f"{path}-top-trader", instId="BTC-USDT-SWAP", period="1Dutc")["data"] == []


def test_margin_tables_in_each_venues_own_bounds(world: World) -> None:
    (linear,) = ask(world, FAPI, "/fapi/v1/leverageBracket", signature="any")
    assert [step["notionalFloor"] for step in linear["brackets"]] == [0, 300_000]
    assert [step["initialLeverage"] for step in linear["brackets"]] == [125, 100]
    (inverse,) = ask(world, DAPI, "/dapi/v2/leverageBracket", signature="any")
    assert inverse["brackets"][0]["qtyCap"] == 15  # coins
    asked = {"instType": "SWAP", "tdMode": "cross"}
    rows = ask(world, OKX, "/api/v5/public/position-tiers", **asked, instFamily="BTC-USD,BTC-USDT")["data"]
    assert [(row["instFamily"], row["tier"], row["minSz"], row["maxSz"]) for row in rows] == [
        ("BTC-USDT", "1", "0", "50"), ("BTC-USDT", "2", "50", ""),
    ]  # fmt: skip
    request = Request("api.hyperliquid.xyz", "/info", {}, {"type": "meta"})
    meta = wires()["hyperliquid"].answer(request, world, NOW_MS)
    btc = next(coin for coin in meta["universe"] if coin["name"] == "BTC")
    tables = dict(meta["marginTables"])
    assert btc["maxLeverage"] == 40
    assert tables[btc["marginTableId"]]["marginTiers"] == [
        {"lowerBound": "0.0", "maxLeverage": 40}, {"lowerBound": "150000000.0", "maxLeverage": 20},
    ]  # fmt: skip
    ((futures,),) = ask(world, BITFINEX, "/v2/conf/pub:info:pair:futures")
    assert (futures[0], futures[1][8:]) == ("BTCF0:USTF0", [0.02, 0.01])


def test_each_closing_is_a_trigger_and_its_execution(world: World) -> None:
    """Signed by the side of the position; the flag after the empty field tells the execution."""
    rows = [row for (row,) in ask(world, BITFINEX, "/v2/liquidations/hist", sort="1")]
    assert [(row[4], row[5], row[8], row[11]) for row in rows] == [
        ("tBTCF0:USTF0", 0.75, 0, 90_011.0), ("tBTCF0:USTF0", 0.75, 1, 90_011.0),
        ("tBTCUSD", -1.5, 0, 90_022.0), ("tBTCUSD", -1.5, 1, 90_022.0),
    ]  # fmt: skip
    later = ask(world, BITFINEX, "/v2/liquidations/hist", start=str(SECOND_MS - 2 * HOUR_MS))
    assert [row[1] for (row,) in later] == [rows[2][1]] * 2
    assert ask(world, BITFINEX, "/v2/liquidations/hist", start=str(SECOND_MS)) == []


def test_insurance_funds_are_coins_dollars_and_a_place_in_the_status(world: World) -> None:
    (fund,) = ask(world, FAPI, "/fapi/v1/insuranceBalance")
    assert fund["symbols"] == ["1000PEPEUSDT", "BTCUSDT", "SOLUSDT"]
    asset = {"asset": "USDT", "marginBalance": "793930579.315848", "updateTime": SECOND_MS}
    assert fund["assets"] == [asset]
    asked = {"instType": "SWAP", "instFamily": "BTC-USD"}
    assert ask(world, OKX, "/api/v5/public/insurance-fund", **asked)["data"][0]["total"] == "1369179138.7489"
    assert ask(world, BITFINEX, "/v2/status/deriv", keys="ALL")[0][6] == 1_396_531.673


@pytest.mark.parametrize(
    ("venue", "market", "change"),
    [
        ("binance", "ETHUSD_PERP", {"notional_unit": "quote"}),
        ("binance", "BTCUSDT", {"max_leverage": 12.5}),
        ("okx", "BTC-USDT-SWAP", {"notional_unit": "base"}),
        ("hyperliquid", "BTC", {"maintenance_margin_rate": 0.01}),
        ("bitfinex", "tBTCF0:USTF0", {"notional_cap": 1e6}),
    ],
)
def test_a_margin_table_that_a_venue_cannot_say_is_refused(
    tiny: Path, tmp_path: Path, venue: str, market: str, change: dict[str, object]
) -> None:
    tiers = read_history(tiny).tables["leverage_tier"]
    (column, value), *_ = change.items()
    tiers.loc[tiers["market"] == market, column] = value
    world = edited(tiny, tmp_path, leverage_tier=tiers)
    with pytest.raises(HistoryInvalid, match=rf"^leverage_tier\.parquet: .*{market}"):
        wires()[venue].check(world)


def test_unknown_things_are_refused_as_the_venue_does(world: World) -> None:
    def refused(host: str, path: str, **query: str) -> tuple[int, Any]:
        with pytest.raises(WireError) as raised:
            ask(world, host, path, **query)
        return raised.value.status, raised.value.body

    invalid = {"code": -1121, "msg": "Invalid symbol."}
    assert refused(FAPI, "/fapi/v1/openInterest", symbol="NOPE") == (400, invalid)
    assert refused(FAPI, "/fapi/v1/openInterest", symbol="ETHUSD_PERP") == (400, invalid)  # is on dapi
    assert refused(FAPI, "/fapi/v1/openInterest")[1]["code"] == -1102
    assert refused(FAPI, "/fapi/v1/depth")[0] == 404
    assert refused(OKX, "/api/v5/public/open-interest", instId="NOPE-USDT-SWAP")[1]["code"] == "51001"
    assert refused(OKX, "/api/v5/public/open-interest")[1]["code"] == "51000"
    assert refused(FAPI, "/fapi/v1/leverageBracket")[0] == 401  # unsigned
    six = ",".join(f"C{n}-USDT" for n in range(6))
    asked = {"instType": "SWAP", "tdMode": "cross", "instFamily": six}
    assert refused(OKX, "/api/v5/public/position-tiers", **asked)[1]["code"] == "51000"
    assert refused(BITFINEX, "/v2/nothing") == (500, ["error", 10020, "path: invalid"])


def test_one_module_a_venue() -> None:
    assert venue_names() >= {"binance", "bitfinex", "hyperliquid", "okx"}
    assert {name: wire.name for name, wire in wires().items()} == {name: name for name in venue_names()}
