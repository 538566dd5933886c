/*
title: What a forced close on one venue costs the longs on all others, through the assets they share
grain: [day, venue]
columns:
  venue: exchange whose longs are taken to be closed by force, all within a day
  own_money_low_usd: what the holders of one side put in themselves, US dollars, at the upper bound of their debt
  own_money_usd: the same at the margin posted at the assumed leverages (seeds.leverage_mixture), US dollars
  own_money_high_usd: the same at the lower bound of their debt, US dollars
  coverage_ratio: share of the venue's expected open interest that was seen in assets whose volume and volatility are known; only that part counts in the ratios, and no venue that was not seen
  overlap_ratio: share of the venue's book that the rest of the market holds alike, asset by asset, a fraction; NULL without another venue
  direct_ratio: what the others' longs lose by the fall of the shared assets, as a fraction of all longs' own money
  debtrank_low_ratio: as debtrank_ratio, were all debt at its lower bound
  debtrank_ratio: what the others' longs lose with the closings that losses force in turn, as a fraction of all longs' own money - 0.3 says that were all longs on this venue closed by force within a day, longs elsewhere would lose 30 % of what all longs own. Assumed - holders keep their leverage, so who loses a share of own money closes that share; a part of an asset's open interest moves its price by that part of the whole move; NULL where no other venue or no price move is known
  debtrank_high_ratio: as debtrank_ratio, were all debt at its upper bound; nearly always all the others own
  worst_venue: other venue whose forced close costs this one's longs most
  worst_loss_ratio: what that costs them, as a fraction of their own money, followed through
  fire_sale_ratio: dollars that all longs lose by this venue's closings for each dollar that they lose when all prices fall alike, a fraction; holders keep their leverage, first closings only
  formula_version: version of the formulas of this table
checks:
  rows_if: intermediate.int_venue_asset
  range:
    own_money_low_usd: [0, null]
    coverage_ratio: [0, 1.000001]
    overlap_ratio: [0, 1.000001]
    direct_ratio: [0, 1.000001]
    debtrank_low_ratio: [0, 1.000001]
    debtrank_ratio: [0, 1.000001]
    debtrank_high_ratio: [0, 1.000001]
    fire_sale_ratio: [0, null]
source: linear DebtRank - Bardoscia et al. (2015), PLoS ONE 10; fire sales - Greenwood, Landier and Thesmar (2015), Journal of Financial Economics 115
*/
with books as (
    select
        day, venue, exact_sum(open_interest_usd) as open_interest_usd,
        exact_sum(own_money_low_usd) as own_money_low_usd, exact_sum(own_money_usd) as own_money_usd,
        exact_sum(own_money_high_usd) as own_money_high_usd,
        exact_sum(case when closing_move_ratio is not null then open_interest_usd else 0 end) as known_usd,
        exact_sum(case when closing_move_ratio is not null then own_money_usd end) as known_own_usd,
        exact_sum(closing_move_ratio * open_interest_usd) as moved_usd
    from intermediate.int_venue_asset
    where day >= $from_day::date
    group by day, venue
),
markets as (
    select
        day, exact_sum(open_interest_usd) as open_interest_usd, exact_sum(known_usd) as known_usd,
        exact_sum(known_own_usd) as known_own_usd
    from books
    group by day
),
-- of each asset, what this venue and the rest of the market hold alike, as shares of their books
alike as (
    select
        a.day, a.venue,
        exact_sum(least(
            a.open_interest_usd / b.open_interest_usd,
            (a.asset_open_interest_usd - a.open_interest_usd) / (m.open_interest_usd - b.open_interest_usd)
        )) as overlap_ratio
    from intermediate.int_venue_asset as a
    inner join books as b on b.day = a.day and b.venue = a.venue
    inner join markets as m on m.day = a.day and m.open_interest_usd > b.open_interest_usd
    where a.day >= $from_day::date
    group by a.day, a.venue
),
dealt as (
    select
        day, venue, exact_sum(direct_distress_ratio * hit_own_money_usd) as direct_usd,
        exact_sum(distress_low_ratio * hit_own_money_usd) as low_usd,
        exact_sum(distress_ratio * hit_own_money_usd) as estimate_usd,
        exact_sum(distress_high_ratio * hit_own_money_usd) as high_usd
    from intermediate.int_contagion
    where day >= $from_day::date
    group by day, venue
),
suffered as (
    select
        day, hit_venue, max(distress_ratio) as worst_loss_ratio,
        -- by name where two cost the same
        arg_max(venue, (distress_ratio, venue)) as worst_venue
    from intermediate.int_contagion
    where day >= $from_day::date
    group by day, hit_venue
)
select
    b.day, b.venue, b.open_interest_usd, b.own_money_low_usd, b.own_money_usd, b.own_money_high_usd,
    c.seen_ratio * safe_ratio(b.known_usd, b.open_interest_usd) as coverage_ratio,
    a.overlap_ratio,
    safe_ratio(d.direct_usd, m.known_own_usd) as direct_ratio,
    safe_ratio(d.low_usd, m.known_own_usd) as debtrank_low_ratio,
    safe_ratio(d.estimate_usd, m.known_own_usd) as debtrank_ratio,
    safe_ratio(d.high_usd, m.known_own_usd) as debtrank_high_ratio,
    s.worst_venue, s.worst_loss_ratio,
    -- who keeps his leverage sells his debt over his own money for each dollar lost
    safe_ratio((b.known_usd - b.known_own_usd) * b.moved_usd, b.known_own_usd * m.known_usd) as fire_sale_ratio,
    1 as formula_version
from books as b
inner join markets as m on m.day = b.day
inner join intermediate.int_coverage as c
    on c.vintage = 'latest' and c.day = b.day and c.venue = b.venue and c.day >= $from_day::date
left join alike as a on a.day = b.day and a.venue = b.venue
left join dealt as d on d.day = b.day and d.venue = b.venue
left join suffered as s on s.day = b.day and s.hit_venue = b.venue
