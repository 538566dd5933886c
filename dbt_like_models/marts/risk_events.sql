/*
title: Every change of a signal's level
grain: [at, signal, scope_type, scope]
columns:
  at: UTC instant of the reading that changed the level
  signal: name of the signal
  scope_type: market (the whole market), asset or venue
  scope: name within the scope type, all for the market
  from_level: level before
  to_level: level after
  reason: the sentence of the reading that changed it
  formula_version: version of the rule
materialized: full
checks:
  rows: 0
*/
select "at", signal, scope_type, scope, from_level, to_level, reason, 1 as formula_version
from signals.risk_events
