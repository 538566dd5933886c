/*
title: Days whose numbers changed after the morning after, the largest change first
parameters:
  rows: {type: integer, default: 30, meaning: how many days to list}
*/
select day, table_name, "at", cause, rows, largest_change_ratio
from restatements
order by largest_change_ratio desc nulls last, day desc, table_name
limit $rows::integer
