/*
title: Days whose numbers are no longer those of the morning after, and why
grain: [table_name, day]
columns:
  at: UTC instant from which the youngest of the changed observations was known
  table_name: the table whose rows of that day changed
  cause: what changed them
  rows: rows that changed, a count
  largest_change_ratio: largest change of a row's open interest, a fraction of what was known first; NULL where nothing was
  formula_version: version of this table
checks:
  rows: 0
*/
with pairs as (
    select
        n.day, n.known_at,
        n.open_interest_usd as usd_now, k.open_interest_usd as usd_then, k.status = 'unseen' as was_unseen
    from intermediate.int_market_day as n
    inner join intermediate.int_market_day as k
        on k.vintage = 'as_known' and k.day = n.day and k.venue = n.venue and k.market = n.market
        and k.day >= $from_day::date
    where
        n.vintage = 'latest' and n.day >= $from_day::date
        and (n.status != k.status or n.open_interest_usd is distinct from k.open_interest_usd)
        and n.known_at is not null
)
select
    max(known_at) as "at", 'market_daily' as table_name, day,
    count_if(was_unseen) || ' markets came later than twelve hours after the day, '
    || count_if(not was_unseen) || ' were corrected' as cause,
    count(*) as rows, max(abs(safe_ratio(usd_now, usd_then) - 1)) as largest_change_ratio, 1 as formula_version
from pairs
group by day
