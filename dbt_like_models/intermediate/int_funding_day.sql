/*
title: Funding of each market on each day, what was paid where that is known
grain: [vintage, day, venue, market]
columns:
  vintage: latest shows every correction; as_known holds only what was known shortly after the day ended
  day: UTC date that the rate belongs to
  venue: exchange
  market: the venue's own id of the market
  funding_apr: fraction a year, simple; rates of the day over the hours they cover
  funding_paid_ratio: fraction of notional that longs paid to shorts over the day, NULL where only a forecast is known
  funding_kind: settled (paid) or predicted (the venue's forecast)
checks:
  rows_if: raw.funding_rate
  values: {funding_kind: [settled, predicted], vintage: [latest, as_known]}
*/
-- both vintages in one pass: of each payment, or of the forecasts, the best version of all and of those known then
with versions as (
    select
        day, venue, market, kind,
        arg_min(
            {'rate': funding_rate, 'hours': interval_hours}, (distance_hours, -epoch_us(known_at), funding_rate)
        ) as latest,
        arg_min(
            {'rate': funding_rate, 'hours': interval_hours}, (distance_hours, -epoch_us(known_at), funding_rate)
        ) filter (where known_at <= heard_until(day, (
            select listens_hours from intermediate.int_vintages where vintage = 'as_known'
        ))) as as_known
    from staging.stg_funding_rate
    where day >= $from_day::date and interval_hours is not null
    group by day, venue, market, kind, case when kind = 'settled' then settles_at end
),
summed as (
    select
        day, venue, market,
        exact_sum(case when kind = 'settled' then latest.rate end) as settled_latest,
        exact_sum(case when kind = 'settled' then latest.hours end) as settled_latest_hours,
        exact_sum(case when kind = 'predicted' then latest.rate end) as predicted_latest,
        exact_sum(case when kind = 'predicted' then latest.hours end) as predicted_latest_hours,
        exact_sum(case when kind = 'settled' then as_known.rate end) as settled_as_known,
        exact_sum(case when kind = 'settled' then as_known.hours end) as settled_as_known_hours,
        exact_sum(case when kind = 'predicted' then as_known.rate end) as predicted_as_known,
        exact_sum(case when kind = 'predicted' then as_known.hours end) as predicted_as_known_hours
    from versions
    group by day, venue, market
),
told as (
    select
        v.vintage, s.day, s.venue, s.market,
        case v.vintage when 'latest' then s.settled_latest else s.settled_as_known end as settled,
        case v.vintage when 'latest' then s.settled_latest_hours else s.settled_as_known_hours end as settled_hours,
        case v.vintage when 'latest' then s.predicted_latest else s.predicted_as_known end as predicted,
        case v.vintage when 'latest' then s.predicted_latest_hours else s.predicted_as_known_hours end
            as predicted_hours
    from summed as s
    cross join intermediate.int_vintages as v
)
-- what was paid before what was forecast
select
    vintage, day, venue, market,
    case when settled_hours > 0 then settled * 8760 / settled_hours else predicted * 8760 / predicted_hours end
        as funding_apr,
    case when settled_hours > 0 then settled end as funding_paid_ratio,
    case when settled_hours > 0 then 'settled' else 'predicted' end as funding_kind
from told
where settled_hours > 0 or predicted_hours > 0
