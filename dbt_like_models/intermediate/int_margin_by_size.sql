/*
title: What each market's own margin table asks of its book, by three assumptions on the sizes of positions
grain: [day, venue, market]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  market: the venue's own id of the market
  asset: base after the alias table
  notional_usd: open interest that was seen, US dollars, one side counted
  first_tier_ratio: fraction of notional to keep positions, were all of them in the first tier; the least there can be
  lognormal_ratio: the same fraction, were sizes spread lognormally with none above the largest; expected over notional
  largest_ratio: the same fraction, were all positions of the largest size
  largest_usd: size of the largest position, a set share of the market's open interest, US dollars
  table_day: UTC date of the margin table
checks:
  rows_if: intermediate.int_tier_step as s where s.floor_quote is not null and exists (select 1 from intermediate.int_market_day as m where m.vintage = 'latest' and m.status = 'seen' and m.seen_usd > 0 and m.day = s.day and m.venue = s.venue and m.market = s.market)
  range: {first_tier_ratio: [0, 1], lognormal_ratio: [0, 1], largest_ratio: [0, 1]}
*/
-- Margin over size never falls with size, so that the three stand in order whatever the table says.
with book as (
    select
        m.day, m.venue, m.market, m.asset, m.seen_usd, v.listens_hours,
        s.median_usd::double as median_usd, s.sigma_log::double as sigma,
        -- quote currencies are at par with the dollar: see seeds.usd_currencies
        m.seen_usd * s.largest_market_share_ratio::double as largest_usd
    from intermediate.int_market_day as m
    inner join intermediate.int_vintages as v on v.vintage = m.vintage
    cross join seeds.position_sizes as s
    where m.vintage = 'latest' and m.day >= $from_day::date and m.status = 'seen' and m.seen_usd > 0
),
-- a table not seen for forty days is no longer known to be in force
tables as (
    select * from intermediate.int_tier_table where day >= $from_day::date - 40
),
dated as (
    select b.*, f.first_maintenance_ratio, f.day as table_day
    from book as b
    asof join tables as f on f.venue = b.venue and f.market = b.market and b.day >= f.day
    where
        b.day - f.day <= 40 and f.known_at <= end_of(b.day) + to_seconds(b.listens_hours * 3600)
),
steps as (
    select
        day, venue, market, step, maintenance_ratio, deduction_quote, floor_quote,
        lead(floor_quote) over (partition by day, venue, market order by step) as next_quote
    from intermediate.int_tier_step
    where day >= $from_day::date - 40
),
cut as (
    select
        d.*, s.step, s.maintenance_ratio, s.deduction_quote, s.floor_quote,
        least(s.next_quote, d.largest_usd) as upto_usd
    from dated as d
    inner join steps as s on s.day = d.table_day and s.venue = d.venue and s.market = d.market
    -- without a price a bound in coins is worth nothing known, and the whole table is left out below
    where s.floor_quote is null or s.floor_quote < d.largest_usd
),
asked as (
    select
        *,
        maintenance_ratio
            * (lognormal_share(upto_usd, median_usd, sigma) - lognormal_share(floor_quote, median_usd, sigma))
        - deduction_quote
            * (lognormal_inverse(upto_usd, median_usd, sigma) - lognormal_inverse(floor_quote, median_usd, sigma))
            as step_ratio
    from cut
)
select
    day, venue, market, any_value(asset) as asset, any_value(seen_usd) as notional_usd,
    any_value(first_maintenance_ratio) as first_tier_ratio,
    sum(step_ratio order by step) / lognormal_share(any_value(largest_usd), any_value(median_usd), any_value(sigma))
        as lognormal_ratio,
    arg_max(maintenance_ratio - deduction_quote / largest_usd, step) as largest_ratio,
    any_value(largest_usd) as largest_usd, any_value(table_day) as table_day
from asked
group by day, venue, market
having count(*) = count(floor_quote)
