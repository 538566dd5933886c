/*
title: What the recorded series hide, found in their last 400 days - a row excludes nothing
grain: [kind, venue, market, series, first_day]
columns:
  kind: level_break, unit_break, clock, tile (a stretch copied), stale, gap or symbol (a price that is another asset's)
  venue: exchange
  market: the venue's own id of the market; the asset for forced orders, all for the whole venue
  series: open_interest, price, volume, funding or forced_orders
  first_day: first UTC date of the stretch, of what was tested where the whole series is meant
  last_day: last UTC date of the stretch
  value: what the test measured, in its own unit, as the sentence says
  threshold: what value crossed, in the same unit; correlations are flagged below it, all others above
  sentence: what a person can check
  formula_version: version of the formulas of this table
materialized: full
checks:
  rows_if: signals.anomalies
  values:
    kind: [level_break, unit_break, clock, tile, stale, gap, symbol]
    series: [open_interest, price, volume, funding, forced_orders]
source: each test's null, window and threshold stand in pipeline/methods/anomalies.py and the two files beside it
*/
select
    kind, venue, market, series, first_day::date as first_day, last_day::date as last_day, value::double as value,
    threshold::double as threshold, sentence,
    1 as formula_version
from signals.anomalies
