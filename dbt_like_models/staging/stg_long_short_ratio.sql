/*
title: Longs over shorts among the accounts of a venue, by population
grain: [day, venue, market, population, observed_at, known_at]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  market: the venue's own id of the market
  population: accounts (all, each counts once), top_accounts (the largest), top_positions (theirs, by size)
  observed_at: UTC instant of the observation, the fetch time where the venue sends none
  known_at: UTC instant from which it was known
  distance_hours: hours between the observation and the end of the day
  long_short: as sent, in unit
  unit: ratio (longs over shorts) or long_share (longs over both)
  long_short_ratio: longs over shorts, NULL where there is no short at all
checks:
  rows_if: raw.long_short_ratio
  range: {long_short_ratio: [0, null]}
  values: {population: [accounts, top_accounts, top_positions], unit: [ratio, long_share]}
*/
with observations as (
    select
        unnest(candidate_days(coalesce(observed_at, fetched_at))) as day, venue, market, population,
        coalesce(observed_at, fetched_at) as observed_at,
        case when is_backfilled then observed_at + to_seconds(publication_lag_hours * 3600) else fetched_at end
            as known_at,
        long_short, unit, tolerance_hours
    from raw.long_short_ratio
    where day >= $from_day::date
)
select
    day, venue, market, population, observed_at, known_at,
    hours_between(observed_at, end_of(day)) as distance_hours, long_short, unit,
    case unit
        when 'ratio' then long_short
        when 'long_share' then safe_ratio(long_short, 1 - long_short)
        else error('unknown unit of longs and shorts ' || unit)
    end as long_short_ratio
from observations
where day >= $from_day::date and hours_between(observed_at, end_of(day)) <= tolerance_hours
qualify row_number() over (
    partition by day, venue, market, population, observed_at, known_at order by long_short
) = 1
