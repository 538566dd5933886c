"""Contagion in SQL and in `pipeline/methods`: the same answers on made books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import numpy as np
import pytest
from empty_tables import build_empty

from pipeline.build import FIRST_DAY, build_model
from pipeline.methods.contagion import (
    debtrank_ratio,
    fire_sale,
    linear_debtrank,
    loss_weights,
    shared_losses,
)
from pipeline.models import read_models
from pipeline.warehouse import open_warehouse

MODELS = {model.name: model for model in read_models()}
FIRST, DAYS, VENUES, ASSETS = date(2026, 3, 1), 3, 5, 4
NAMES = [f"venue{place}" for place in range(VENUES)]
TABLES = ("int_contagion", "contagion_daily", "contagion_pairs_daily")
RNG = np.random.default_rng(5)
# a venue x asset grid a day with holes in it; every venue holds the first asset
HELD = RNG.uniform(1e6, 1e9, (DAYS, VENUES, ASSETS)) * (RNG.random((DAYS, VENUES, ASSETS)) < 0.7)
HELD[:, :, 0] = RNG.uniform(1e6, 1e9, (DAYS, VENUES))
MOVES = RNG.uniform(0.005, 0.08, (DAYS, ASSETS))
# own money at the highest, the estimated and the lowest debt: half a percent, a tenth, all of the position
OWN = HELD * RNG.uniform(0.005, 0.01, HELD.shape), HELD * RNG.uniform(0.05, 0.2, HELD.shape), HELD


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("contagion")
    with open_warehouse(home / "warehouse.duckdb", home / "raw") as connection:
        build_empty(connection)
        for at, venue, asset in zip(*np.nonzero(HELD), strict=True):
            connection.execute(
                "insert into intermediate.int_venue_asset values ($1, $2, $3, $4, $5, $6, $7, $8, 1, 1, $9)",
                [
                    FIRST + timedelta(days=int(at)), NAMES[venue], f"asset{asset}",
                    HELD[at, venue, asset], *(float(own[at, venue, asset]) for own in OWN),
                    float(HELD[at, :, asset].sum()), float(MOVES[at, asset]),
                ],
            )  # fmt: skip
        connection.execute(
            "insert into intermediate.int_coverage (vintage, day, venue, seen_ratio)"
            " select distinct 'latest', day, venue, 1 from intermediate.int_venue_asset"
        )
        for name in TABLES:
            build_model(connection, MODELS[name], FIRST_DAY)
        yield connection


@pytest.mark.parametrize("place", range(DAYS))
def test_who_hits_whom(made: duckdb.DuckDBPyConnection, place: int) -> None:
    losses = shared_losses(HELD[place], MOVES[place])
    rows = made.execute(
        "select venue, hit_venue, direct_distress_ratio, distress_low_ratio, distress_ratio,"
        " distress_high_ratio"
        " from marts.contagion_pairs_daily where day = $1",
        [FIRST + timedelta(days=place)],
    ).fetchall()
    assert len(rows) == VENUES * (VENUES - 1)
    # least own money last: the highest debt
    weights = [loss_weights(losses, own[place].sum(axis=1)) for own in (OWN[2], OWN[1], OWN[0])]
    for venue, hit, direct, *distress in rows:
        cause, loser = NAMES.index(venue), NAMES.index(hit)
        wanted = [linear_debtrank(one, np.eye(VENUES)[cause])[loser] for one in weights]
        assert distress == pytest.approx(wanted, rel=1e-9)
        assert direct == pytest.approx(min(1.0, weights[1][cause, loser]), rel=1e-9)
        assert direct <= distress[1] * (1 + 1e-12)
        assert distress == sorted(distress)


@pytest.mark.parametrize("place", range(DAYS))
def test_what_each_venue_costs_the_market(made: duckdb.DuckDBPyConnection, place: int) -> None:
    own = OWN[1][place].sum(axis=1)
    weights = loss_weights(shared_losses(HELD[place], MOVES[place]), own)
    sizes = HELD[place].sum(axis=1)
    rows = made.execute(
        "select venue, debtrank_ratio, fire_sale_ratio from marts.contagion_daily"
        " where day = $1 order by venue",
        [FIRST + timedelta(days=place)],
    ).fetchall()
    assert [row[0] for row in rows] == NAMES
    for cause, (_, said, _) in enumerate(rows):
        seed = np.eye(VENUES)[cause]
        wanted = debtrank_ratio(linear_debtrank(weights, seed), seed, own)
        assert said == pytest.approx(wanted, rel=1e-9)
    # all prices fall by a percent: losses of the second round over those of the first, all venues together
    sold = fire_sale(
        sizes,
        HELD[place] / sizes[:, None],
        (sizes - own) / own,
        MOVES[place] / HELD[place].sum(axis=0),
        np.full(ASSETS, -0.01),
    )
    wanted = float(sizes @ sold.second_returns) / float(sizes @ sold.first_returns)
    assert sum(row[2] for row in rows) == pytest.approx(wanted, rel=1e-9)


def test_building_the_last_day_again_changes_nothing(made: duckdb.DuckDBPyConnection) -> None:
    def content() -> list[object]:
        return [
            made.execute(f"select * from {MODELS[name].table} order by all").fetchall() for name in TABLES
        ]

    whole = content()
    for name in TABLES:
        build_model(made, MODELS[name], FIRST + timedelta(days=DAYS - 1))
    assert content() == whole
