/*
title: When the positions open today in an asset were entered, by three rules of who leaves first
grain: [day, asset, entry_day]
columns:
  day: UTC date at whose end the positions are open
  asset: base after the alias table; those with under a thousandth of the market are left out
  entry_day: UTC date of entry; the oldest of the 90 holds all older ones
  entry_price_usd: US dollars a coin when they entered, the last known one
  price_usd: US dollars a coin at the end of the day
  age_days: days between the two
  daily_return_log: logarithm of the entry day's price over the day before, NULL where either is unknown
  pro_rata_share_ratio: share of today's positions if those that leave are drawn from all alike
  fifo_share_ratio: share of today's positions if the oldest leave first
  lifo_share_ratio: share of today's positions if the youngest leave first
checks:
  rows_if: intermediate.int_growth where horizon_days = 1 and quantity_growth_ratio is not null
  range: {pro_rata_share_ratio: [0, 1.000001], fifo_share_ratio: [0, 1.000001], lifo_share_ratio: [0, 1.000001]}
*/
-- Growth of a day is that of the markets seen on both: a venue that appears enters nobody, a silent one lets nobody go.
with scale as (
    select day, asset, exact_sum(seen_usd) as open_interest_usd
    from intermediate.int_market_day
    where vintage = 'latest' and day >= $from_day::date and status = 'seen'
    group by day, asset
),
chosen as (
    select s.day, s.asset
    from scale as s
    inner join (select day, exact_sum(open_interest_usd) as total_usd from scale group by day) as t on t.day = s.day
    where s.open_interest_usd >= 0.001 * t.total_usd
),
priced as (
    select d.day, a.asset, p.price_usd
    from intermediate.int_days as d
    cross join (select distinct asset from chosen) as a
    left join intermediate.int_asset_price as p
        on p.vintage = 'latest' and p.day = d.day and p.asset = a.asset and p.day >= $from_day::date - 91
    where d.day >= $from_day::date - 91
),
steps as (
    select
        p.day, p.asset,
        last_value(p.price_usd ignore nulls) over in_order as price_usd,
        ln(p.price_usd / lag(p.price_usd) over in_order) as daily_return_log,
        -- a book that vanished whole is a fall to a trillionth: its logarithm exists
        ln(greatest(coalesce(1 + g.quantity_growth_ratio, 1), 1e-12)) as step_log
    from priced as p
    left join intermediate.int_growth as g
        on g.vintage = 'latest' and g.day = p.day and g.scope_type = 'asset' and g.scope = p.asset
        and g.horizon_days = 1 and g.day >= $from_day::date - 91
    window in_order as (partition by p.asset order by p.day)
),
-- exact sums: the same logarithms whatever day the build began with
levels as (
    select
        day, asset, price_usd, daily_return_log,
        sum(step_log::decimal(38, 12)) over in_order as level_log,
        sum(least(step_log, 0)::decimal(38, 12)) over in_order as survival_log
    from steps
    where price_usd is not null
    window in_order as (partition by asset order by day rows unbounded preceding)
),
pairs as (
    select
        t.day, t.asset, s.day as entry_day, s.price_usd as entry_price_usd, t.price_usd,
        date_diff('day', s.day, t.day) as age_days, s.daily_return_log,
        exp((s.level_log - t.level_log)::double) as level_ratio,
        least(exp((s.level_log - t.level_log)::double), 1e13)::decimal(38, 12) as level_exact_ratio,
        exp((t.survival_log - s.survival_log)::double) as survival_ratio
    from levels as t
    inner join chosen as c on c.day = t.day and c.asset = t.asset
    inner join levels as s on s.asset = t.asset and s.day <= t.day and s.day > t.day - 90
    where t.day >= $from_day::date
),
moved as (
    select
        *,
        level_ratio - coalesce(lag(level_ratio) over in_order, 0) as change_ratio,
        coalesce(lag(level_ratio) over in_order, 0) as level_before_ratio,
        -- who left first is told by differences, of a level that may be a trillion times today's: exact ones. What
        -- is above it left with the rest.
        level_exact_ratio - coalesce(lag(level_exact_ratio) over in_order, 0) as change_exact_ratio,
        min(level_ratio) over (
            partition by day, asset order by entry_day rows between current row and unbounded following
        ) as least_since_ratio
    from pairs
    window in_order as (partition by day, asset order by entry_day)
),
summed as (
    select
        *,
        sum(greatest(change_exact_ratio, 0)) over in_order as entered_ratio,
        sum(greatest(-change_exact_ratio, 0)) over (partition by day, asset) as left_ratio
    from moved
    window in_order as (partition by day, asset order by entry_day rows unbounded preceding)
)
select
    day, asset, entry_day, entry_price_usd, price_usd, age_days, daily_return_log,
    greatest(change_ratio, 0) * survival_ratio as pro_rata_share_ratio,
    greatest(
        0, entered_ratio - greatest(left_ratio, entered_ratio - greatest(change_exact_ratio, 0))
    )::double as fifo_share_ratio,
    greatest(0, least_since_ratio - level_before_ratio) as lifo_share_ratio
from summed
