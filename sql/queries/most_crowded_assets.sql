/*
title: Assets whose funding is farthest from the neutral rate (0.01 % per 8 hours, 0.1095 a year)
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
  least_usd: {type: number, default: 10000000, meaning: leave out assets with less open interest}
  rows: {type: integer, default: 20, meaning: how many assets to list}
*/
select
  funding.scope as asset,
  funding.funding_apr,
  funding.funding_apr - 0.1095 as from_neutral_apr,
  interest.open_interest_usd
from funding_daily as funding
join open_interest_by_asset_daily as interest on interest.asset = funding.scope and interest.day = funding.day
where funding.scope_type = 'asset'
  and funding.day = coalesce($day::date, (select max(day) from funding_daily))
  and funding.funding_apr is not null
  and interest.open_interest_usd >= $least_usd::double
order by abs(from_neutral_apr) desc, asset
limit $rows::integer
