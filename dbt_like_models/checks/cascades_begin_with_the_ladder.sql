/*
title: Cascades begin with the ladder and end beyond it
holds: >-
  what the first move of a cascade calls is what the call ladder says of that move, and the end is at or beyond
  it, its low bound not above and its high bound not below
warn_fraction: 1e-6
error_fraction: 1e-4
*/
select
    c.day, c.asset || ' at ' || c.shock_ratio as scope,
    abs(coalesce(c.first_called_usd, 0) - coalesce(l.called_usd, 0)) / greatest(c.first_called_usd, l.called_usd, 1e4)
        as off_ratio
from marts.cascade_daily as c
left join marts.call_ladder_daily as l on l.day = c.day and l.asset = c.asset and l.shock_ratio = c.shock_ratio
union all
-- greatest() passes over a NULL: an end that is not there is out of no order
select
    day, 'end of ' || asset || ' from ' || shock_ratio as scope,
    greatest(
        abs(shock_ratio) - abs(final_move_low_ratio), abs(final_move_low_ratio) - abs(final_move_ratio),
        abs(final_move_ratio) - abs(final_move_high_ratio), 0
    ) as off_ratio
from marts.cascade_daily
