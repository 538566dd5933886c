/* Raw Parquet of one dataset as it was sent, with its partition day as a typed, pruning column. */
create or replace view raw.{name} as
select {columns}, day
from read_parquet(
    {files},
    hive_partitioning = true,
    hive_types = {{'day': date}}
)
