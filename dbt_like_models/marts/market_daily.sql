/*
title: Every market on every day, seen or not
grain: [day, venue, market]
columns:
  open_interest_base: coins of the asset, one side counted; 0 only for a market known to be closed
  open_interest_usd: US dollars, one side counted; 0 only for a market known to be closed; excluded rows are in no total
  long_short_ratio: accounts long over accounts short, NULL where not collected
  formula_version: version of the formulas of this table
checks:
  rows_if: raw.markets
  not_null: [status]
  values: {status: [seen, unseen, excluded, closed]}
*/
select
    day, venue, market, asset, kind, direction, settle, open_interest_base, open_interest_usd, mark_price,
    volume_usd, funding_apr, funding_kind, null::double as long_short_ratio, priced_by, status, reason,
    observed_at, age_hours, 1 as formula_version
from intermediate.int_market_day
where vintage = 'latest' and day >= $from_day::date
