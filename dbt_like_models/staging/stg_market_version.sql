/*
title: What a market's listing said, one row for each change, so that a join reads changes and not every day
grain: [day, venue, market]
columns:
  day: UTC date of the first list that said so
  venue: exchange
  market: the venue's own id of the market
  asset: base after the alias table
  multiplier: coins of the asset in one unit of the listed base
  direction: linear pays in quote, inverse in base, quanto in a third coin
  funding_interval_hours: hours between funding settlements that the venue named, NULL if it names none
checks:
  rows_if: raw.markets
  not_null: [asset, multiplier]
*/
-- A market that was in no list for a week begins anew: what it said before need not be looked for in all history.
with lists as (
    select
        day, venue, market, asset, multiplier, direction, funding_interval_hours,
        lag(day) over (partition by venue, market order by day) as day_before,
        lag((asset, multiplier, direction, funding_interval_hours)) over (
            partition by venue, market order by day
        ) as said_before
    from staging.stg_markets
    where day >= $from_day::date - 7
)
select day, venue, market, asset, multiplier, direction, funding_interval_hours
from lists
where
    day >= $from_day::date
    and (
        day_before is null or day - day_before > 7
        or said_before is distinct from (asset, multiplier, direction, funding_interval_hours)
    )
