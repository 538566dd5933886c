/*
title: Where a first move of the price would end were all called positions closed at once, largest calls first
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
  shock: {type: double, default: -0.1, meaning: "first move, one of -0.2 -0.1 -0.05 0.05 0.1 0.2"}
*/
select
  asset,
  first_called_usd,
  final_move_low_ratio,
  final_move_ratio,
  final_move_high_ratio,
  forced_usd,
  amplification_ratio,
  1 - gain_ratio as to_instability_ratio,
  is_unstable,
  is_counterfactual
from cascade_daily
where day = coalesce($day::date, (select max(day) from cascade_daily)) and shock_ratio = $shock::double
order by first_called_usd desc, asset
