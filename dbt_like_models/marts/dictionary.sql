/*
title: What every column of every published table means
grain: [table_name, column_name]
columns:
  table_name: published table
  column_name: column
  type: DuckDB type
  unit: what a number counts, from the column's name
  meaning: one line, from the model's header
  source: title of the model
  formula_version: version of this table
materialized: full
checks:
  not_null: [type, meaning]
*/
with described as (
    select
        d.table_name, d.column_name, d.meaning, d.source,
        -- this table does not exist yet when it is built first, and must describe itself all the same
        coalesce(
            c.data_type, case d.column_name when 'formula_version' then 'INTEGER' else 'VARCHAR' end
        ) as data_type
    from internal.dictionary as d
    left join duckdb_columns() as c
        on c.schema_name = 'marts' and c.table_name = d.table_name and c.column_name = d.column_name
        and c.database_name = current_database()
    where c.data_type is not null or d.table_name = 'dictionary'
)
select
    d.table_name, d.column_name, d.data_type as type,
    case
        when d.column_name like '%_usd' then 'US dollars'
        when d.column_name like '%_base' then 'coins of the asset'
        when d.column_name like '%_apr' then 'fraction a year, simple'
        when d.column_name like '%_apy' then 'fraction a year, compounded'
        when d.column_name like '%_ratio' then 'fraction'
        when d.column_name like '%_hours' then 'hours'
        when d.column_name like '%_days' then 'days'
        when d.column_name like '%_price' then 'quote currency per listed base'
        when d.column_name like 'theil%' then 'nats'
        when d.column_name like '%_sigmas' then 'daily standard deviations'
        when d.column_name like 'max_leverage%' then 'multiples of margin'
        when d.column_name like '%_at' or d.column_name in ('at', 'as_of') then 'UTC instant'
        when d.column_name = 'day' then 'UTC date'
        when d.data_type in ('BIGINT', 'INTEGER') then 'count'
    end as unit,
    d.meaning, d.source, 1 as formula_version
from described as d
