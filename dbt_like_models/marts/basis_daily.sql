/*
title: What dated futures pay over the coin, at constant maturity
grain: [day, asset, tenor_days]
columns:
  tenor_days: constant maturity, days
  basis_apr: fraction a year, simple; NULL beyond the last expiry, where nothing is traded, and over 5 a year, which is a fault
  markets: dated futures of the asset, a count
  formula_version: version of the formulas of this table
checks:
  rows_if: intermediate.int_basis
  range: {basis_apr: [-5, 5]}
*/
-- log(F/S) is a straight line in time between expiries, and between the coin itself (0 at once) and the first.
with points as (
    select day, asset, 0.0::double as tenor_days, 0.0::double as forward_log, 0 as markets
    from intermediate.int_basis
    where day >= $from_day::date
    group by day, asset
    union all by name
    select day, asset, tenor_days, forward_log, markets
    from intermediate.int_basis
    where day >= $from_day::date
),
pieces as (
    select
        day, asset, tenor_days as from_days, forward_log as from_log,
        lead(tenor_days) over in_order as to_days, lead(forward_log) over in_order as to_log
    from points
    window in_order as (partition by day, asset order by tenor_days)
),
counted as (
    select day, asset, sum(markets) as markets from points group by day, asset
),
tenors as (
    select unnest([30, 60, 90]) as tenor_days
)
select
    c.day, c.asset, t.tenor_days,
    if_possible(
        (exp(p.from_log + (p.to_log - p.from_log) * (t.tenor_days - p.from_days) / (p.to_days - p.from_days)) - 1)
            * 365 / t.tenor_days, -5, 5
    ) as basis_apr,
    c.markets::bigint as markets, 1 as formula_version
from counted as c
cross join tenors as t
left join pieces as p
    on p.day = c.day and p.asset = c.asset and p.from_days < t.tenor_days and t.tenor_days <= p.to_days
