/*
title: What positions would owe beyond their margin if all prices gapped at once, and what the venue's insurance fund holds
grain: [day, venue, shock_ratio]
columns:
  shock_ratio: gap of all prices at once, a fraction; an assumption - nothing is closed in between and all is closed there
  notional_usd: open interest of the assets that are in it, US dollars, one side counted
  covered_ratio: share of the venue's open interest in assets whose entries are known, a fraction
  deficit_low_usd: US dollars, the least of the three rules of who leaves first; those short of maintenance today are left out
  deficit_usd: US dollars, entries pro rata; those short of maintenance today are left out. Entries and margins are those of the asset over all venues - a venue's standing book cannot be seen - weighted by the venue's open interest
  deficit_high_usd: US dollars, the most of the three rules; those short of maintenance today counted with just maintenance (first tier) left
  deficit_if_new_usd: US dollars, were all positions opened today by the venue's own margin rules; nothing to do with the bounds
  insurance_fund_usd: US dollars in all funds of the venue that were collected, NULL where none was
  is_fund_partial: whether some of its funds are missing (a currency without a price, a call that covers some contracts); NULL without a fund
  fund_covers: contracts that the collected funds stand for, where it is not all
  fund_used_usd: US dollars of the deficit that the funds would pay, any fund for any market; NULL where none was collected
  uncovered_usd: US dollars of the deficit that is left for auto-deleveraging and users; NULL where no fund was collected
  fund_to_deficit_ratio: insurance funds over the deficit, a ratio; NULL without a fund or a deficit
  tiers_as_of: UTC date of the youngest margin table used, NULL where none has a date
  is_counterfactual: whether a margin table younger than the day was used
  formula_version: version of the formulas of this table
checks:
  rows_if: intermediate.int_entry_vintage
  range:
    deficit_low_usd: [0, null]
    deficit_usd: [0, null]
    deficit_high_usd: [0, null]
    deficit_if_new_usd: [0, null]
    fund_used_usd: [0, null]
    uncovered_usd: [0, null]
    covered_ratio: [0, 1.000001]
*/
with shocks as (
    select unnest([-0.20, -0.10, -0.05, 0.05, 0.10, 0.20])::double as shock_ratio
),
book as (
    select
        c.day, c.asset, c.maintenance_rate_low_ratio as low_ratio, c.maintenance_rate_high_ratio as high_ratio,
        c.demanded_ratio, c.tiers_as_of, x.shares, x.margins
    from intermediate.int_cushion as c
    cross join intermediate.int_leverage_mixture as x
    where c.day >= $from_day::date and c.book = 'vintage'
),
-- by vintage, the most margin with which a position owes after the gap, and with which it is short of maintenance today
gapped as (
    select
        v.day, v.asset, s.shock_ratio, v.pro_rata_share_ratio, v.fifo_share_ratio, v.lifo_share_ratio,
        v.entry_price_usd / v.price_usd as paid, 1 + s.shock_ratio as moved, sign(s.shock_ratio) as side,
        b.low_ratio, b.high_ratio, b.demanded_ratio, b.shares, b.margins,
        owing_posted(v.entry_price_usd / v.price_usd, 1 + s.shock_ratio, sign(s.shock_ratio)) as owing,
        short_posted(v.entry_price_usd / v.price_usd, b.low_ratio, sign(s.shock_ratio)) as short_low,
        short_posted(v.entry_price_usd / v.price_usd, b.high_ratio, sign(s.shock_ratio)) as short_high
    from intermediate.int_entry_vintage as v
    inner join book as b on b.day = v.day and b.asset = v.asset
    cross join shocks as s
    where
        v.day >= $from_day::date and v.pro_rata_share_ratio > 0
        -- a vintage in which nobody owes is not worth a row
        and share_posting_at_most(
            owing_posted(v.entry_price_usd / v.price_usd, 1 + s.shock_ratio, sign(s.shock_ratio)), b.demanded_ratio, b.shares
        ) > 0
),
-- while the gap is within maintenance, none that keeps it owes anything
owed as (
    select
        day, asset, shock_ratio, pro_rata_share_ratio, fifo_share_ratio, lifo_share_ratio,
        case when abs(shock_ratio) > high_ratio
            then deficit_posting(paid, moved, side, owing, demanded_ratio, shares, margins)
                - deficit_posting(paid, moved, side, short_high, demanded_ratio, shares, margins)
            else 0 end as standing_ratio,
        case when abs(shock_ratio) > low_ratio
            then deficit_posting(paid, moved, side, owing, demanded_ratio, shares, margins)
                - deficit_posting(paid, moved, side, short_low, demanded_ratio, shares, margins)
                + (abs(shock_ratio) - low_ratio) * share_posting_at_most(short_low, demanded_ratio, shares)
            else 0 end as all_ratio
    from gapped
),
by_asset as (
    select
        day, asset, shock_ratio,
        greatest(0, least(
            exact_sum(pro_rata_share_ratio * standing_ratio), exact_sum(fifo_share_ratio * standing_ratio),
            exact_sum(lifo_share_ratio * standing_ratio)
        )) as low_ratio,
        greatest(0, exact_sum(pro_rata_share_ratio * standing_ratio)) as estimate_ratio,
        greatest(
            exact_sum(pro_rata_share_ratio * all_ratio), exact_sum(fifo_share_ratio * all_ratio),
            exact_sum(lifo_share_ratio * all_ratio), exact_sum(pro_rata_share_ratio * standing_ratio), 0
        ) as high_ratio
    from owed
    group by day, asset, shock_ratio
),
positions as (
    select
        r.day, r.venue, r.asset, r.notional_usd, r.tiers_as_of,
        coalesce(r.initial_ratio, r.maintenance_high_ratio) as demanded_ratio, x.shares, x.margins
    from intermediate.int_margin_rate as r
    cross join intermediate.int_leverage_mixture as x
    where r.vintage = 'latest' and r.day >= $from_day::date and r.notional_usd > 0
),
by_venue as (
    select
        p.day, p.venue, s.shock_ratio, exact_sum(p.notional_usd) as notional_usd,
        exact_sum(p.notional_usd * coalesce(a.low_ratio, 0)) as deficit_low_usd,
        exact_sum(p.notional_usd * coalesce(a.estimate_ratio, 0)) as deficit_usd,
        exact_sum(p.notional_usd * coalesce(a.high_ratio, 0)) as deficit_high_usd,
        exact_sum(p.notional_usd * deficit_posting(
            1.0, 1 + s.shock_ratio, sign(s.shock_ratio), abs(s.shock_ratio), p.demanded_ratio, p.shares, p.margins
        )) as deficit_if_new_usd,
        max(b.tiers_as_of) as tiers_as_of
    from positions as p
    inner join book as b on b.day = p.day and b.asset = p.asset
    cross join shocks as s
    -- an asset without a row has a book in which nobody owes
    left join by_asset as a on a.day = p.day and a.asset = p.asset and a.shock_ratio = s.shock_ratio
    group by p.day, p.venue, s.shock_ratio
),
whole as (
    select day, venue, exact_sum(notional_usd) as notional_usd from positions group by day, venue
),
-- a pool is named after the first of its markets and changes its name with them: one round of answers a day, or it counts twice
told as (
    select
        f.*,
        first_value(f.known_at) over (
            partition by f.day, f.venue order by f.distance_hours, f.known_at desc, f.fund, f.currency
        ) as told_at
    from staging.stg_insurance_fund as f
    where f.day >= $from_day::date
),
funds as (
    select day, venue, fund, currency, unit, balance
    from told
    where known_at between told_at - interval 1 hour and told_at + interval 1 hour
    qualify row_number() over (partition by day, venue, fund, currency order by distance_hours, known_at desc, observed_at) = 1
),
fund_by_venue as (
    select
        f.day, f.venue,
        exact_sum(case
            when f.unit = 'usd' then f.balance else f.balance * coalesce(q.usd_value::double, p.price_usd)
        end) as insurance_fund_usd,
        count(*) filter (where f.unit = 'currency' and q.usd_value is null and p.price_usd is null) as unpriced
    from funds as f
    left join seeds.usd_currencies as q on q.currency = f.currency
    left join intermediate.int_asset_price as p
        on p.vintage = 'latest' and p.day = f.day and p.asset = f.currency and p.day >= $from_day::date
    group by f.day, f.venue
)
select
    v.day, v.venue, v.shock_ratio, v.notional_usd, safe_ratio(v.notional_usd, w.notional_usd) as covered_ratio,
    v.deficit_low_usd, v.deficit_usd, v.deficit_high_usd, v.deficit_if_new_usd, f.insurance_fund_usd,
    case when f.insurance_fund_usd is not null then f.unpriced > 0 or s.covers is not null end as is_fund_partial,
    case when f.insurance_fund_usd is not null then s.covers end as fund_covers,
    case when f.insurance_fund_usd is not null then least(v.deficit_usd, greatest(f.insurance_fund_usd, 0)) end as fund_used_usd,
    v.deficit_usd - case when f.insurance_fund_usd is not null then least(v.deficit_usd, greatest(f.insurance_fund_usd, 0)) end
        as uncovered_usd,
    safe_ratio(f.insurance_fund_usd, v.deficit_usd) as fund_to_deficit_ratio,
    v.tiers_as_of, coalesce(v.tiers_as_of > v.day, false) as is_counterfactual, 1 as formula_version
from by_venue as v
inner join whole as w on w.day = v.day and w.venue = v.venue
left join fund_by_venue as f on f.day = v.day and f.venue = v.venue
left join seeds.partial_funds as s on s.venue = v.venue
