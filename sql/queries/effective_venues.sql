/*
title: How many equal venues and assets the market amounts to, at the end of each month
parameters:
  measure: {type: text, default: open_interest, meaning: "open_interest, debt or loans"}
*/
select
  date_trunc('month', day)::date as month,
  arg_max(effective_n, day) filter (dimension = 'venue') as effective_venues,
  arg_max(effective_n, day) filter (dimension = 'asset') as effective_assets,
  arg_max(theil_mutual, day) filter (dimension = 'cell') as theil_mutual,
  max(day) as day
from concentration_daily
where measure = $measure::text
group by month
order by month
