/*
title: Every market on every day, seen or not
grain: [day, venue, market]
columns:
  open_interest_base: coins of the asset, one side counted; 0 only for a market known to be closed
  open_interest_usd: US dollars, one side counted; 0 only for a market known to be closed; excluded rows are in no total
  long_short_ratio: accounts long over accounts short, a ratio; NULL where not collected
  flags: what looks odd and excludes nothing (turnover_high, turnover_low, stale), NULL without any
  formula_version: version of the formulas of this table
checks:
  rows_if: raw.markets
  not_null: [status]
  values: {status: [seen, unseen, excluded, closed]}
*/
with flagged as (
    select day, venue, market, string_agg(flag, ', ' order by flag) as flags
    from intermediate.int_market_flag
    where day >= $from_day::date
    group by day, venue, market
)
select
    m.day, m.venue, m.market, m.asset, m.kind, m.direction, m.settle, m.open_interest_base, m.open_interest_usd,
    m.mark_price, m.volume_usd, m.funding_apr, m.funding_kind, l.long_short_ratio, l.top_account_long_short_ratio,
    l.top_position_long_short_ratio, m.priced_by, m.status, m.reason, m.observed_at, m.age_hours, f.flags,
    1 as formula_version
from intermediate.int_market_day as m
left join intermediate.int_long_short_day as l
    on l.day = m.day and l.venue = m.venue and l.market = m.market and l.day >= $from_day::date
left join flagged as f on f.day = m.day and f.venue = m.venue and f.market = m.market
where m.vintage = 'latest' and m.day >= $from_day::date
