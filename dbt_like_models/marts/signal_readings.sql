/*
title: Every signal's reading at the end of every day, from what was known then
grain: [as_of, signal, scope_type, scope]
columns:
  as_of: UTC instant the reading stands for
  signal: name of the signal
  scope_type: market (the whole market), asset or venue
  scope: name within the scope type, all for the market
  value: the signal's own measure, in the unit its reason names; NULL when unknown
  level: calm, elevated, high, critical, or unknown (stale, short of history or blind; never calm by default)
  threshold: the value that was compared with, NULL when unknown
  threshold_source: where the threshold comes from
  history_days: days of own history used, a count
  reason: one sentence a person can check
  formula_version: version of the signal's formula
materialized: full
checks:
  rows_if: marts.signal_inputs_daily
  values: {level: [unknown, calm, elevated, high, critical]}
*/
select
    as_of, signal, scope_type, scope, value, level, threshold, threshold_source, history_days, reason,
    formula_version
from signals.readings
