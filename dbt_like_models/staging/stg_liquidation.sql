/*
title: Forced orders that venues published, each once
grain: [day, venue, market, liquidation_key]
columns:
  day: UTC date on which it happened
  venue: exchange
  market: the venue's own id of the market
  liquidation_key: the venue's id, else instant, side, price, amount and place among twins
  occurred_at: UTC instant of the forced order
  known_at: UTC instant from which it was known
  position_side: long or short, the position that was closed
  price: quote per listed base, NULL where the venue sends none
  amount: as sent, in unit
  unit: what the amount counts (base, contracts, usd, quote)
  direction: linear pays in quote, inverse in base, quanto in a third coin
  asset: base after the alias table, NULL for a market that was never listed
  amount_base_listed: in the market's own base as listed
  value_quote: value in quote currency (US dollars for inverse contracts); NULL over 1e10, ten times the largest order ever told
checks:
  rows_if: raw.liquidation
  range: {amount: [0, null], value_quote: [0, null]}
  values: {position_side: [long, short], unit: [base, contracts, usd, quote]}
*/
with first_list as (
    select venue, market, arg_min(direction, day) as direction, arg_min(asset, day) as asset
    from staging.stg_market_version
    group by venue, market
),
events as (
    select
        utc_day(observed_at) as day, venue, market,
        coalesce(
            liquidation_id,
            epoch_us(observed_at) || ' ' || position_side || ' ' || coalesce(price::varchar, '-') || ' '
            || amount || ' #' || occurrence
        ) as liquidation_key,
        observed_at as occurred_at,
        case when is_backfilled then observed_at + to_seconds(publication_lag_hours * 3600) else fetched_at end
            as known_at,
        position_side, price, amount, unit, contract_size
    from raw.liquidation
    where day >= $from_day::date and observed_at is not null
),
once as (
    select e.*, l.direction, l.asset
    from events as e
    left join first_list as l on l.venue = e.venue and l.market = e.market
    qualify row_number() over (
        partition by e.day, e.venue, e.market, e.liquidation_key order by e.known_at, e.amount, e.price
    ) = 1
),
counted as (
    select
        *,
        case
            when unit = 'base' then amount
            when unit = 'contracts' and direction != 'inverse' then amount * contract_size
        end as base_sent,
        case
            when unit in ('usd', 'quote') then amount
            when unit = 'contracts' and direction = 'inverse' then amount * contract_size
            when unit not in ('base', 'contracts') then error('unknown unit of liquidations ' || unit)
        end as quote_sent
    from once
)
select
    day, venue, market, liquidation_key, occurred_at, known_at, position_side, price, amount, unit, direction,
    asset,
    case when base_sent is not null then base_sent else safe_ratio(quote_sent, price) end as amount_base_listed,
    if_possible(case when quote_sent is not null then quote_sent else base_sent * price end, 0, 1e10) as value_quote
from counted
