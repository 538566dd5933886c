/*
title: What borrowing a currency costs, a simple fraction a year
grain: [day, venue, currency, kind, observed_at, known_at]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  currency: currency after the alias table
  kind: cross, isolated, or pool (peer-to-peer funding)
  observed_at: UTC instant of the observation, the fetch time where the venue sends none
  known_at: UTC instant from which it was known
  distance_hours: hours between the observation and the end of the day
  rate: as sent, per the period that unit names
  unit: the period the rate is for
  borrow_apr: fraction a year, simple
checks:
  rows_if: raw.borrow_rate
  range: {borrow_apr: [0, 100]}
  values: {kind: [cross, isolated, pool]}
*/
with observations as (
    select
        unnest(candidate_days(coalesce(observed_at, fetched_at))) as day, venue, currency, kind,
        coalesce(observed_at, fetched_at) as observed_at,
        case when is_backfilled then observed_at + to_seconds(publication_lag_hours * 3600) else fetched_at end
            as known_at,
        rate, unit, tolerance_hours
    from raw.borrow_rate
    where day >= $from_day::date
)
select
    o.day, o.venue, coalesce(a.asset, o.currency) as currency, o.kind, o.observed_at, o.known_at,
    hours_between(o.observed_at, end_of(o.day)) as distance_hours,
    o.rate, o.unit, if_possible(borrow_to_apr(o.rate, o.unit), 0, 100) as borrow_apr
from observations as o
left join seeds.asset_aliases as a on a.venue = o.venue and a.name = o.currency
where o.day >= $from_day::date and hours_between(o.observed_at, end_of(o.day)) <= o.tolerance_hours
qualify row_number() over (
    partition by o.day, o.venue, coalesce(a.asset, o.currency), o.kind, o.observed_at, o.known_at
    order by o.rate
) = 1
