/*
title: What margin tables ask of the book on a day - in the first tier, by lognormal sizes, of the largest size
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
  scope_type: {type: text, default: asset, meaning: "market, asset or venue"}
  rows: {type: integer, default: 20, meaning: how many rows}
*/
select scope, notional_usd, tabled_ratio, first_tier_ratio, lognormal_ratio, largest_ratio, sizes_as_of
from maintenance_rate_daily
where day = coalesce($day::date, (select max(day) from maintenance_rate_daily)) and scope_type = $scope_type::text
order by notional_usd desc, scope
limit $rows::integer
