/*
title: Supplies and reserves on every day, the last one told by then with its own date
grain: [day, kind, asset]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  kind: circulating_supply, exchange_reserve (both in coins), or stablecoin_supply (in US dollars)
  asset: base after the alias table; all for the whole market
  amount: coins or US dollars, as the kind says; without an import, coins of BTC and ETH only
  told_day: UTC date the amount is true for; older than day where it is carried forward
checks:
  rows_if: intermediate.int_days
  range: {amount: [0, null]}
*/
with days as (
    select day from intermediate.int_days where day >= $from_day::date
),
members as (
    select distinct kind, asset from staging.stg_reference
),
asked as (
    select d.day, m.kind, m.asset from days as d cross join members as m
)
select a.day, a.kind, a.asset, r.amount, r.day as told_day
from asked as a
asof join staging.stg_reference as r on r.kind = a.kind and r.asset = a.asset and a.day >= r.day
