/*
title: Every market that should have had open interest on a day, and those known to be closed
grain: [day, venue, market]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  market: the venue's own id of the market
  asset: base after the alias table
  multiplier: coins of the asset in one unit of the listed base
  kind: swap (perpetual) or future (dated)
  direction: linear pays in quote, inverse in base, quanto in a third coin
  quote: quote currency
  settle: currency that margin and profit are paid in
  is_closed: delisted or expired; its open interest is a true zero
  list_day: day of the market list used, the last answered one
checks:
  rows_if: raw.markets
  not_null: [asset, multiplier, is_closed]
*/
with unread_rows as (
    select distinct venue, day from staging.stg_fetch_log where dataset = 'markets' and status = 'partial'
),
lists as (
    select m.venue, m.day as list_day, count(*) as markets, any_value(p.day) is not null as is_partial,
        lag(count(*)) over (partition by m.venue order by m.day) as markets_before
    from staging.stg_markets as m
    left join unread_rows as p on p.venue = m.venue and p.day = m.day
    where m.kind in ('swap', 'future')
    group by m.venue, m.day
),
first_lists as (
    select venue, min(list_day) as first_list_day
    from lists
    group by venue
),
venue_days as (
    select d.day, f.venue, f.first_list_day
    from intermediate.int_days as d
    cross join first_lists as f
    where d.day >= $from_day::date
),
-- the last list answered by then; before a venue's first list, that first one
dated as (
    select
        v.day, v.venue, v.first_list_day, coalesce(l.list_day, v.first_list_day) as list_day,
        -- a list that lost a third of its markets at once is not believed about closings
        coalesce(l.markets < 0.67 * l.markets_before, false) as is_doubtful,
        coalesce(l.is_partial, false) as is_partial
    from venue_days as v
    asof left join lists as l on v.venue = l.venue and v.day >= l.list_day
),
last_seen as (
    select venue, market, day as seen_day
    from staging.stg_markets
    where kind in ('swap', 'future')
),
listed as (
    select
        d.day, d.venue, m.market, m.asset, m.multiplier, m.kind, m.direction, m.quote, m.settle,
        (not m.is_active or coalesce(m.expires_at <= end_of(d.day), false)) as is_closed, d.list_day
    from dated as d
    inner join staging.stg_markets as m on m.venue = d.venue and m.day = d.list_day
    where
        m.kind in ('swap', 'future')
        and (d.day >= d.first_list_day or coalesce(m.listed_at < end_of(d.day), true))
),
gone as (
    select
        d.day, d.venue, s.market, max(s.seen_day) as seen_day, any_value(d.list_day) as list_day,
        -- who is missing where rows could not be read may be one of them: for a week that is no closing
        bool_or(d.is_doubtful or (d.is_partial and s.seen_day >= d.list_day - 7)) as is_doubtful
    from dated as d
    inner join last_seen as s on s.venue = d.venue and s.seen_day < d.list_day and s.seen_day >= d.day - 400
    anti join listed as l on l.day = d.day and l.venue = d.venue and l.market = s.market
    group by d.day, d.venue, s.market
)
select day, venue, market, asset, multiplier, kind, direction, quote, settle, is_closed, list_day
from listed
union all by name
select
    g.day, g.venue, g.market, m.asset, m.multiplier, m.kind, m.direction, m.quote, m.settle,
    (not g.is_doubtful) as is_closed, g.list_day
from gone as g
inner join staging.stg_markets as m on m.venue = g.venue and m.market = g.market and m.day = g.seen_day
