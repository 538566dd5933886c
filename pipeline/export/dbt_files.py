"""The files of a dbt project that are the same for any models: settings, macros, generic tests, a README.

What is filled into them is `dbt.py`. Text in double braces is dbt's own; `{name}` is filled in here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

README = """\
# margin-debt as a dbt project

Written by `margin-debt export --format dbt`. The SELECTs, seeds, checks and descriptions are those of
margin-debt; dbt builds every table whole, margin-debt builds the days that are new.

    pip install "dbt-core<1.12" dbt-duckdb
    MARGIN_DEBT_HOME=/path/to/home dbt build --profiles-dir .

Input is the raw Parquet of that home. The signals are computed in Python: they are copied from its published
file.
The tables go to dbt.duckdb, or to the file that MARGIN_DEBT_DBT names; the home is only read.
"""

PROJECT = """\
name: margin_debt
version: 1.0.0
profile: margin_debt
flags:
  send_anonymous_usage_stats: false
on-run-start:
- '{{ functions() }}'
- '{{ raw_views() }}'
- '{{ signal_tables() }}'
models:
  margin_debt:
    +materialized: table
    staging: {+schema: staging}
    intermediate: {+schema: intermediate}
    marts: {+schema: marts}
"""

# The published file is attached and not opened: readers and the next build are not in its way.
PROFILES = """\
margin_debt:
  target: duckdb
  outputs:
    duckdb:
      type: duckdb
      path: "{{ env_var('MARGIN_DEBT_DBT', 'dbt.duckdb') }}"
      threads: 1
      settings: {TimeZone: UTC}
      attach:
      - path: "{{ env_var('MARGIN_DEBT_HOME', '.margin-debt') }}/serving/margin_debt.duckdb"
        alias: published
        read_only: true
"""

NAMES = """\
{# A schema is called what the model's folder is called. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
{{ custom_schema_name or target.schema }}
{%- endmacro %}
"""

FUNCTIONS = """\
{{# The SQL functions that the models call. #}}
{{% macro functions() %}}
{macros}
{{% endmacro %}}
"""

RAW = """\
{{# Views over the raw Parquet of a home; a dataset that has no file is an empty one. #}}
{{% macro raw_views() %}}
create schema if not exists raw;
{{% if execute %}}
{{% set raw = env_var('MARGIN_DEBT_HOME', '.margin-debt') ~ '/raw' %}}
{views}
{{% endif %}}
{{% endmacro %}}
"""

RAW_VIEW = """\
{{% if run_query("select count(*) from glob('" ~ raw ~ "/{name}/{below}')").columns[0][0] > 0 %}}
{view};
{{% else %}}
create or replace view raw.{name} as select {empty} where false;
{{% endif %}}"""

SIGNALS = """\
{{# What Python computed, from the published file of the home. #}}
{{% macro signal_tables() %}}
create schema if not exists signals;
{copies}
{{% endmacro %}}
"""

RULES = """\
{% test unique_grain(model, columns) %}
select "{{ columns | join('", "') }}" from {{ model }} group by all having count(*) > 1
{% endtest %}

{% test in_range(model, column_name, low=none, high=none) %}
select {{ column_name }} from {{ model }}
where isnan({{ column_name }}::double)
{% if low is not none %} or {{ column_name }} < {{ low }}{% endif %}
{% if high is not none %} or {{ column_name }} > {{ high }}{% endif %}
{% endtest %}
"""


def csv_text(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A CSV file with a head."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([head, *rows])
    return file.getvalue()
