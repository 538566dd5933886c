/*
title: What is public about participants on a day - sides, leverage by money and as set - and what it cannot tell
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
*/
select
  population, long_share_ratio, covered_usd, covered_ratio, accounts, equity_debt_ratio, account_debt_ratio,
  set_debt_ratio, hhi_ratio, top1_ratio, sample_bias
from participants_daily
where day = coalesce($day::date, (select max(day) from participants_daily))
order by population
