/*
title: Shares add up to one
holds: >-
  the days on which an asset's positions were entered hold all of them, by each rule of who leaves first, and the
  largest one, three and five members hold no more than all
warn_fraction: 1e-9
error_fraction: 1e-6
*/
with entered as (
    select
        day, asset, exact_sum(pro_rata_share_ratio) as pro_rata, exact_sum(fifo_share_ratio) as fifo,
        exact_sum(lifo_share_ratio) as lifo
    from intermediate.int_entry_vintage
    group by day, asset
)
select day, 'entries of ' || asset as scope, greatest(abs(pro_rata - 1), abs(fifo - 1), abs(lifo - 1)) as off_ratio
from entered
union all
select
    day, measure || ' by ' || dimension as scope,
    greatest(top1_ratio - top3_ratio, top3_ratio - top5_ratio, top5_ratio - 1, 0) as off_ratio
from marts.concentration_daily
