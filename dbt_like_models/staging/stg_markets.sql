/*
title: Markets as each venue listed them, one row a day
grain: [day, venue, market]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  market: the venue's own id of the market
  symbol: ccxt's unified symbol
  base: base currency as listed, multiplier included (1000PEPE)
  quote: quote currency
  settle: currency that margin and profit are paid in
  kind: swap (perpetual), future (dated) or spot
  direction: linear pays in quote, inverse in base, quanto in a third coin
  asset: base after the alias table
  multiplier: coins of the asset in one unit of the listed base
  contract_size: base per contract, USD per contract when inverse
  funding_interval_hours: hours between funding settlements that the venue named, NULL if it names none from 1 to 24
  is_active: whether the venue trades it
  listed_at: UTC instant trading began, NULL where the venue does not say
  expires_at: UTC instant of expiry, NULL for perpetuals
  max_leverage: the largest leverage offered, a multiple of margin
  listed_fetched_at: UTC instant the list was fetched
checks:
  rows_if: raw.markets
  not_null: [base, quote, kind, asset, multiplier, is_active]
  values: {direction: [linear, inverse, quanto], kind: [swap, future, spot]}
*/
with lists as (
    select
        unnest(candidate_days(fetched_at)) as day, venue, market, symbol, base, quote, settle, kind,
        direction, contract_size, if_possible(funding_interval_hours, 1, 24) as funding_interval_hours, is_active, listed_at, expires_at, max_leverage,
        fetched_at as listed_fetched_at
    from raw.markets
    where day >= $from_day::date
),
nearest as (
    select *
    from lists
    where day >= $from_day::date and hours_between(listed_fetched_at, end_of(day)) <= 12
    qualify row_number() over (
        partition by day, venue, market
        order by hours_between(listed_fetched_at, end_of(day)), listed_fetched_at desc, symbol
    ) = 1
)
select
    n.day, n.venue, n.market, n.symbol, n.base, n.quote, n.settle, n.kind, n.direction,
    coalesce(own.asset, general.asset, n.base) as asset,
    coalesce(own.multiplier, general.multiplier, '1')::double as multiplier,
    n.contract_size, n.funding_interval_hours, n.is_active, n.listed_at, n.expires_at, n.max_leverage,
    n.listed_fetched_at
from nearest as n
left join seeds.asset_aliases as own on own.venue = n.venue and own.name = n.base
left join seeds.asset_aliases as general on general.venue = '*' and general.name = n.base
