/*
title: How many dollars of positions a move of all prices would call, over the listed assets
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
*/
select
  shock_ratio,
  sum(called_low_usd::decimal(38, 2))::double as called_low_usd,
  sum(called_usd::decimal(38, 2))::double as called_usd,
  sum(called_high_usd::decimal(38, 2))::double as called_high_usd,
  count(*) as assets,
  bool_or(is_counterfactual) as is_counterfactual
from call_ladder_daily
where day = coalesce($day::date, (select max(day) from call_ladder_daily))
group by shock_ratio
order by shock_ratio
