/*
title: What closing one venue's longs by force would cost the longs of every other venue, the hardest hit first
parameters:
  venue: {type: text, default: binance, meaning: exchange whose longs are closed}
  day: {type: date, default: null, meaning: the last published if not given}
*/
select
  hit_venue,
  hit_own_money_usd,
  shared_loss_usd,
  direct_distress_ratio,
  distress_low_ratio,
  distress_ratio,
  distress_high_ratio
from contagion_pairs_daily
where day = coalesce($day::date, (select max(day) from contagion_pairs_daily)) and venue = $venue::text
order by distress_ratio desc, hit_venue
