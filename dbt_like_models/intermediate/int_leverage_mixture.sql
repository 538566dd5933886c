/*
title: The assumed leverages at entry, as two lists by n from 1 to 126
grain: [as_of]
columns:
  as_of: UTC instant of the youngest evidence
  shares: share of notional that stands at n times and more, by n
  margins: margin which that notional posted, by n
materialized: full
checks:
  not_null: [shares, margins]
*/
-- Leverages are whole numbers, so a list by n answers "how many posted at most this" without a search.
with tails as (
    select
        n.times, max(m.as_of)::date as as_of,
        coalesce(exact_sum(m.notional_share_ratio::double), 0) as share_ratio,
        coalesce(exact_sum(m.notional_share_ratio::double / m.leverage::double), 0) as margin_ratio
    from range(1, 127) as n (times)
    left join seeds.leverage_mixture as m on m.leverage::integer >= n.times
    group by n.times
)
select
    end_of(max(as_of)) as as_of,
    list(share_ratio order by times) as shares,
    list(margin_ratio order by times) as margins
from tails
