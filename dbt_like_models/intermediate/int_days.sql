/*
title: Every UTC day from the first that was asked for to the last, without holes
grain: [day]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
checks:
  rows_if: raw.fetch_log
*/
with asked as (
    select min(day) as first_day, max(day) as last_day
    from staging.stg_fetch_log
),
series as (
    select unnest(generate_series(first_day, last_day, interval 1 day))::date as day
    from asked
    where last_day is not null
)
select day
from series
where day >= $from_day::date
