/*
title: How each attempt to fetch a dataset ended
grain: [day, run_id, venue, dataset, attempt]
columns:
  day: UTC date the attempt was for
  run_id: the run that asked
  venue: exchange
  dataset: what was asked for
  attempt: 1 for the first try of a run
  status: answered, partial, unsupported, needs_key, needs_addresses, too_late, blocked or failed
  rows: rows stored, a count
  calls: requests made, a count
  bytes: payload stored, bytes
  seconds: time taken
  throttled_seconds: of which waiting for the venue's limits
  error_class: kind of trouble, NULL if none
  message: one line about it, without secrets
  fetched_at: UTC instant of the attempt's end
checks:
  rows_if: raw.fetch_log
  values: {status: [answered, partial, unsupported, needs_key, needs_addresses, too_late, blocked, failed]}
*/
select
    day, run_id, venue, dataset, attempt, status, rows, calls, bytes, seconds, throttled_seconds,
    error_class, message, fetched_at
from raw.fetch_log
where day >= $from_day::date
qualify row_number() over (
    partition by day, run_id, venue, dataset, attempt order by fetched_at desc, status, rows desc
) = 1
