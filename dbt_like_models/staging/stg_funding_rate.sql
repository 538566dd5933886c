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
  funding_rate: fraction per interval, as sent
  interval_hours: hours that the rate covers, never lengthened by a gap; NULL where nothing tells
  funding_apr: fraction a year, simple; NULL where the interval is unknown
checks:
  rows_if: raw.funding_rate
  not_null: [funding_rate]
  range: {funding_rate: [-1, 1], interval_hours: [1, 24]}
  values: {kind: [settled, predicted]}
*/
with observations as (
    select
        venue, market, kind, funding_rate, interval_hours as sent_interval_hours, tolerance_hours,
        coalesce(observed_at, fetched_at) as observed_at,
        -- venues stamp a settlement some milliseconds late
        date_trunc('minute', coalesce(settles_at, fetched_at) + interval 30 seconds) as settles_at,
        case when is_backfilled then observed_at + to_seconds(publication_lag_hours * 3600) else fetched_at end
            as known_at
    from raw.funding_rate
    where day >= $from_day::date - 2
),
dated as (
    select *, ((settles_at - interval 1 second) at time zone 'UTC')::date as day, 0.0 as distance_hours
    from observations
    where kind = 'settled'
    union all by name
    select *, hours_between(observed_at, end_of(day)) as distance_hours
    from (
        select *, unnest(candidate_days(observed_at)) as day
        from observations
        where kind = 'predicted'
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
instants as (
    select
        'settled' as kind, venue, market, settles_at,
        snapped_hours(hours_between(settles_at, lag(settles_at) over (
            partition by venue, market order by settles_at
        ))) as shown_hours
    from (select distinct venue, market, settles_at from single where kind = 'settled')
),
first_list as (
    select venue, market, arg_min(funding_interval_hours, day) as funding_interval_hours
    from staging.stg_markets
    group by venue, market
),
listed as (
    select
        s.*, i.shown_hours,
        coalesce(s.sent_interval_hours, m.funding_interval_hours, f.funding_interval_hours) as named_hours
    from single as s
    left join instants as i
        on i.kind = s.kind and i.venue = s.venue and i.market = s.market and i.settles_at = s.settles_at
    asof left join staging.stg_markets as m on s.venue = m.venue and s.market = m.market and s.day >= m.day
    left join first_list as f on f.venue = s.venue and f.market = s.market
),
usual as (
    select day, venue, market, kind, mode(shown_hours) as usual_hours
    from listed
    where shown_hours is not null
    group by day, venue, market, kind
),
covered as (
    select
        l.*,
        -- a shorter step than the named one proves a change inside the day; a longer one is a gap
        coalesce(least(l.named_hours, l.shown_hours), l.named_hours, u.usual_hours) as interval_hours
    from listed as l
    left join usual as u on u.day = l.day and u.venue = l.venue and u.market = l.market and u.kind = l.kind
)
select
    day, venue, market, kind, settles_at, known_at, distance_hours, funding_rate, interval_hours,
    funding_to_apr(funding_rate, interval_hours) as funding_apr
from covered
where day >= $from_day::date
