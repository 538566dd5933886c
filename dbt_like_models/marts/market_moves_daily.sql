/*
title: How open interest and price of the whole market moved over one and three days
grain: [day, horizon_days]
columns:
  day: UTC date at the end of the move
  horizon_days: length of the move, days (1, 3)
  usd_growth_ratio: growth of open interest in US dollars, a fraction; NULL when the matched base is under 60 %
  quantity_growth_ratio: growth in coins at the old prices (price-free), a fraction; NULL under 60 %
  price_growth_ratio: what is left of the growth in US dollars without the coins, a fraction; NULL under 60 %
  matched_ratio: share of the earlier total whose markets are seen, or known closed, today
  formula_version: version of the formulas of this table
checks:
  rows_if: intermediate.int_market_day where seen_usd > 0 and day <= (select max(day) - 3 from intermediate.int_days)
  range: {matched_ratio: [0, 1.000001], usd_growth_ratio: [-1, null], price_growth_ratio: [-1, null]}
source: the moves by which events are found when the signals are scored
*/
with horizons as (
    select unnest([1, 3]) as horizon_days
),
-- days are paired first, as in int_growth: a join on a difference of two tables' columns is no equality
compared as (
    select n.day, h.horizon_days, n.day - h.horizon_days as before_day
    from (select distinct day from intermediate.int_market_day where day >= $from_day::date) as n
    cross join horizons as h
),
earlier as (
    select c.day as later_day, c.horizon_days, b.venue, b.market, b.seen_usd, b.price_usd
    from compared as c
    inner join intermediate.int_market_day as b on b.day = c.before_day
    where b.vintage = 'latest' and b.status = 'seen' and b.day >= $from_day::date - 3
),
pairs as (
    select
        n.day, b.horizon_days,
        b.seen_usd as usd_before,
        n.seen_usd as usd_now,
        -- a closed market holds zero coins; otherwise today's coins at the old price
        case when n.status = 'closed' then 0 else n.open_interest_base * b.price_usd end as revalued_now
    from intermediate.int_market_day as n
    inner join earlier as b on b.later_day = n.day and b.venue = n.venue and b.market = n.market
    where n.vintage = 'latest' and n.day >= $from_day::date
),
summed as (
    select
        day, horizon_days,
        exact_sum(usd_before) as before_all,
        exact_sum(case when usd_now is not null then usd_before end) as before_matched,
        exact_sum(usd_now) as now_matched,
        exact_sum(case when usd_now is not null then revalued_now end) as revalued_matched
    from pairs
    group by day, horizon_days
),
judged as (
    select
        *,
        coalesce(safe_ratio(before_matched, before_all), 0) as matched_ratio
    from summed
    where before_all > 0
)
select
    day, horizon_days,
    case when matched_ratio >= 0.6 then now_matched / before_matched - 1 end as usd_growth_ratio,
    case when matched_ratio >= 0.6 then revalued_matched / before_matched - 1 end as quantity_growth_ratio,
    case when matched_ratio >= 0.6 then safe_ratio(now_matched, revalued_matched) - 1 end as price_growth_ratio,
    matched_ratio,
    1 as formula_version
from judged
