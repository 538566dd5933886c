/*
title: Margin loans of each day at the median price, by measure
grain: [vintage, day, venue, currency, measure, side, collateral_market]
columns:
  vintage: latest shows every correction; as_known holds only what was known shortly after the day ended
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  currency: currency after the alias table
  measure: lent (offered and taken), used (in positions, the debt), position_size (margin positions in coins)
  side: long, short, or both where the measure has no side
  collateral_market: the pair a position is in, or all
  amount: units of the currency
  amount_usd: US dollars, NULL where the currency has no known price, and over 1e11, which no venue has lent
  age_hours: hours between the observation and the end of the day
checks:
  rows_if: staging.stg_margin_loan
  range: {amount_usd: [0, null]}
*/
with chosen as (
    select v.vintage, l.*
    from staging.stg_margin_loan as l
    inner join intermediate.int_vintages as v
        on l.known_at <= end_of(l.day) + to_seconds(v.listens_hours * 3600)
    inner join intermediate.int_days as d on d.day = l.day
    where l.day >= $from_day::date
    qualify row_number() over (
        partition by v.vintage, l.day, l.venue, l.currency, l.measure, l.side, l.collateral_market
        order by l.distance_hours, l.known_at desc, l.amount
    ) = 1
)
select
    c.vintage, c.day, c.venue, c.currency, c.measure, c.side, c.collateral_market, c.amount,
    if_possible(c.amount * coalesce(q.usd_value::double, p.price_usd), 0, 1e11) as amount_usd,
    c.distance_hours as age_hours
from chosen as c
left join seeds.usd_currencies as q on q.currency = c.currency
left join intermediate.int_asset_price as p
    on p.vintage = c.vintage and p.day = c.day and p.asset = c.currency and p.day >= $from_day::date
