/*
title: Facts from outside the exchanges - supplies and reserves, brought in from files or typed with their source
grain: [day, kind, asset]
columns:
  day: UTC date the fact is true for
  kind: circulating_supply, exchange_reserve (both in coins), stablecoin_supply or open_interest (in US dollars)
  asset: base after the alias table; all for the whole market
  amount: in unit
  unit: coins or usd
  source: who says so
  known_at: UTC instant it was brought in; NULL for facts that come with the project
checks:
  not_null: [amount, unit, source]
  range: {amount: [0, null]}
  values: {kind: [circulating_supply, exchange_reserve, stablecoin_supply, open_interest], unit: [coins, usd]}
*/
with told as (
    select
        (data_day at time zone 'UTC')::date as day, kind, asset, amount, unit, source, fetched_at as known_at
    from raw.reference
    union all
    select day::date as day, kind, asset, amount::double as amount, unit, source, null as known_at
    from seeds.reference_supply
)
select t.day, t.kind, coalesce(a.asset, t.asset) as asset, t.amount, t.unit, t.source, t.known_at
from told as t
left join seeds.asset_aliases as a on a.venue = '*' and a.name = t.asset and a.multiplier = '1'
where t.day >= $from_day::date
-- the last import wins over an earlier one, and any import over the project's own
qualify row_number() over (
    partition by t.day, t.kind, coalesce(a.asset, t.asset) order by t.known_at desc nulls last, t.amount, t.source
) = 1
