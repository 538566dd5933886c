/*
title: No gaps in the grid
holds: >-
  every day has its coverage, and a market that was once in the grid is in it every day until it is closed; the last
  two days are left for what comes late
warn_fraction: 0
error_fraction: 0.05
*/
with days as (
    select day from intermediate.int_days where day <= (select max(day) from intermediate.int_days) - 2
),
stretches as (
    select
        venue, market, min(day) as first_day, max(day) as last_day, arg_max(status, day) as last_status,
        count(*) filter (where day in (select day from days)) as present
    from marts.market_daily
    group by venue, market
),
expected as (
    select
        s.venue, s.present,
        (
            select count(*) from days
            where days.day >= s.first_day and (s.last_status != 'closed' or days.day <= s.last_day)
        ) as days
    from stretches as s
)
select
    (select max(day) from days) as day, venue as scope,
    -- of the whole grid: one odd market of a small venue stops nobody's numbers
    (sum(days) - sum(present)) / greatest(sum(sum(days)) over (), 1) as off_ratio
from expected
group by venue
union all
select
    (select max(day) from days) as day, 'days without coverage' as scope,
    count(*) filter (where c.day is null) / greatest(count(*), 1) as off_ratio
from days
left join (select distinct day from marts.coverage_daily where venue = 'all') as c on c.day = days.day
