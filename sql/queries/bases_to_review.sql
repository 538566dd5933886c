/*
title: Bases whose name looks like a multiplier and that the alias table does not know
parameters: {}
*/
-- They are kept under their own names: a person decides, a pattern only asks.
select m.venue, m.market, m.asset, max(m.day) as last_day, max(m.open_interest_usd) as largest_usd
from market_daily as m
where
    regexp_matches(m.asset, '^(10{2,}[A-Z]|1[KM][A-Z]{2,}|[km][A-Z]{3,})')
    and m.asset not in ('1000CAT', '1000X')
group by m.venue, m.market, m.asset
order by largest_usd desc nulls last, m.venue, m.market
