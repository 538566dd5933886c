/*
title: How concentrated open interest, debt and loans are
grain: [day, measure, dimension]
columns:
  dimension: venue, asset, cell (venue x asset), or participant (of open interest, accounts long against accounts short; of debt, the accounts that the settings list)
  members: members with a positive amount, a count
  sample_bias: what the figures of participants cannot tell; NULL for the others
  formula_version: version of the formulas of this table
checks:
  rows_if: staging.stg_open_interest
  values: {dimension: [venue, asset, cell, participant]}
*/
-- Every contract has a long and a short: where most accounts stand on one side, those on the other are larger.
with sides as (
    select
        m.day,
        exact_sum(m.seen_usd * l.long_short_ratio / (1 + l.long_short_ratio)) / exact_sum(m.seen_usd) as long_share
    from intermediate.int_market_day as m
    inner join intermediate.int_long_short_day as l
        on l.day = m.day and l.venue = m.venue and l.market = m.market and l.day >= $from_day::date
    where
        m.vintage = 'latest' and m.day >= $from_day::date and m.status = 'seen' and m.seen_usd > 0
        and l.long_short_ratio is not null
    group by m.day
),
participants as (
    select
        day, 'open_interest' as measure, 'participant' as dimension,
        long_share * long_share + (1 - long_share) * (1 - long_share) as hhi_ratio,
        1 / (long_share * long_share + (1 - long_share) * (1 - long_share)) as effective_n,
        greatest(long_share, 1 - long_share) as top1_ratio, 1.0 as top3_ratio, 1.0 as top5_ratio,
        abs(long_share - 0.5) as gini_ratio,
        theil_of(entropy_term(long_share) + entropy_term(1 - long_share), 2) as theil_t,
        2 as members,
        'accounts of the venues that publish the ratio, each counted once: an account is no person and tells no size'
            as sample_bias
    from sides
),
-- what each listed account owes beyond its own money
owing as (
    select
        day, address, borrowed_usd / sum(borrowed_usd::decimal(38, 12)) over (partition by day) as share,
        row_number() over (partition by day order by borrowed_usd desc, venue, address) as place,
        count(*) over (partition by day) as members
    from intermediate.int_wallet_day
    where day >= $from_day::date and borrowed_usd > 0
),
wallets as (
    select
        day, 'debt' as measure, 'participant' as dimension, hhi(share) as hhi_ratio, 1 / hhi(share) as effective_n,
        exact_sum(case when place <= 1 then share else 0 end) as top1_ratio,
        exact_sum(case when place <= 3 then share else 0 end) as top3_ratio,
        exact_sum(case when place <= 5 then share else 0 end) as top5_ratio,
        -- place 1 is the largest: the ascending rank is members + 1 - place
        exact_sum((members + 1 - 2 * place) * share) / any_value(members) as gini_ratio,
        theil_of(exact_sum(entropy_term(share)), any_value(members)) as theil_t,
        any_value(members) as members,
        'addresses that the operator chose, on one chain: neither a random nor a whole sample' as sample_bias
    from owing
    group by day
)
select
    day, measure, dimension, hhi_ratio, effective_n, top1_ratio, top3_ratio, top5_ratio, gini_ratio, theil_t,
    theil_venue, theil_asset, theil_mutual, members, null::varchar as sample_bias, 1 as formula_version
from intermediate.int_concentration
where vintage = 'latest' and day >= $from_day::date
union all by name
select *, 1 as formula_version
from participants
union all by name
select *, 1 as formula_version
from wallets
