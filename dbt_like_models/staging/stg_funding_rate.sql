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
    select
        day, venue, market, kind, settles_at, known_at,
        arg_min(
            {'rate': funding_rate, 'sent_hours': sent_interval_hours, 'distance_hours': distance_hours},
            (distance_hours, funding_rate)
        ) as first_of_equals
    from dated
    group by day, venue, market, kind, settles_at, known_at
),
-- the steps around each settlement, whatever its versions: one pass for the instants before and after
instants as (
    select
        'settled' as kind, venue, market, settles_at,
        lag(settles_at) over (partition by venue, market order by settles_at) as before_at,
        lag(settles_at, 2) over (partition by venue, market order by settles_at) as two_before_at,
        lead(settles_at) over (partition by venue, market order by settles_at) as after_at
    from (select distinct venue, market, settles_at from single where kind = 'settled')
    -- asked for only where a row of the market names no interval itself
    where (venue, market) in (
        select (venue, market) from single where first_of_equals.sent_hours is null
    )
),
-- each list in force: what the one before named, what the first one named, and the days it is looked at
spans as (
    select
        venue, market, day as from_day, funding_interval_hours,
        coalesce(lead(day) over (partition by venue, market order by day), date '9999-12-31') as until_day,
        lag(funding_interval_hours) over (partition by venue, market order by day) as before_interval_hours,
        first_value(funding_interval_hours) over (partition by venue, market order by day) as first_interval_hours,
        case
            when lag(day) over (partition by venue, market order by day) is null then date '0001-01-01' else day
        end as in_force_from
    from staging.stg_market_version
),
listed as (
    select
        s.day, s.venue, s.market, s.kind, s.settles_at, s.known_at,
        s.first_of_equals.distance_hours as distance_hours, s.first_of_equals.rate as funding_rate,
        s.first_of_equals.sent_hours as sent_interval_hours,
        snapped_hours(hours_between(i.settles_at, i.before_at)) as shown_hours,
        snapped_hours(hours_between(i.before_at, i.two_before_at)) as shown_before_hours,
        snapped_hours(hours_between(i.after_at, i.settles_at)) as shown_after_hours,
        coalesce(
            s.first_of_equals.sent_hours, case when s.day >= m.from_day then m.funding_interval_hours end
        ) as named_hours,
        -- the list of a day is fetched at its end; the day began under the list before
        case
            when s.day > m.from_day then m.funding_interval_hours
            when s.day = m.from_day then m.before_interval_hours
        end as named_before_hours,
        m.first_interval_hours as named_later_hours
    from single as s
    left join instants as i
        on i.kind = s.kind and i.venue = s.venue and i.market = s.market and i.settles_at = s.settles_at
    -- a market has few lists that differ, so an equal join that tries each costs less than a sorted one
    left join spans as m
        on m.venue = s.venue and m.market = s.market and s.day >= m.in_force_from and s.day < m.until_day
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
