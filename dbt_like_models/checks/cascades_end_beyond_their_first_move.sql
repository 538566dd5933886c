/*
title: Cascades end beyond their first move
holds: the end of a cascade is at or beyond its first move, its low bound not above it and its high bound not below
warn_fraction: 1e-9
error_fraction: 1e-6
*/
-- greatest() passes over a NULL: an end that is not there is out of no order
select
    day, 'end of ' || asset || ' from ' || shock_ratio as scope,
    greatest(
        abs(shock_ratio) - abs(final_move_low_ratio), abs(final_move_low_ratio) - abs(final_move_ratio),
        abs(final_move_ratio) - abs(final_move_high_ratio), 0
    ) as off_ratio
from marts.cascade_daily
