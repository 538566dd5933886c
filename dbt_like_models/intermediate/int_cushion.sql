/*
title: How far the price must move before the positions in an asset are called, new ones and those that stand
grain: [day, asset, book]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  asset: base after the alias table
  book: new_position (entered today) or vintage (entered when open interest rose, at the price of then)
  notional_usd: open interest that was seen, US dollars, one side counted
  maintenance_rate_low_ratio: fraction of notional, were all positions in the first tier
  maintenance_rate_high_ratio: the same fraction, were all positions of the assumed size
  initial_rate_ratio: margin posted over notional at entry, by the assumed leverages and never below the venues' demand
  demanded_ratio: the venues' own least margin at entry for the assumed size, a fraction; maintenance where none is known
  distance_long_ratio: fall of the price, a fraction, at which longs are called on average; called ones count as zero
  distance_long_low_ratio: a fraction, the least of the three rules of who leaves first, at the high maintenance rate
  distance_long_high_ratio: a fraction, the most of the three rules, at the low maintenance rate
  distance_short_ratio: rise of the price, a fraction, at which shorts are called on average
  distance_short_low_ratio: a fraction, the least of the three rules, at the high maintenance rate
  distance_short_high_ratio: a fraction, the most of the three rules, at the low maintenance rate
  daily_sigma_ratio: volatility of a day's return, a fraction; decay 0.97 over 90 days, NULL under 20 returns
  tabled_ratio: share of the notional whose margin table was collected
  tiers_as_of: UTC date of the youngest margin table used, NULL where none has a date
checks:
  rows_if: intermediate.int_entry_vintage
  range:
    distance_long_ratio: [0, 1]
    distance_short_ratio: [0, null]
    maintenance_rate_high_ratio: [0, 1]
    initial_rate_ratio: [0, 1]
  values: {book: [new_position, vintage]}
*/
with asked as (
    select
        day, asset, exact_sum(notional_usd) as notional_usd,
        safe_ratio(exact_sum(notional_usd * maintenance_low_ratio), exact_sum(notional_usd)) as low_ratio,
        safe_ratio(exact_sum(notional_usd * maintenance_high_ratio), exact_sum(notional_usd)) as high_ratio,
        safe_ratio(
            exact_sum(notional_usd * coalesce(initial_ratio, maintenance_high_ratio)), exact_sum(notional_usd)
        ) as demanded_ratio,
        safe_ratio(exact_sum(notional_usd * tabled_ratio), exact_sum(notional_usd)) as tabled_ratio,
        max(tiers_as_of) as tiers_as_of
    from intermediate.int_margin_rate
    where vintage = 'latest' and day >= $from_day::date and notional_usd > 0
    group by day, asset
),
entries as (
    select
        v.day, v.asset, 'vintage' as book, v.age_days, v.daily_return_log, v.entry_price_usd / v.price_usd as paid_ratio,
        v.pro_rata_share_ratio, v.fifo_share_ratio, v.lifo_share_ratio
    from intermediate.int_entry_vintage as v
    where v.day >= $from_day::date
    union all
    select
        day, asset, 'new_position' as book, null as age_days, null as daily_return_log, 1.0 as paid_ratio,
        1.0 as pro_rata_share_ratio, 1.0 as fifo_share_ratio, 1.0 as lifo_share_ratio
    from asked
),
measured as (
    select
        e.*, a.high_ratio, a.low_ratio, a.demanded_ratio, x.shares, x.margins,
        distance_long(paid_ratio, high_ratio, demanded_ratio, shares, margins) as long_high,
        distance_long(paid_ratio, low_ratio, demanded_ratio, shares, margins) as long_low,
        distance_short(paid_ratio, high_ratio, demanded_ratio, shares, margins) as short_high,
        distance_short(paid_ratio, low_ratio, demanded_ratio, shares, margins) as short_low
    from entries as e
    inner join asked as a on a.day = e.day and a.asset = e.asset
    cross join intermediate.int_leverage_mixture as x
),
summed as (
    select
        day, asset, book,
        exact_sum(pro_rata_share_ratio * long_high) as distance_long_ratio,
        least(
            exact_sum(pro_rata_share_ratio * long_high), exact_sum(fifo_share_ratio * long_high),
            exact_sum(lifo_share_ratio * long_high)
        ) as distance_long_low_ratio,
        greatest(
            exact_sum(pro_rata_share_ratio * long_low), exact_sum(fifo_share_ratio * long_low),
            exact_sum(lifo_share_ratio * long_low)
        ) as distance_long_high_ratio,
        exact_sum(pro_rata_share_ratio * short_high) as distance_short_ratio,
        least(
            exact_sum(pro_rata_share_ratio * short_high), exact_sum(fifo_share_ratio * short_high),
            exact_sum(lifo_share_ratio * short_high)
        ) as distance_short_low_ratio,
        greatest(
            exact_sum(pro_rata_share_ratio * short_low), exact_sum(fifo_share_ratio * short_low),
            exact_sum(lifo_share_ratio * short_low)
        ) as distance_short_high_ratio
    from measured
    group by day, asset, book
),
volatility as (
    select
        day, asset,
        case when count(daily_return_log) >= 20 then sqrt(
            exact_sum(1e6 * pow(0.97, age_days) * daily_return_log * daily_return_log)
            / exact_sum(case when daily_return_log is not null then 1e6 * pow(0.97, age_days) end)
        ) end as daily_sigma_ratio
    from entries
    where book = 'vintage'
    group by day, asset
)
select
    s.day, s.asset, s.book, a.notional_usd,
    a.low_ratio as maintenance_rate_low_ratio, a.high_ratio as maintenance_rate_high_ratio,
    margin_posting_at_most(1.0, a.demanded_ratio, x.shares, x.margins) as initial_rate_ratio,
    a.demanded_ratio, s.distance_long_ratio, s.distance_long_low_ratio, s.distance_long_high_ratio,
    s.distance_short_ratio, s.distance_short_low_ratio, s.distance_short_high_ratio,
    v.daily_sigma_ratio, a.tabled_ratio, a.tiers_as_of
from summed as s
inner join asked as a on a.day = s.day and a.asset = s.asset
cross join intermediate.int_leverage_mixture as x
left join volatility as v on v.day = s.day and v.asset = s.asset
