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
        day, venue, market, kind,
        exact_sum(latest.rate) as paid_latest, exact_sum(latest.hours) as hours_latest,
        exact_sum(as_known.rate) as paid_as_known, exact_sum(as_known.hours) as hours_as_known
    from versions
    group by day, venue, market, kind
),
-- what was paid before what was forecast, in each vintage
paid as (
    select v.vintage, s.day, s.venue, s.market,
        arg_min(
            {
                'kind': s.kind,
                'paid': case v.vintage when 'latest' then s.paid_latest else s.paid_as_known end,
                'hours': case v.vintage when 'latest' then s.hours_latest else s.hours_as_known end
            },
            case s.kind when 'settled' then 1 else 2 end
        ) as best
    from summed as s
    cross join intermediate.int_vintages as v
    where case v.vintage when 'latest' then s.hours_latest else s.hours_as_known end > 0
    group by v.vintage, s.day, s.venue, s.market
)
select
    vintage, day, venue, market,
    best.paid * 8760 / best.hours as funding_apr,
    case when best.kind = 'settled' then best.paid end as funding_paid_ratio,
    best.kind as funding_kind
from paid
