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
with versions as (
    select v.vintage, f.*
    from staging.stg_funding_rate as f
    inner join intermediate.int_vintages as v
        on f.known_at <= end_of(f.day) + to_seconds(v.listens_hours * 3600)
    where f.day >= $from_day::date and f.interval_hours is not null
    qualify row_number() over (
        partition by v.vintage, f.day, f.venue, f.market, f.kind,
            case when f.kind = 'settled' then f.settles_at end
        order by f.distance_hours, f.known_at desc, f.funding_rate
    ) = 1
),
summed as (
    select
        vintage, day, venue, market, kind,
        exact_sum(funding_rate) as paid, exact_sum(interval_hours) as hours
    from versions
    group by vintage, day, venue, market, kind
)
select
    vintage, day, venue, market,
    paid * 8760 / hours as funding_apr,
    case when kind = 'settled' then paid end as funding_paid_ratio,
    kind as funding_kind
from summed
where hours > 0
qualify row_number() over (
    partition by vintage, day, venue, market order by case kind when 'settled' then 1 else 2 end
) = 1
