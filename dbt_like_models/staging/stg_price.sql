/*
title: Mark and index prices and 24 h volume, all versions within the declared tolerance
grain: [day, venue, market, observed_at, known_at]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  market: the venue's own id of the market
  observed_at: UTC instant of the observation, the fetch time where the venue sends none
  known_at: UTC instant from which it was known
  distance_hours: hours between the observation and the end of the day
  mark_price: price of one listed base in quote, as the venue marks positions; NULL under 1e-15 or over 1e9, which no coin costs
  index_price: price of one listed base in quote, from the venue's index; NULL beyond the same bounds
  volume_base_listed: traded in 24 h in listed base, NULL where the venue counts in dollars or quote
  volume_quote: traded in 24 h in quote (taken as USD at par for USD, USDT and USDC); NULL over 1e13, which no market trades
checks:
  rows_if: raw.price
  range: {mark_price: [0, null], index_price: [0, null], volume_quote: [0, null]}
*/
with observations as (
    select
        day_ending_nearest(coalesce(observed_at, fetched_at)) as day, venue, market,
        coalesce(observed_at, fetched_at) as observed_at,
        case when is_backfilled then observed_at + to_seconds(publication_lag_hours * 3600) else fetched_at end
            as known_at,
        if_possible(mark_price, 1e-15, 1e9) as mark_price, if_possible(index_price, 1e-15, 1e9) as index_price,
        volume_24h, unit, contract_size, tolerance_hours
    from raw.price
    where
        day >= $from_day::date
        and hours_from_midnight(coalesce(observed_at, fetched_at)) <= tolerance_hours
),
single as (
    select
        day, venue, market, observed_at, known_at,
        arg_min(
            {
                'mark': mark_price, 'index': index_price, 'volume': volume_24h, 'unit': unit,
                'contract_size': contract_size
            },
            (mark_price, index_price, volume_24h)
        ) as sent
    from observations
    where day >= $from_day::date and hours_between(observed_at, end_of(day)) <= tolerance_hours
    group by day, venue, market, observed_at, known_at
),
first_list as (
    select venue, market, arg_min(direction, day) as direction from staging.stg_market_version group by venue, market
),
counted as (
    select
        o.day, o.venue, o.market, o.observed_at, o.known_at, o.sent.mark as mark_price, o.sent.index as index_price,
        case
            when o.sent.unit = 'base' then o.sent.volume
            when o.sent.unit = 'contracts' and f.direction != 'inverse' then o.sent.volume * o.sent.contract_size
        end as base_sent,
        case
            when o.sent.unit in ('usd', 'quote') then o.sent.volume
            when o.sent.unit = 'contracts' and f.direction = 'inverse' then o.sent.volume * o.sent.contract_size
            when o.sent.unit not in ('base', 'contracts') then error('unknown volume unit ' || o.sent.unit)
        end as quote_sent
    from single as o
    left join first_list as f on f.venue = o.venue and f.market = o.market
)
select
    day, venue, market, observed_at, known_at,
    hours_between(observed_at, end_of(day)) as distance_hours,
    mark_price, index_price, base_sent as volume_base_listed,
    if_possible(
        case when base_sent is null then quote_sent else base_sent * coalesce(mark_price, index_price) end, 0, 1e13
    ) as volume_quote
from counted
