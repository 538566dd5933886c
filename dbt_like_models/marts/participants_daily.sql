/*
title: What is public about who stands on which side, and what such a sample cannot tell
grain: [day, population]
columns:
  population: accounts (all, each counts once), top_accounts (a venue's largest), top_positions (theirs, by size), listed_wallets (the addresses of the settings, by size)
  long_share_ratio: longs over longs and shorts; of ratios, weighted by the open interest of their markets
  covered_usd: open interest of the markets that publish the ratio, US dollars; of wallets, their positions
  covered_ratio: the same over all open interest seen; of wallets, half of their positions over their venues' open interest, for these count one side
  venues: venues with such figures, a count
  markets: markets with such figures, a count; NULL for wallets
  accounts: listed accounts that were answered, a count; NULL for ratios
  equity_usd: own money of the accounts with a position, US dollars; NULL for ratios
  equity_debt_ratio: share of these positions above that money, all accounts together; NULL for ratios
  account_debt_ratio: the same account by account, where nobody's money covers another's debt; NULL for ratios
  set_debt_ratio: share borrowed at the leverage that the holders set, one less margin over notional; NULL for ratios
  hhi_ratio: sum of squared shares of the accounts in these positions, 1/n to 1; NULL for ratios
  top1_ratio: share of the largest account in these positions; NULL for ratios
  sample_bias: what this sample cannot tell
  formula_version: version of the formulas of this table
checks:
  rows_if: intermediate.int_wallet_day
  values: {population: [accounts, top_accounts, top_positions, listed_wallets]}
  not_null: [sample_bias]
  range: {long_share_ratio: [0, 1.000001], covered_ratio: [0, null], equity_debt_ratio: [0, 1], set_debt_ratio: [0, 1]}
*/
with books as (
    select m.day, m.venue, m.market, m.seen_usd, l.long_short_ratio, l.top_account_long_short_ratio,
        l.top_position_long_short_ratio
    from intermediate.int_market_day as m
    left join intermediate.int_long_short_day as l
        on l.day = m.day and l.venue = m.venue and l.market = m.market and l.day >= $from_day::date
    where m.vintage = 'latest' and m.day >= $from_day::date and m.status = 'seen' and m.seen_usd > 0
),
seen as (
    select day, venue, exact_sum(seen_usd) as usd from books group by day, venue
),
whole as (
    select day, exact_sum(usd) as usd from seen group by day
),
ratios as (
    select day, venue, market, seen_usd, 'accounts' as population, long_short_ratio as ratio from books
    union all
    select day, venue, market, seen_usd, 'top_accounts' as population, top_account_long_short_ratio as ratio
    from books
    union all
    select day, venue, market, seen_usd, 'top_positions' as population, top_position_long_short_ratio as ratio
    from books
),
by_ratio as (
    select
        r.day, r.population,
        exact_sum(r.seen_usd * r.ratio / (1 + r.ratio)) / exact_sum(r.seen_usd) as long_share_ratio,
        exact_sum(r.seen_usd) as covered_usd, exact_sum(r.seen_usd) / any_value(w.usd) as covered_ratio,
        count(distinct r.venue) as venues, count(*) as markets
    from ratios as r
    inner join whole as w on w.day = r.day
    where r.ratio is not null
    group by r.day, r.population
),
wallets as (
    select *, safe_ratio(notional_usd, sum(notional_usd::decimal(38, 12)) over (partition by day)) as share
    from intermediate.int_wallet_day
    where day >= $from_day::date
),
-- a venue of which nothing was seen gives no share, and neither do wallets of several venues then
books_of_wallets as (
    select w.day, case when count(*) = count(s.usd) then exact_sum(s.usd) end as usd
    from (select distinct day, venue from wallets) as w
    left join seen as s on s.day = w.day and s.venue = w.venue
    group by w.day
),
by_wallet as (
    select
        w.day, 'listed_wallets' as population,
        safe_ratio(exact_sum(w.long_usd), exact_sum(w.notional_usd)) as long_share_ratio,
        exact_sum(w.notional_usd) as covered_usd,
        exact_sum(w.notional_usd) / 2 / any_value(b.usd) as covered_ratio,
        count(distinct w.venue) as venues, count(*) as accounts,
        exact_sum(case when w.positions > 0 then w.equity_usd end) as equity_usd,
        -- without a position there is nothing to be borrowed, and no share of it
        case when exact_sum(w.notional_usd) > 0 then
            least(1, greatest(0, 1 - exact_sum(case when w.positions > 0 then w.equity_usd end)
                / exact_sum(w.notional_usd))) end as equity_debt_ratio,
        -- who lost more than all owes more than the position: still no more than all of them together
        case when exact_sum(w.notional_usd) > 0 then
            least(1, exact_sum(w.borrowed_usd) / exact_sum(w.notional_usd)) end as account_debt_ratio,
        case when exact_sum(w.notional_usd) > 0 then
            greatest(0, 1 - exact_sum(w.set_margin_usd) / exact_sum(w.notional_usd)) end as set_debt_ratio,
        hhi(w.share) as hhi_ratio,
        max(w.share)::double as top1_ratio
    from wallets as w
    inner join books_of_wallets as b on b.day = w.day
    group by w.day
)
select
    day, population, long_share_ratio, covered_usd, covered_ratio, venues, markets, null::bigint as accounts,
    null::double as equity_usd, null::double as equity_debt_ratio, null::double as account_debt_ratio,
    null::double as set_debt_ratio, null::double as hhi_ratio, null::double as top1_ratio,
    case population
        when 'accounts' then 'each account counts once, whatever its size, and one person may hold many'
        when 'top_accounts' then 'only a venue''s largest accounts, by its own rule, each counted once'
        else 'only a venue''s largest accounts, by its own rule; the other side of their positions is not in it'
    end as sample_bias,
    1 as formula_version
from by_ratio
union all by name
select
    *,
    'addresses that the operator chose, on one chain: neither a random nor a whole sample, and spot or other holdings'
        || ' of the same owner are not in it' as sample_bias,
    1 as formula_version
from by_wallet
