/*
title: Outstanding margin loans by measure; only `used` is debt
grain: [day, venue, currency, measure, side, collateral_market, observed_at, known_at]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  currency: currency after the alias table
  measure: lent (offered and taken), used (in positions, the debt), position_size (margin positions in coins)
  side: long, short, or both where the measure has no side
  collateral_market: the pair a position is in, or all
  observed_at: UTC instant of the observation
  known_at: UTC instant from which it was known
  distance_hours: hours between the observation and the end of the day
  amount: units of the currency; over 1e15 the row is left out, for no currency has so many
checks:
  rows_if: raw.margin_loan
  range: {amount: [0, null]}
  values: {measure: [lent, used, position_size], side: [long, short, both]}
*/
with observations as (
    select
        unnest(candidate_days(coalesce(observed_at, fetched_at))) as day, venue, currency, measure,
        coalesce(side, 'both') as side, coalesce(collateral_market, 'all') as collateral_market,
        coalesce(observed_at, fetched_at) as observed_at,
        case when is_backfilled then observed_at + to_seconds(publication_lag_hours * 3600) else fetched_at end
            as known_at,
        case unit when 'currency' then amount else error('unknown loan unit ' || unit) end as amount,
        tolerance_hours
    from raw.margin_loan
    where day >= $from_day::date
)
select
    o.day, o.venue, coalesce(a.asset, o.currency) as currency, o.measure, o.side, o.collateral_market,
    o.observed_at, o.known_at, hours_between(o.observed_at, end_of(o.day)) as distance_hours, o.amount
from observations as o
left join seeds.asset_aliases as a on a.venue = o.venue and a.name = o.currency
where o.day >= $from_day::date and hours_between(o.observed_at, end_of(o.day)) <= o.tolerance_hours
    and o.amount <= 1e15
qualify row_number() over (
    partition by
        o.day, o.venue, coalesce(a.asset, o.currency), o.measure, o.side, o.collateral_market, o.observed_at,
        o.known_at
    order by o.amount
) = 1
