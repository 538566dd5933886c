/*
title: The complete grid of day, venue and market with what was seen, NULL where nothing was
grain: [vintage, day, venue, market]
columns:
  vintage: latest shows every correction; as_known holds only what was known shortly after the day ended
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  market: the venue's own id of the market
  asset: base after the alias table
  kind: swap (perpetual) or future (dated)
  direction: linear pays in quote, inverse in base, quanto in a third coin
  settle: currency that margin and profit are paid in
  open_interest_base: coins of the asset, one side counted; 0 only for a market known to be closed
  open_interest_usd: US dollars, one side counted; 0 only for a market known to be closed
  seen_usd: US dollars of what counts in totals (status seen or closed), NULL otherwise
  mark_price: price of one listed base in quote, as the venue marks positions
  price_usd: US dollars a coin at which this market was valued
  index_price_usd: US dollars a coin by the venue's own index, NULL where it sends none
  volume_usd: traded in 24 h, US dollars
  funding_apr: fraction a year, simple; settled where known
  funding_paid_ratio: fraction of notional that longs paid to shorts over the day
  funding_kind: settled (paid) or predicted (the venue's forecast)
  priced_by: where the dollars come from
  status: seen, unseen, excluded (a proven unit fault, in no total) or closed
  reason: why it is not seen, NULL if it is
  observed_at: UTC instant of the open interest observation
  known_at: UTC instant from which that observation was known
  age_hours: hours between the observation and the end of the day
checks:
  rows_if: raw.markets
  not_null: [asset, status]
  range: {open_interest_base: [0, null], open_interest_usd: [0, null], price_usd: [0, null]}
  values: {status: [seen, unseen, excluded, closed], vintage: [latest, as_known]}
*/
-- both vintages in one pass: the nearest observation of all, and of those known then
with open_interest as (
    select
        day, venue, market,
        arg_min(
            {
                'amount': amount, 'evidence': evidence, 'base_listed': open_interest_base_listed,
                'quote': open_interest_quote, 'own_usd': own_usd, 'observed_at': observed_at,
                'known_at': known_at, 'age_hours': distance_hours
            },
            (distance_hours, -epoch_us(known_at), amount)
        ) as latest,
        arg_min(
            {
                'amount': amount, 'evidence': evidence, 'base_listed': open_interest_base_listed,
                'quote': open_interest_quote, 'own_usd': own_usd, 'observed_at': observed_at,
                'known_at': known_at, 'age_hours': distance_hours
            },
            (distance_hours, -epoch_us(known_at), amount)
        ) filter (where known_at <= heard_until(day, (
            select listens_hours from intermediate.int_vintages where vintage = 'as_known'
        ))) as as_known
    from staging.stg_open_interest
    where day >= $from_day::date
    group by day, venue, market
),
price as (
    select
        day, venue, market,
        arg_min(
            {'mark': mark_price, 'index': index_price, 'volume_quote': volume_quote},
            (distance_hours, -epoch_us(known_at), mark_price)
        ) as latest,
        arg_min(
            {'mark': mark_price, 'index': index_price, 'volume_quote': volume_quote},
            (distance_hours, -epoch_us(known_at), mark_price)
        ) filter (where known_at <= heard_until(day, (
            select listens_hours from intermediate.int_vintages where vintage = 'as_known'
        ))) as as_known
    from staging.stg_price
    where day >= $from_day::date
    group by day, venue, market
),
-- a jump holds until it is undone, or for 30 days: by then a person has looked
unit_steps as (
    select v.vintage, g.day, s.venue, s.market, sum(s.powers_of_ten) as powers_of_ten
    from intermediate.int_unit_step as s
    inner join intermediate.int_days as g on g.day >= s.day and g.day < s.day + 30
    inner join intermediate.int_vintages as v
        on s.known_at <= end_of(g.day) + to_seconds(v.listens_hours * 3600)
    where g.day >= $from_day::date
    group by v.vintage, g.day, s.venue, s.market
),
observed as (
    select
        v.vintage, g.day, g.venue, g.market, g.asset, g.kind, g.direction, g.settle, g.is_closed, g.multiplier,
        g.quote,
        case v.vintage when 'latest' then o.latest else o.as_known end as o,
        case v.vintage when 'latest' then p.latest else p.as_known end as p
    from intermediate.int_grid as g
    left join open_interest as o on o.day = g.day and o.venue = g.venue and o.market = g.market
    left join price as p on p.day = g.day and p.venue = g.venue and p.market = g.market
    cross join intermediate.int_vintages as v
    where g.day >= $from_day::date
),
joined as (
    select
        g.vintage, g.day, g.venue, g.market, g.asset, g.kind, g.direction, g.settle, g.is_closed, g.multiplier,
        g.quote, q.usd_value::double as quote_usd, q.basis as quote_basis,
        g.o.amount as amount, g.o.evidence as evidence, g.o.base_listed as open_interest_base_listed,
        g.o.quote as open_interest_quote, g.o.own_usd as own_usd, g.o.observed_at as observed_at,
        g.o.known_at as known_at, g.o.age_hours as age_hours,
        g.p.mark as mark_price, g.p.index as index_price, g.p.volume_quote as volume_quote,
        m.price_usd as market_price_usd,
        coalesce(u.powers_of_ten, 0) != 0 as has_other_unit,
        f.funding_apr, f.funding_paid_ratio, f.funding_kind
    from observed as g
    left join seeds.usd_currencies as q on q.currency = g.quote
    left join unit_steps as u
        on u.vintage = g.vintage and u.day = g.day and u.venue = g.venue and u.market = g.market
    left join intermediate.int_asset_price as m
        on m.vintage = g.vintage and m.day = g.day and m.asset = g.asset and m.day >= $from_day::date
    left join intermediate.int_funding_day as f
        on f.vintage = g.vintage and f.day = g.day and f.venue = g.venue and f.market = g.market
        and f.day >= $from_day::date
),
valued as (
    select
        *,
        case
            when open_interest_base_listed is not null then open_interest_base_listed * multiplier
            when open_interest_quote is not null then open_interest_quote * quote_usd / market_price_usd
        end as base_coins,
        case
            when open_interest_quote is not null then open_interest_quote * quote_usd
            when own_usd is not null then own_usd
            else open_interest_base_listed * multiplier * market_price_usd
        end as value_usd,
        case
            when open_interest_quote is not null and direction = 'inverse' then 'USD contracts at face'
            when open_interest_quote is not null then 'own mark price, ' || quote_basis
            when own_usd is not null then 'venue''s own USD'
            when market_price_usd is not null then 'median price over venues'
        end as basis,
        -- a dated future stands off the perpetuals by its basis, which is no fault of units
        case kind when 'future' then 0.5 else 0.05 end as price_limit_ratio
    from joined
),
judged as (
    select
        *,
        case
            when is_closed then 'closed'
            when amount is null then 'unseen'
            when evidence = 'none' or quote_usd is null then 'excluded'
            when value_usd is null or base_coins is null then 'unseen'
            when direction = 'linear' and own_usd > 0 and abs(value_usd / own_usd - 1) > 0.02 then 'excluded'
            when base_coins > 0 and market_price_usd > 0
                and abs(value_usd / base_coins / market_price_usd - 1) > price_limit_ratio then 'excluded'
            when has_other_unit then 'excluded'
            -- a hundred billion dollars in one market has never been seen: above it is a unit fault
            when value_usd > 1e11 then 'excluded'
            else 'seen'
        end as status
    from valued
)
select
    vintage, day, venue, market, asset, kind, direction, settle,
    case status when 'closed' then 0 else base_coins end as open_interest_base,
    case status when 'closed' then 0 else value_usd end as open_interest_usd,
    case status when 'closed' then 0 when 'seen' then value_usd end as seen_usd,
    mark_price,
    case when status = 'seen' and base_coins > 0 then value_usd / base_coins else market_price_usd end as price_usd,
    index_price * quote_usd / multiplier as index_price_usd,
    volume_quote * quote_usd as volume_usd,
    case when status != 'closed' then funding_apr end as funding_apr,
    case when status != 'closed' then funding_paid_ratio end as funding_paid_ratio,
    case when status != 'closed' then funding_kind end as funding_kind,
    case when status in ('seen', 'excluded') then basis end as priced_by,
    status,
    case
        when status = 'closed' then 'delisted or expired'
        when status = 'unseen' and amount is null then 'no open interest within the tolerance'
        when status = 'unseen' then 'no price'
        when status = 'excluded' and evidence = 'none' then 'no evidence of its unit'
        when status = 'excluded' and quote_usd is null then 'no US dollar value for ' || quote
        when status = 'excluded' and own_usd > 0 and abs(value_usd / own_usd - 1) > 0.02
            then 'own USD off the venue''s USD by more than 2 %'
        when status = 'excluded' and base_coins > 0 and market_price_usd > 0
            and abs(value_usd / base_coins / market_price_usd - 1) > price_limit_ratio
            then 'price off the median over venues by more than ' || round(100 * price_limit_ratio)::integer || ' %'
        when status = 'excluded' and has_other_unit then 'a jump by a power of ten at a flat price'
        when status = 'excluded' then 'more than 100 billion dollars in one market'
    end as reason,
    observed_at, known_at, age_hours
from judged
