/*
title: Who hits whom - what a forced close on one venue costs the longs on another
grain: [day, venue, hit_venue]
columns:
  formula_version: version of the formulas of this table
checks:
  rows_if: intermediate.int_contagion
  range:
    distress_ratio: [0, 1]
*/
select
    day, venue, hit_venue, hit_own_money_usd, shared_loss_usd, direct_distress_ratio, distress_low_ratio, distress_ratio,
    distress_high_ratio,
    1 as formula_version
from intermediate.int_contagion
where day >= $from_day::date
