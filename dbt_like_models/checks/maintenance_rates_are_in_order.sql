/*
title: Maintenance rates are in order
holds: first tier <= lognormal sizes <= largest size, for margin over size never falls with size
warn_fraction: 1e-9
error_fraction: 1e-6
*/
select
    day, 'maintenance of ' || scope_type || ' ' || scope as scope,
    greatest(first_tier_ratio - lognormal_ratio, lognormal_ratio - largest_ratio, 0) / largest_ratio as off_ratio
from marts.maintenance_rate_daily
where largest_ratio > 0
