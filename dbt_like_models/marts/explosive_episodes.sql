/*
title: When borrowed positions grew explosively - dates only where a test of the whole series rejects
grain: [scope_type, scope, series, episode]
columns:
  scope_type: market (the whole market) or asset
  scope: name within the scope type, all for the market
  series: coins (price-free index of open interest) or coins_over_market_cap, logarithms
  episode: number of the stretch within the series, 0 where there is none
  days: length of the series tested, days
  tested_from: first UTC date tested
  tested_to: last UTC date tested
  gsadf: GSADF statistic of the series, no lagged changes
  gsadf_critical: what it exceeds in 5 % of simulated random walks of this length
  is_explosive: whether the test rejects and a stretch lasted ln(days) days
  from_day: first UTC date of the stretch, NULL where there is none
  to_day: last UTC date of the stretch, NULL where there is none
  is_open: whether the stretch reaches the last day tested, NULL where there is none
  series_tested: series tested together, a count; one in twenty rejects when nothing happens
  formula_version: version of the formulas of this table
materialized: full
checks:
  # no series is long enough in a home younger than half a year
  rows_if: signals.explosive_episodes
  range: {days: [180, 1460]}
  values: {scope_type: [market, asset], series: [coins, coins_over_market_cap]}
source: Phillips, Shi and Yu (2015), International Economic Review 56; pipeline/evaluate/episodes.py
*/
select
    scope_type, scope, series, episode::integer as episode, days::integer as days,
    tested_from::date as tested_from, tested_to::date as tested_to, gsadf::double as gsadf,
    gsadf_critical::double as gsadf_critical, is_explosive::boolean as is_explosive,
    from_day::date as from_day, to_day::date as to_day, is_open::boolean as is_open,
    series_tested::integer as series_tested,
    1 as formula_version
from signals.explosive_episodes
