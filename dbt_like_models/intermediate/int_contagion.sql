/*
title: What the longs on one venue lose when those on another are closed by force
grain: [day, venue, hit_venue]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange whose longs are closed
  hit_venue: another exchange, whose longs lose by it
  open_interest_usd: open interest of the closed venue in assets whose move is known, US dollars, one side counted
  hit_own_money_usd: own money of the longs that are hit, in the same assets, US dollars
  shared_loss_usd: what the fall of the shared assets costs the longs that are hit, US dollars, before anything follows
  direct_distress_ratio: that loss over their own money, a fraction, at most all of it
  distress_low_ratio: share of their own money lost when the closings that losses force are counted, at the most own money
  distress_ratio: the same share at the own money of the assumed leverages
  distress_high_ratio: the same share at the least own money
checks:
  rows_if: intermediate.int_venue_asset where closing_move_ratio is not null group by day having count(distinct venue) > 1
  range:
    direct_distress_ratio: [0, 1]
    distress_low_ratio: [0, 1]
    distress_ratio: [0, 1]
    distress_high_ratio: [0, 1]
source: linear DebtRank - Bardoscia, Battiston, Caccioli and Caldarelli (2015), PLoS ONE 10; weights of Cont and Schaanning (2017)
*/
with recursive books as (
    select
        day, venue, exact_sum(open_interest_usd) as open_interest_usd,
        exact_sum(own_money_low_usd) as low_usd, exact_sum(own_money_usd) as estimate_usd,
        exact_sum(own_money_high_usd) as high_usd
    from intermediate.int_venue_asset
    where day >= $from_day::date and closing_move_ratio is not null
    group by day, venue
),
-- a venue that sells its part of an asset moves the price by that part of the whole move, and with it what the other
-- holds: what i costs j is what j costs i. Forced closings cost the longs beside them, too, so that one venue counts
-- like the two that it could be split into
shared as (
    select
        i.day, i.venue, j.venue as hit_venue,
        exact_sum(i.closing_move_ratio * i.open_interest_usd / i.asset_open_interest_usd * j.open_interest_usd)
            as shared_loss_usd
    from intermediate.int_venue_asset as i
    inner join intermediate.int_venue_asset as j
        on j.day = i.day and j.asset = i.asset and j.venue >= i.venue and j.day >= $from_day::date
    where i.day >= $from_day::date and i.closing_move_ratio is not null
    group by i.day, i.venue, j.venue
),
pairs as (
    select
        i.day, i.venue, j.venue as hit_venue, i.open_interest_usd, j.low_usd, j.estimate_usd, j.high_usd,
        -- without a shared asset nothing is lost
        case when o.venue is null then 0 else o.shared_loss_usd end as shared_loss_usd
    from books as i
    inner join books as j on j.day = i.day
    left join shared as o
        on o.day = i.day and o.venue = least(i.venue, j.venue) and o.hit_venue = greatest(i.venue, j.venue)
),
weights as (
    select
        day, venue, hit_venue, reading,
        -- of who owns nothing, any loss takes all
        shared_loss_usd / greatest(own_usd, 1e-6) as loss_ratio
    from (
        select day, venue, hit_venue, shared_loss_usd, 'low' as reading, high_usd as own_usd from pairs
        union all
        select day, venue, hit_venue, shared_loss_usd, 'estimate' as reading, estimate_usd as own_usd from pairs
        union all
        select day, venue, hit_venue, shared_loss_usd, 'high' as reading, low_usd as own_usd from pairs
    )
),
-- one matrix a day and reading: a list of those hit, each with what every venue costs it, by name
matrices as materialized (
    select day, reading, list(hit_venue order by hit_venue) as venues, list(lost order by hit_venue) as lost
    from (
        select day, reading, hit_venue, list(loss_ratio order by venue) as lost
        from weights
        group by day, reading, hit_venue
    )
    group by day, reading
),
-- each venue is closed in turn; a round more until nobody loses another billionth of the own money, at most a hundred
rounds as (
    select
        day, reading, place, 0 as round, list_transform(venues, lambda name, k : (k = place)::double) as distress,
        1.0::double as rise_ratio
    from (select day, reading, venues, unnest(range(1, len(venues) + 1)) as place from matrices)
    union all
    select
        day, reading, place, round + 1 as round, worse as distress,
        list_max(list_transform(worse, lambda now, k : now - distress[k])) as rise_ratio
    from (
        select
            r.day, r.reading, r.place, r.round, r.distress,
            list_transform(
                m.lost,
                lambda row, k : case when k = r.place then 1.0 else least(1.0, list_dot_product(row, r.distress)) end
            ) as worse
        from rounds as r
        inner join matrices as m on m.day = r.day and m.reading = r.reading
        where r.rise_ratio > 1e-9 and r.round < 100
    )
),
ended as (
    select
        day, venue, hit_venue,
        max(case when reading = 'low' then distress_ratio end) as distress_low_ratio,
        max(case when reading = 'estimate' then distress_ratio end) as distress_ratio,
        max(case when reading = 'high' then distress_ratio end) as distress_high_ratio
    from (
        select
            r.day, r.reading, m.venues[r.place] as venue, unnest(m.venues) as hit_venue,
            unnest(r.distress) as distress_ratio
        from rounds as r
        inner join matrices as m on m.day = r.day and m.reading = r.reading
        where r.rise_ratio <= 1e-9 or r.round = 100
    )
    group by day, venue, hit_venue
)
select
    p.day, p.venue, p.hit_venue, p.open_interest_usd, p.estimate_usd as hit_own_money_usd, p.shared_loss_usd,
    least(1, p.shared_loss_usd / greatest(p.estimate_usd, 1e-6)) as direct_distress_ratio,
    e.distress_low_ratio, e.distress_ratio, e.distress_high_ratio
from pairs as p
inner join ended as e on e.day = p.day and e.venue = p.venue and e.hit_venue = p.hit_venue
where p.venue != p.hit_venue
