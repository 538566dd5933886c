/*
title: What others published, our number of that day, and why they differ
parameters:
  measure: {type: text, default: null, meaning: "loans, liquidations, open_interest, bitcoin_open_interest or volume; all if not given"}
*/
select id, day, what, published_usd, our_usd, our_ratio, source, why_ours_differs
from reference_bands
where measure = coalesce($measure::text, measure)
order by day, id, source
