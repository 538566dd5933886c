/*
title: How each attempt to fetch a dataset ended
grain: [day, run_id, venue, dataset, attempt]
columns:
  day: UTC date the attempt was for
  formula_version: version of this table
checks:
  rows_if: raw.fetch_log
*/
select *, 1 as formula_version
from staging.stg_fetch_log
where day >= $from_day::date
