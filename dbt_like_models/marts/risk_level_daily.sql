/*
title: The market's level at the end of every day, and what drives it
grain: [as_of]
columns:
  as_of: UTC instant the level stands for
  level: calm, elevated, high, critical, or unknown
  score: weighted place of the known signals' levels, 0 when all are calm and 1 when all are critical, a count
  drivers: the signals that are not calm, or none
  without_data: the signals that had no data up to that day, NULL if all had
  blind_ratio: share of the expected open interest that was not seen
  formula_version: version of the rule
materialized: full
checks:
  rows_if: marts.signal_inputs_daily
  values: {level: [unknown, calm, elevated, high, critical]}
*/
select as_of, level, score, drivers, without_data, blind_ratio, 2 as formula_version
from signals.risk_levels
