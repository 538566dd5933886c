/*
title: What dated futures pay at 30, 60 and 90 days, by asset
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
*/
select
  asset,
  max(case when tenor_days = 30 then basis_apr end) as basis_30d_apr,
  max(case when tenor_days = 60 then basis_apr end) as basis_60d_apr,
  max(case when tenor_days = 90 then basis_apr end) as basis_90d_apr,
  max(markets) as markets
from basis_daily
where day = coalesce($day::date, (select max(day) from basis_daily))
group by asset
order by asset
