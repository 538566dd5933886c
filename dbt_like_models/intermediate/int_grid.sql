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
    select l.venue, l.day as list_day, l.markets, p.day is not null as is_partial,
        lag(l.markets) over (partition by l.venue order by l.day) as markets_before
    from intermediate.int_venue_list as l
    left join unread_rows as p on p.venue = l.venue and p.day = l.day
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
-- gone from the list in force: of a market that came back and went again, the last time counts
gone as (
    select
        d.day, d.venue, e.market, e.asset, e.multiplier, e.kind, e.direction, e.quote, e.settle, d.list_day,
        -- who is missing where rows could not be read may be one of them: for a week that is no closing
        d.is_doubtful or (d.is_partial and e.seen_day >= d.list_day - 7) as is_doubtful
    from dated as d
    inner join intermediate.int_listing_end as e
        on e.venue = d.venue and e.day <= d.list_day and e.seen_day >= d.day - 400
    anti join listed as l on l.day = d.day and l.venue = d.venue and l.market = e.market
    where e.seen_day >= $from_day::date - 400
    qualify row_number() over (partition by d.day, d.venue, e.market order by e.day desc) = 1
)
select day, venue, market, asset, multiplier, kind, direction, quote, settle, is_closed, list_day
from listed
union all by name
select
    day, venue, market, asset, multiplier, kind, direction, quote, settle, (not is_doubtful) as is_closed, list_day
from gone
