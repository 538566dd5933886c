/*
title: What looks odd about a market on a day; a flag excludes nothing, for crash days look odd, too
grain: [day, venue, market, flag]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  market: the venue's own id of the market
  flag: turnover_high (traded over 50 times what is open), turnover_low (under a fiftieth), stale (the same to the last digit on three days)
checks:
  rows: 0
  values: {flag: [turnover_high, turnover_low, stale]}
*/
with days as (
    select
        day, venue, market, open_interest_base, safe_ratio(volume_usd, open_interest_usd) as turnover_ratio,
        lag(open_interest_base) over (partition by venue, market order by day) as one_before_base,
        lag(open_interest_base, 2) over (partition by venue, market order by day) as two_before_base
    from intermediate.int_market_day
    where vintage = 'latest' and status in ('seen', 'excluded') and day >= $from_day::date - 7
)
select
    day, venue, market,
    unnest(list_filter([
        case when turnover_ratio > 50 then 'turnover_high' when turnover_ratio < 0.02 then 'turnover_low' end,
        case
            when open_interest_base > 0 and open_interest_base = one_before_base
                and open_interest_base = two_before_base then 'stale'
        end
    ], lambda flag : flag is not null)) as flag
from days
where day >= $from_day::date
