/*
title: What was asked, what was seen, and what is known to exist unseen
grain: [day, dataset, venue]
columns:
  dataset: what was asked for; known_universe for sizes known from elsewhere
  venue: exchange; in known_universe the class and member
  status: answered, partial, unsupported, needs_key, needs_addresses, too_late, blocked, failed, not_asked, seen, or not_seen
  markets_expected: markets expected, a count; NULL where markets are not the measure
  markets_seen: markets seen, a count
  expected_usd: open interest expected, or the dated size of what is not seen, US dollars
  seen_usd: open interest seen, US dollars
  seen_ratio: share of the expected seen; of known_universe all, the share of the known market
  age_hours: largest distance of an observation from the end of the day, hours; of a dated size, its age
  reason: why it is not whole, or where the size comes from
  formula_version: version of the formulas of this table
checks:
  rows_if: raw.fetch_log
  not_null: [status]
  range: {seen_ratio: [0, null]}
*/
with last_attempt as (
    select day, venue, dataset, status, message
    from staging.stg_fetch_log
    where day >= $from_day::date
    qualify row_number() over (
        partition by day, venue, dataset order by fetched_at desc, attempt desc, run_id desc
    ) = 1
),
asked as (
    select distinct venue, dataset from staging.stg_fetch_log
),
first_asked as (
    select venue, dataset, min(day) as first_day from staging.stg_fetch_log group by venue, dataset
),
attempts as (
    select d.day, f.dataset, f.venue, coalesce(a.status, 'not_asked') as status, a.message
    from intermediate.int_days as d
    inner join first_asked as f on f.first_day <= d.day
    left join last_attempt as a on a.day = d.day and a.venue = f.venue and a.dataset = f.dataset
    where d.day >= $from_day::date
),
fetched as (
    select
        t.day, t.dataset, t.venue, t.status,
        case when t.dataset = 'open_interest' then c.markets_expected end as markets_expected,
        case when t.dataset = 'open_interest' then c.markets_seen end as markets_seen,
        case when t.dataset = 'open_interest' then c.expected_usd end as expected_usd,
        case when t.dataset = 'open_interest' then c.seen_usd end as seen_usd,
        case when t.dataset = 'open_interest' then c.seen_ratio end as seen_ratio,
        case when t.dataset = 'open_interest' then c.age_hours end as age_hours,
        coalesce(t.message, case when t.status = 'not_asked' then 'no run asked on this day' end) as reason
    from attempts as t
    left join intermediate.int_coverage as c
        on c.vintage = 'latest' and c.day = t.day and c.venue = t.venue and c.day >= $from_day::date
),
market as (
    select
        day, 'open_interest' as dataset, 'all' as venue,
        case when seen_ratio > 0.9999 then 'answered' when seen_usd > 0 then 'partial' else 'failed' end as status,
        markets_expected, markets_seen, expected_usd, seen_usd, seen_ratio, age_hours,
        case when markets_seen < markets_expected
            then (markets_expected - markets_seen) || ' of ' || markets_expected || ' markets not seen' end as reason
    from intermediate.int_coverage
    where vintage = 'latest' and venue = 'all' and day >= $from_day::date
),
debt as (
    select day, exact_sum(high_usd) as high_usd
    from intermediate.int_margin_debt
    where vintage = 'latest' and class = 'margin_loan' and day >= $from_day::date
    group by day
),
universe as (
    select
        d.day, u.class, u.member, u.size_usd::double as size_usd, u.as_of::date as as_of,
        u.is_collected::boolean as is_collected, u.source
    from intermediate.int_days as d
    cross join seeds.known_universe as u
    where d.day >= $from_day::date
),
not_seen as (
    select
        day, 'known_universe' as dataset, class || ' ' || member as venue, 'not_seen' as status,
        null::bigint as markets_expected, null::bigint as markets_seen, size_usd as expected_usd,
        null::double as seen_usd, null::double as seen_ratio,
        abs(date_diff('day', as_of, day)) * 24.0 as age_hours,
        source || coalesce(' (' || as_of || case when as_of > day then ', after this day' else '' end || ')', '') as reason
    from universe
    where not is_collected
),
known_share as (
    select
        u.day, 'known_universe' as dataset, 'all' as venue, 'seen' as status,
        null::bigint as markets_expected, null::bigint as markets_seen,
        exact_sum(case when u.is_collected then greatest(u.size_usd, c.seen_usd) else u.size_usd end) as expected_usd,
        any_value(coalesce(c.seen_usd, 0) + coalesce(b.high_usd, 0)) as seen_usd,
        null::double as seen_ratio, null::double as age_hours,
        'open interest and loans seen, over the sizes known from dated sources' as reason
    from universe as u
    left join intermediate.int_coverage as c
        on c.vintage = 'latest' and c.venue = 'all' and c.day = u.day and c.day >= $from_day::date
    left join debt as b on b.day = u.day
    group by u.day
)
select *, 1 as formula_version from fetched
union all by name
select *, 1 as formula_version from market
union all by name
select *, 1 as formula_version from not_seen
union all by name
-- least() passes over a NULL: what is not known is not nearly all
select
    * exclude (seen_ratio),
    case when seen_usd / expected_usd is not null then least(seen_usd / expected_usd, 0.999) end as seen_ratio,
    1 as formula_version
from known_share
