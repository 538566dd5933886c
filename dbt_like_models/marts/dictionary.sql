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
        when ends_with(d.column_name, '_usd') then 'US dollars'
        when ends_with(d.column_name, '_base') then 'coins of the asset'
        when ends_with(d.column_name, '_apr') then 'fraction a year, simple'
        when ends_with(d.column_name, '_apy') then 'fraction a year, compounded'
        when ends_with(d.column_name, '_ratio') then 'fraction'
        when ends_with(d.column_name, '_hours') then 'hours'
        when ends_with(d.column_name, '_days') then 'days'
        when ends_with(d.column_name, '_price') then 'quote currency per listed base'
        when d.column_name like 'theil%' then 'nats'
        when ends_with(d.column_name, '_sigmas') then 'daily standard deviations'
        when d.column_name like 'max_leverage%' then 'multiples of margin'
        when ends_with(d.column_name, '_at') or d.column_name in ('at', 'as_of') then 'UTC instant'
        when ends_with(d.column_name, '_seconds') then 'seconds'
        when ends_with(d.column_name, '_amount') then 'units of the currency'
        when d.data_type = 'DATE' then 'UTC date'
        when d.column_name = 'formula_version' then null
        when d.data_type in ('BIGINT', 'INTEGER', 'HUGEINT') then 'count'
    end as unit,
    d.meaning, d.source, 2 as formula_version
from described as d
