/*
title: How much of the expected open interest of each venue was seen
grain: [vintage, day, venue]
columns:
  vintage: latest shows every correction; as_known holds only what was known shortly after the day ended
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange, or all
  markets_expected: listed markets that are not closed, a count
  markets_seen: of which seen, a count
  expected_usd: open interest expected, US dollars; today's where seen, else the last of 30 days
  seen_usd: open interest seen, US dollars
  seen_ratio: share of the expected open interest seen; a market never seen counts as one of average size
  age_hours: largest distance of an observation from the end of the day, hours
checks:
  rows_if: raw.markets
  range: {seen_ratio: [0, 1.000001]}
*/
with last_known as (
    select u.vintage, u.day, u.venue, u.market, arg_max(b.seen_usd, b.day) as usd
    from intermediate.int_market_day as u
    inner join intermediate.int_market_day as b
        on b.vintage = u.vintage and b.venue = u.venue and b.market = u.market
        and b.day < u.day and b.day >= u.day - 30 and b.day >= $from_day::date - 30 and b.status = 'seen'
    where u.day >= $from_day::date and u.status in ('unseen', 'excluded')
    group by u.vintage, u.day, u.venue, u.market
),
rows_expected as (
    select
        m.vintage, m.day, m.venue, m.seen_usd, coalesce(m.seen_usd, k.usd) as expected_usd, m.age_hours,
        m.status
    from intermediate.int_market_day as m
    left join last_known as k
        on k.vintage = m.vintage and k.day = m.day and k.venue = m.venue and k.market = m.market
    where m.day >= $from_day::date and m.status != 'closed'
),
scoped as (
    select vintage, day, venue, seen_usd, expected_usd, age_hours, status from rows_expected
    union all
    select vintage, day, 'all' as venue, seen_usd, expected_usd, age_hours, status from rows_expected
),
summed as (
    select
        vintage, day, venue, count(*) as markets_expected, count_if(status = 'seen') as markets_seen,
        count(expected_usd) as markets_sized,
        exact_sum(expected_usd) as expected_usd, exact_sum(seen_usd) as seen_usd,
        max(case when status = 'seen' then age_hours end) as age_hours
    from scoped
    group by vintage, day, venue
)
select
    vintage, day, venue, markets_expected, markets_seen, expected_usd, seen_usd,
    -- a market whose size was never seen counts as one of average size: a sum without it is not whole
    case when expected_usd > 0 then coalesce(seen_usd, 0) / expected_usd * markets_sized / markets_expected
        else markets_seen / markets_expected end as seen_ratio,
    age_hours
from summed
