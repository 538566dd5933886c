/*
title: By which rule a venue closes an isolated position, in which version, and who says so
grain: [venue, direction, version]
columns:
  venue: exchange
  direction: linear pays in quote, inverse in base
  rule: what must be kept - at_price (maintenance of the notional at the price sought) or at_entry (of that at entry)
  tiers: what a step counts for - steps (each its own part of the position) or whole (the step of its size, all of it)
  taker_fee_ratio: fee of closing that the rule counts, a fraction of notional, of the lowest customer tier; 0 where it counts none
  taker_fee_source: where that fee is said
  version: how the source names or dates itself
  is_in_force: whether it is the newest version known; a newer one may be in force that was not seen
  source: where the rule is written
  note: what was not seen
  formula_version: version of this table
materialized: full
checks:
  values: {direction: [linear, inverse], rule: [at_price, at_entry], tiers: [steps, whole]}
  range: {taker_fee_ratio: [0, 0.01]}
  not_null: [taker_fee_ratio, is_in_force, source]
*/
select
    venue, direction, rule, tiers, taker_fee_ratio::double as taker_fee_ratio, taker_fee_source, version,
    is_in_force::boolean as is_in_force, source, note, 1 as formula_version
from seeds.liquidation_rules
