/*
title: What is not seen is in no total
holds: >-
  a row of a class that is not seen has no amount, every other row has both bounds and no size from elsewhere, and
  every day with debt names the classes that are not seen
warn_fraction: 0
error_fraction: 1e-9
*/
with named as (
    select day, count_if(measure = 'not_seen') as classes from marts.margin_debt_daily group by day
)
select
    day, class || ' ' || venue || ' ' || asset as scope,
    case
        when measure = 'not_seen' then (coalesce(low_usd, estimate_usd, high_usd) is not null)::integer
        else (low_usd is null or high_usd is null or not_seen_usd is not null)::integer
    end as off_ratio
from marts.margin_debt_daily
union all
select n.day, 'classes not seen' as scope, (n.classes != u.classes)::integer as off_ratio
from named as n
left join (select day, count(*) as classes from intermediate.int_not_seen group by day) as u on u.day = n.day
