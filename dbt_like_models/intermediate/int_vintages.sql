/*
title: The two ways of looking back, and how long after a day's end each still listens
grain: [vintage]
columns:
  vintage: latest shows every correction; as_known holds only what was known shortly after the day ended
  listens_hours: hours after the end of a day within which a version must have been known
materialized: full
checks: {}
*/
select 'latest' as vintage, 24.0 * 366 * 200 as listens_hours
union all
select 'as_known' as vintage, 12.0 as listens_hours
