/*
title: How well each signal and baseline told the days before an event from other days, on this home's history
grain: [signal, event_rule, horizon_days]
columns:
  signal: name of the signal or baseline; composite is the market's level
  event_rule: R1, R2 or R3 - which falls of open interest and price are events
  horizon_days: how many days before an event are to be told, days
  is_baseline: whether it is a plain series that a signal must beat
  events: independent events that this series could have warned of, a count
  events_warned: events with an alarm inside the horizon, a count
  scored_days: days with a label and a known value
  sample_from: first scored UTC date, NULL without one
  sample_to: last scored UTC date, NULL without one
  auroc: area under the ROC curve in [0, 1], ties one half; 0.5 knows nothing; NULL without days of both kinds
  auroc_low: lower end of its 95 % moving-block bootstrap interval; NULL below five events
  auroc_high: upper end of that interval
  auroc_gain: the same area less that of 30-day volatility on the days both have, NULL for volatility itself
  auroc_gain_low: lower end of the gain's interval, from the same resamples; above zero it beats volatility
  auroc_gain_high: upper end of that interval
  auprc: average precision in [0, 1]; compare with base_ratio
  base_ratio: share of the scored days that stand before an event
  precision_ratio: share of the alarm days that stood before an event, NULL without an alarm
  recall_ratio: share of the days before events with an alarm
  noise_to_signal_ratio: false-alarm rate over hit rate, below 1 for information; NULL without a hit
  usefulness_ratio: Alessi and Detken's usefulness at equal weights, a fraction up to 0.5; below zero ignore the alarm
  relative_usefulness_ratio: Sarlin's usefulness at weight 0.8, a fraction of that of a perfect alarm
  false_alarms_a_year: spells of alarm near no event, a count a year
  median_lead_days: days from the first alarm inside the horizon to the event, median over events warned
  reason: why there is no interval, NULL where there is one
  variants_tried: rows (series, rules and horizons) scored together, a count; nothing is corrected for it
  formula_version: version of the rule
materialized: full
checks:
  rows_if: marts.market_moves_daily
  range: {auroc: [0, 1], auroc_low: [0, 1], auroc_high: [0, 1], auprc: [0, 1], precision_ratio: [0, 1]}
  values: {event_rule: [R1, R2, R3]}
source: the rule of tests/evaluation/RULE.md, fixed before any score
*/
select
    signal, event_rule, horizon_days, is_baseline, events, events_warned, scored_days,
    sample_from::date as sample_from, sample_to::date as sample_to,
    auroc, auroc_low, auroc_high, auroc_gain, auroc_gain_low, auroc_gain_high, auprc, base_ratio,
    precision_ratio, recall_ratio, noise_to_signal_ratio, usefulness_ratio, relative_usefulness_ratio,
    false_alarms_a_year, median_lead_days,
    nullif(reason, '') as reason,
    variants_tried,
    1 as formula_version
from signals.scoreboard
