/*
title: Funding rates as a simple fraction a year, settled and predicted apart
grain: [day, venue, market, kind, settles_at, known_at]
columns:
  day: UTC date that the rate belongs to; a settlement at 00:00 belongs to the day that ends then
  venue: exchange
  market: the venue's own id of the market
  kind: settled (paid) or predicted (the venue's running forecast)
  settles_at: UTC instant of payment to the minute; the fetch time for a forecast without one
  known_at: UTC instant from which it was known
  distance_hours: hours between a forecast's observation and the end of the day, 0 for settlements
  funding_rate: fraction per interval, as sent; over a tenth an interval, beyond every venue's cap, the row is left out
  interval_hours: hours that the rate covers, never lengthened by a gap; NULL where nothing tells
  funding_apr: fraction a year, simple; NULL where the interval is unknown
checks:
  rows_if: raw.funding_rate
  not_null: [funding_rate]
  range: {funding_rate: [-0.1, 0.1], interval_hours: [1, 24]}
  values: {kind: [settled, predicted]}
*/
with observations as (
    select
        venue, market, kind, if_possible(interval_hours, 1, 24) as sent_interval_hours, tolerance_hours,
        case unit
            when 'rate_per_interval' then funding_rate
            when 'percent_per_interval' then funding_rate / 100
            else error('unknown funding unit ' || unit)
        end as funding_rate,
        coalesce(observed_at, fetched_at) as observed_at,
        -- venues stamp a settlement some milliseconds late
        nearest_minute(coalesce(settles_at, fetched_at)) as settles_at,
        case when is_backfilled then observed_at + to_seconds(publication_lag_hours * 3600) else fetched_at end
            as known_at
    from raw.funding_rate
    where day >= $from_day::date - 2
),
dated as (
    select *, utc_day(settles_at - interval 1 second) as day, 0.0 as distance_hours
    from observations
    where kind = 'settled' and abs(funding_rate) <= 0.1
    union all by name
    select *, hours_between(observed_at, end_of(day)) as distance_hours
    from (
        select *, unnest(candidate_days(observed_at)) as day
        from observations
        where kind = 'predicted' and abs(funding_rate) <= 0.1 and hours_from_midnight(observed_at) <= tolerance_hours
    )
    where hours_between(observed_at, end_of(day)) <= tolerance_hours
),
single as (
    select *
    from dated
    qualify row_number() over (
        partition by day, venue, market, kind, settles_at, known_at order by distance_hours, funding_rate
    ) = 1
),
steps as (
    select
        venue, market, settles_at,
        snapped_hours(hours_between(settles_at, lag(settles_at) over (
            partition by venue, market order by settles_at
        ))) as shown_hours
    from (select distinct venue, market, settles_at from single where kind = 'settled')
),
instants as (
    select
        'settled' as kind, *,
        lag(shown_hours) over (partition by venue, market order by settles_at) as shown_before_hours,
        lead(shown_hours) over (partition by venue, market order by settles_at) as shown_after_hours
    from steps
),
first_list as (
    select venue, market, arg_min(funding_interval_hours, day) as funding_interval_hours
    from staging.stg_market_version
    group by venue, market
),
listed as (
    select
        s.*, i.shown_hours, i.shown_before_hours, i.shown_after_hours,
        coalesce(s.sent_interval_hours, m.funding_interval_hours) as named_hours,
        b.funding_interval_hours as named_before_hours, f.funding_interval_hours as named_later_hours
    from single as s
    left join instants as i
        on i.kind = s.kind and i.venue = s.venue and i.market = s.market and i.settles_at = s.settles_at
    -- the list of a day is fetched at its end; the day began under the list before
    asof left join staging.stg_market_version as m on s.venue = m.venue and s.market = m.market and s.day >= m.day
    asof left join staging.stg_market_version as b on s.venue = b.venue and s.market = b.market and s.day > b.day
    left join first_list as f on f.venue = s.venue and f.market = s.market
),
covered as (
    select
        *,
        case
            when sent_interval_hours is not null then sent_interval_hours
            -- a shorter step than the named one proves a change inside the day; a longer one is a gap, unless
            -- the venue named just that step before the change
            when named_hours is not null and shown_hours = named_before_hours then shown_hours
            when named_hours is not null then least(named_hours, shown_hours)
            -- before the first list: what a later list names need not have held, the steps around tell
            when shown_hours in (shown_before_hours, shown_after_hours) then shown_hours
            else coalesce(least(shown_hours, shown_before_hours, shown_after_hours), named_later_hours)
        end as interval_hours
    from listed
)
select
    day, venue, market, kind, settles_at, known_at, distance_hours, funding_rate, interval_hours,
    funding_to_apr(funding_rate, interval_hours) as funding_apr
from covered
where day >= $from_day::date
