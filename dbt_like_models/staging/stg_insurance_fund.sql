/*
title: What the venues' insurance funds hold
grain: [day, venue, fund, currency, observed_at, known_at]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  fund: the venue's own name of the fund, a market's id where each market has its own
  currency: currency after the alias table
  observed_at: UTC instant of the observation, the fetch time where the venue sends none
  known_at: UTC instant from which it was known
  distance_hours: hours between the observation and the end of the day
  unit: currency (units of it) or usd (the venue's own dollar figure)
  balance: as sent, in unit
checks:
  rows_if: raw.insurance_fund
  values: {unit: [currency, usd]}
*/
with observations as (
    select
        unnest(candidate_days(coalesce(observed_at, fetched_at))) as day, venue, market as fund, currency,
        coalesce(observed_at, fetched_at) as observed_at,
        case when is_backfilled then observed_at + to_seconds(publication_lag_hours * 3600) else fetched_at end
            as known_at,
        unit, balance, tolerance_hours
    from raw.insurance_fund
    where day >= $from_day::date
)
select
    o.day, o.venue, o.fund, coalesce(a.asset, o.currency) as currency, o.observed_at, o.known_at,
    hours_between(o.observed_at, end_of(o.day)) as distance_hours, o.unit, o.balance
from observations as o
left join seeds.asset_aliases as a on a.venue = o.venue and a.name = o.currency
where o.day >= $from_day::date and hours_between(o.observed_at, end_of(o.day)) <= o.tolerance_hours
qualify row_number() over (
    partition by o.day, o.venue, o.fund, coalesce(a.asset, o.currency), o.observed_at, o.known_at
    order by o.balance
) = 1
