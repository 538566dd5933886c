-- A published database with made numbers. Variables: last_day, days, odd_venue (the name of the fifth venue).
-- Gaps on purpose: okx unseen 146 to 140 days before the end, the odd venue unseen on the last day,
-- growth undefined for the first 30 days, no funding of LTC.

create table open_interest_by_asset_daily (day date, asset text, open_interest_base double,
  open_interest_usd double, venues bigint, markets bigint, coverage_ratio double, formula_version text default '1');
create table open_interest_by_venue_daily (day date, venue text, open_interest_usd double, assets bigint,
  markets bigint, coverage_ratio double, formula_version text default '1');
create table growth_daily (day date, scope_type text, scope text, horizon_days integer, usd_growth_ratio double,
  quantity_growth_ratio double, matched_ratio double, formula_version text default '1');
create table funding_daily (day date, scope_type text, scope text, funding_apr double, funding_apy double,
  funding_paid_usd double, positive_share_ratio double, markets bigint, dollar_borrow_apr double, carry_apr double,
  formula_version text default '1');
create table borrow_daily (day date, venue text, currency text, kind text, borrow_apr double, used_amount double,
  lent_amount double, used_usd double, utilisation_ratio double, age_hours double, formula_version text default '1');
create table margin_debt_daily (day date, class text, venue text, asset text, measure text, low_usd double,
  estimate_usd double, high_usd double, low_basis text, estimate_basis text, high_basis text, coverage_ratio double,
  not_seen_usd double, not_seen_as_of date, formula_version text default '1');
create table concentration_daily (day date, measure text, dimension text, hhi_ratio double, effective_n double,
  top1_ratio double, top3_ratio double, top5_ratio double, gini_ratio double, theil_t double, members bigint,
  formula_version text default '1');
create table maintenance_rate_daily (day date, scope_type text, scope text, notional_usd double, tabled_ratio double,
  first_tier_ratio double, lognormal_ratio double, largest_ratio double, assumption text, sizes_as_of date,
  formula_version text default '1');
create table participants_daily (day date, population text, long_share_ratio double, covered_usd double,
  covered_ratio double, venues bigint, markets bigint, accounts bigint, equity_usd double, equity_debt_ratio double,
  account_debt_ratio double, set_debt_ratio double, hhi_ratio double, top1_ratio double, sample_bias text,
  formula_version text default '1');
create table coverage_daily (day date, dataset text, venue text, status text, markets_expected bigint,
  markets_seen bigint, expected_usd double, seen_usd double, seen_ratio double, age_hours double, reason text,
  formula_version text default '1');
create table signal_readings (as_of timestamptz, signal text, scope_type text, scope text, value double, level text,
  threshold double, threshold_source text, history_days bigint, reason text, formula_version text default '1');
create table risk_level_daily (as_of timestamptz, level text, score double, drivers text, blind_ratio double,
  formula_version text default '1');
create table risk_events ("at" timestamptz, signal text, scope_type text, scope text, from_level text,
  to_level text, reason text, formula_version text default '1');
create table dictionary (table_name text, column_name text, type text, unit text, meaning text, source text);
create table fetch_log (run_id text, venue text, dataset text, attempt bigint, day date, status text,
  rows bigint, calls bigint, bytes bigint, seconds double, throttled_seconds double, error_class text, message text,
  fetched_at timestamptz);

create table market_daily (day date, venue text, market text, asset text, kind text, direction text, settle text,
  open_interest_base double, open_interest_usd double, mark_price double, volume_usd double, funding_apr double,
  long_short_ratio double, priced_by text, status text, reason text, flags text, formula_version text default '1');

create table market_moves_daily (day date, horizon_days integer, usd_growth_ratio double,
  quantity_growth_ratio double, price_growth_ratio double, matched_ratio double, formula_version text default '1');
create table leverage_daily (day date, scope_type text, scope text, oi_to_market_cap_ratio double,
  oi_to_exchange_reserve_ratio double, oi_to_posted_margin_ratio double, oi_to_volume_days double,
  market_cap_usd double, market_cap_as_of date, reserve_as_of date, debt_high_to_stablecoin_supply_ratio double,
  stablecoin_supply_usd double, stablecoin_supply_as_of date, formula_version text default '1');
create table basis_daily (day date, asset text, tenor_days integer, basis_apr double, markets bigint,
  formula_version text default '1');
create table cushion_daily (day date, scope_type text, scope text, book text, notional_usd double,
  maintenance_rate_low_ratio double, maintenance_rate_high_ratio double, initial_rate_ratio double,
  distance_long_ratio double, distance_long_low_ratio double, distance_long_high_ratio double,
  distance_short_ratio double, distance_sigmas double, call_probability_7d_ratio double, compression_30d_ratio double,
  dynamic_margin_ratio double, tabled_ratio double, tiers_as_of date, is_counterfactual boolean,
  formula_version text default '1');
create table call_ladder_daily (day date, asset text, shock_ratio double, called_low_usd double, called_usd double,
  called_high_usd double, tiers_as_of date, is_counterfactual boolean, formula_version text default '1');
create table cascade_daily (day date, asset text, shock_ratio double, first_called_usd double,
  final_move_low_ratio double, final_move_ratio double, final_move_high_ratio double, forced_usd double,
  amplification_ratio double, gain_ratio double, is_unstable boolean, daily_volume_usd double,
  volume_coverage_ratio double, daily_sigma_ratio double, tiers_as_of date, is_counterfactual boolean,
  formula_version text default '1');
create table deficit_daily (day date, venue text, shock_ratio double, notional_usd double, covered_ratio double,
  deficit_low_usd double, deficit_usd double, deficit_high_usd double, deficit_if_new_usd double,
  insurance_fund_usd double, is_fund_partial boolean, fund_covers text, fund_used_usd double, uncovered_usd double,
  fund_to_deficit_ratio double, tiers_as_of date, is_counterfactual boolean, formula_version text default '1');
create table contagion_daily (day date, venue text, open_interest_usd double, coverage_ratio double,
  overlap_ratio double, direct_ratio double, debtrank_low_ratio double, debtrank_ratio double,
  debtrank_high_ratio double, worst_venue text, worst_loss_ratio double, fire_sale_ratio double,
  formula_version text default '1');
create table contagion_pairs_daily (day date, venue text, hit_venue text, distress_ratio double,
  formula_version text default '1');
create table tier_changes (day date, venue text, market text, before_day date, first_tier_before_ratio double,
  first_tier_after_ratio double, max_leverage_before double, max_leverage_after double, formula_version text default '1');
create table liquidations_daily (day date, venue text, asset text, long_usd double, short_usd double, low_usd double,
  estimate_usd double, high_usd double, is_censored boolean, orders bigint, formula_version text default '1');
create table reference_bands (id text, measure text, what text, day date, published_usd double, our_usd double,
  our_ratio double, source text, why_ours_differs text, formula_version text default '1');
create table scoreboard (signal text, event_rule text, horizon_days bigint, is_baseline boolean, events bigint,
  events_warned bigint, sample_from date, sample_to date, auroc double, auroc_low double, auroc_high double,
  auroc_gain double, precision_ratio double, recall_ratio double, false_alarms_a_year double,
  median_lead_days double, reason text, variants_tried bigint, formula_version text default '1');

create table explosive_episodes (scope_type text, scope text, series text, episode integer, days integer,
  tested_from date, tested_to date, gsadf double, gsadf_critical double, is_explosive boolean, from_day date,
  to_day date, is_open boolean, series_tested integer, formula_version integer default 1);

create temp table days as
select i::integer as back, getvariable('last_day')::date - i::integer as day,
  55e9 * (1 + 0.25 * sin(i / 45) + greatest(0, 0.5 * (60 - i) / 60)) * (1 + 0.02 * sin(i * 7.7)) as market_usd
from range(getvariable('days')) as steps (i);

create temp table cells as
select back, day, market_usd, venue, market_usd * share * (1 + 0.2 * sin(back / 70 + share * 9)) as usd,
  not (venue = 'okx' and back between 140 and 146) and not (place = 5 and back = 0) as is_seen
from days, (values (1, 'binance', 0.42), (2, 'okx', 0.22), (3, 'hyperliquid', 0.16), (4, 'bybit', 0.1),
  (5, getvariable('odd_venue'), 0.06), (6, 'bitfinex', 0.04)) as venues (place, venue, share);

insert into open_interest_by_venue_daily (day, venue, open_interest_usd, assets, markets, coverage_ratio)
select day, venue, usd, 90, 200, 1 from cells where is_seen;

insert into open_interest_by_asset_daily (day, asset, open_interest_base, open_interest_usd, venues, markets)
select day, asset, 1000, market_usd * 0.48 * pow(0.55, place), 6, 12
from days, (select unnest(['BTC', 'ETH', 'SOL', 'XRP', 'DOGE', 'HYPE', 'BNB', 'SUI', 'LINK', 'ADA', 'AVAX', 'LTC'])
  as asset, unnest(range(12)) as place);

insert into margin_debt_daily (day, class, venue, asset, measure, low_usd, high_usd, low_basis, high_basis)
select day, 'derivative', venue, asset, 'open_interest',
  usd * part * case when venue = 'hyperliquid' then 0.25 else 0 end, usd * part * 0.96,
  case when venue = 'hyperliquid' then 'public wallets, 2026-02-22' else 'nothing is published: 0' end,
  'maintenance rate of the first tier, declared 2026-01'
from cells, (values ('BTC', 0.5), ('ETH', 0.3), ('SOL', 0.2)) as assets (asset, part) where is_seen;

insert into margin_debt_daily (day, class, venue, asset, measure, low_usd, estimate_usd, high_usd, low_basis,
  estimate_basis, high_basis)
select day, 'margin_loan', venue, 'USDT', 'used', usd / 200, usd / 200, usd / 200, 'amount in use', 'amount in use',
  'amount in use'
from cells where is_seen and venue in ('okx', 'bitfinex') and back < 300;

insert into borrow_daily (day, venue, currency, kind, borrow_apr, age_hours)
select day, venue, currency, 'cross', base * (1 + 0.4 * sin(back / 33)) + 0.005 * (1 + sin(back * 3.3)), 1
from cells, (values ('USDT', 0.08), ('USDC', 0.07), ('BTC', 0.02), ('ETH', 0.03), ('SOL', 0.09)) as rates (currency, base)
where is_seen and venue in ('binance', 'okx', 'bitfinex');

insert into funding_daily (day, scope_type, scope, funding_apr, markets)
select day, 'market', 'all', 0.08 + 0.07 * sin(back / 25) + greatest(0, 0.12 * (30 - back) / 30), 900 from days
union all
select day, 'asset', asset, case when asset <> 'LTC' then 0.11 + 0.05 * sin(length(asset) * 5 + back / 20) end, 9
from open_interest_by_asset_daily join days using (day);

insert into growth_daily (day, scope_type, scope, horizon_days, usd_growth_ratio, quantity_growth_ratio, matched_ratio)
select day, 'market', 'all', 30, case when is_matched then grown + 0.06 * cos(back / 9) end,
  case when is_matched then grown end, case when is_matched then 0.97 else 0.4 end
from (select *, 0.12 * sin(back / 30) + greatest(0, 0.3 * (45 - back) / 45) as grown,
  back < getvariable('days') - 30 and back not between 140 and 146 as is_matched from days);

insert into concentration_daily (day, measure, dimension, hhi_ratio, effective_n, top1_ratio, top3_ratio, top5_ratio,
  members)
select day, 'open_interest', dimension, 1 / number, number, 0.42, 0.8, 0.96, members
from (select day, 'venue' as dimension, 3.9 + 0.4 * sin(back / 80) as number, 6 as members from days
  union all select day, 'asset', 3.1 + 0.3 * cos(back / 50), 12 from days);

insert into participants_daily (day, population, long_share_ratio, covered_usd, covered_ratio, venues, sample_bias)
select day, 'accounts', 0.6, 2e10, 0.4, 2, 'an account is no person' from days;

insert into coverage_daily (day, dataset, venue, status, markets_expected, markets_seen, expected_usd, seen_usd,
  seen_ratio, age_hours, reason)
select day, 'open_interest', venue, case when is_seen then 'answered' else 'failed' end, 200,
  case when is_seen then 200 else 0 end, usd, case when is_seen then usd end, case when is_seen then 1 end,
  case when is_seen then 0.1 end, case when not is_seen then 'no answer within 15 s, two attempts' end
from cells
union all
select day, 'funding_rate', venue, 'answered', 200, 200, null, null, 1, 0.1, null from cells
union all
select day, 'margin_loan', venue,
  case when venue in ('okx', 'bitfinex') then 'answered' when venue = 'binance' then 'needs_key' else 'unsupported' end,
  null, null, null, null, null, null, case when venue = 'binance' then 'a read-only key is needed' end
from cells
union all
select day, 'known_universe', member, 'not_seen', null, null, size_usd, null, null, null, reason
from days, (values ('defi', 19.1e9, '19.1 bn USD borrowed on 2025-12-31 (made)'),
  ('cefi_lenders', 24.4e9, '24.4 bn USD of loans on 2025-09-30 (made)'),
  ('cdp', 4.8e9, '4.8 bn USD on 2025-12-31 (made)'), ('cme', 14e9, '14.0 bn USD on 2026-01-27 (made)'),
  ('options', null, 'no dated size')) as unseen (member, size_usd, reason)
union all
select day, 'known_universe', 'all', 'partial', null, null, market_usd + 62.3e9, sum(usd) filter (is_seen),
  sum(usd) filter (is_seen) / (market_usd + 62.3e9), null, null
from cells group by day, market_usd;

create temp table levels as
select back, day, timezone('UTC', day::timestamp + interval 1 day) as as_of, signal,
  case
    when back > 330 then 'unknown'
    when signal = 'blindness' then case when back between 140 and 146 then 'high' else 'calm' end
    when signal = 'concentration_shift' then case when back between 100 and 112 then 'elevated' else 'calm' end
    when back between 140 and 146 then 'unknown'
    when signal = 'crowding' then case when back < 20 then 'elevated' else 'calm' end
    when back < 4 then 'critical' when back < 18 then 'high' when back < 40 then 'elevated' else 'calm'
  end as level
from days, (select unnest(['accumulation', 'blindness', 'concentration_shift', 'crowding']) as signal);

insert into signal_readings (as_of, signal, scope_type, scope, value, level, threshold, threshold_source,
  history_days, reason)
select as_of, signal, 'market', 'all', case when level <> 'unknown' then 0.312 end, level,
  case when level <> 'unknown' then 0.214 end, 'walk-forward 95 % quantile', getvariable('days') - back,
  case when level = 'unknown' then 'too little history for ' || signal
    when signal = 'accumulation' then 'positions grew 31.2 % in 30 days, and 95 % of past days stayed under 21.4 %.'
    else replace(signal, '_', ' ') || ' is inside its usual range' end
from levels
union all
select max(as_of), 'crowding', 'venue', loud.venue, 0.4, loud.level, 0.3, 'fixed, declared', 300,
  'funding on ' || loud.venue || ' is 40.0 % a year'
from levels, (values ('hyperliquid', 'high'), (getvariable('odd_venue'), 'critical')) as loud (venue, level)
where levels.back = 0 group by all;

insert into risk_level_daily (as_of, level, drivers, blind_ratio)
select as_of, case when count(*) filter (level = 'unknown') > 0 then 'unknown'
    else min(level) filter (signal = 'accumulation') end,
  string_agg(signal || ' ' || level, '; ' order by signal) filter (level <> 'calm'),
  case when back between 140 and 146 then 0.22 when back = 0 then 0.06 else 0 end
from levels group by as_of, back;

insert into risk_events ("at", signal, scope_type, scope, from_level, to_level, reason)
select as_of, signal, 'market', 'all', before, level, 'a threshold was crossed'
from (select *, lag(level) over (partition by signal order by as_of) as before from levels)
where before <> level;

insert into fetch_log (run_id, venue, dataset, attempt, day, status, rows, error_class, message, fetched_at)
select 'r1', venue, 'open_interest', 2, day, 'failed', 0, 'VenueUnavailable',
  'connection reset by peer', timezone('UTC', day::timestamp + interval 1445 minute)
from cells where not is_seen;

insert into margin_debt_daily (day, class, venue, asset, measure, low_basis, high_basis, not_seen_usd, not_seen_as_of)
select day, class, 'others', 'all', 'not_seen', 'not seen: a report', 'not seen: a report', size_usd, as_of
from days, (values ('defi', 26.47e9, date '2025-06-30'), ('options', null, null)) as unseen (class, size_usd, as_of);
insert into dictionary values ('margin_debt_daily', 'high_usd', 'double', 'usd', 'upper bound of the debt',
  'maintenance margin of the first tier');

update funding_daily set dollar_borrow_apr = 0.06, carry_apr = funding_apr - 0.06 where scope_type = 'market';

insert into market_daily (day, venue, market, asset, kind, open_interest_usd, funding_apr, status)
select getvariable('last_day')::date, venue, asset || '-PERP', asset, 'swap', usd * part,
  0.1 + 0.2 * part * case when venue = 'okx' then -1 else 1 end, 'seen'
from cells, (values ('BTC', 0.5), ('ETH', 0.3), ('SOL', 0.2)) as assets (asset, part)
where back = 0 or (venue = getvariable('odd_venue') and back = 1);

update market_daily set flags = 'stale' where asset = 'SOL';
insert into market_daily (day, venue, market, asset, kind, status, reason)
select getvariable('last_day')::date, getvariable('odd_venue'), 'XRP-PERP', 'XRP', 'swap', 'excluded',
  'own dollars are 100 times the amount';

-- The falls of 100 and 95 days before the end are one event: they are less than 21 days apart.
insert into market_moves_daily (day, horizon_days, usd_growth_ratio, price_growth_ratio)
select day, 3, case when back in (95, 100, 200) then -0.2 else 0.01 end,
  case when back in (95, 100) then -0.08 when back = 200 then -0.06 else 0.01 end
from days;

insert into basis_daily (day, asset, tenor_days, basis_apr, markets)
select day, 'BTC', tenor, case when tenor < 90 then 0.05 + 0.02 * sin(back / 40 + tenor) end, 3
from days, (select unnest([30, 60, 90]) as tenor);

insert into leverage_daily (day, scope_type, scope, oi_to_market_cap_ratio, oi_to_posted_margin_ratio,
  oi_to_volume_days, market_cap_usd, market_cap_as_of)
select day, scope_type, scope, 0.02 + 0.004 * sin(back / 50), case when scope <> 'okx' then 8 end,
  0.6 + 0.1 * sin(back / 9), case when scope_type <> 'venue' then 2e12 end,
  case when scope_type <> 'venue' then date '2025-06-06' end
from days, (values ('market', 'all'), ('asset', 'BTC'), ('venue', 'okx'), ('venue', getvariable('odd_venue')))
  as scopes (scope_type, scope);

insert into cushion_daily
select day, scope_type, scope, book, market_usd, 0.004, 0.006, 0.1, near, near * 0.8, near * 1.1, near * 1.3, near / 0.03,
  0.05, 0.25, 0.07, 0.4, day - 2, false, '1'
from (select *, case when book = 'vintage' then 0.15 + 0.05 * sin(back / 60) else 0.095 end as near
  from days, (values ('market', 'all'), ('asset', 'BTC')) as scopes (scope_type, scope),
  (select unnest(['vintage', 'new_position']) as book));

insert into call_ladder_daily
select day, asset, shock, 1e9 * abs(shock) * 8, 1e9 * abs(shock) * 10, 1e9 * abs(shock) * 16, day - 2, false, '1'
from days, (select unnest([-0.2, -0.1, -0.05, 0.05, 0.1, 0.2]) as shock), (select unnest(['BTC', 'ETH']) as asset);

insert into cascade_daily
select day, asset, shock, 1e9 * abs(shock) * 10, shock * 1.02, shock * 1.1, shock * 1.3, 1e9 * abs(shock) * 12, 1.1, 0.08,
  false, 3e10, 1, 0.03, day - 2, false, '1'
from days, (select unnest([-0.2, -0.1, -0.05, 0.05, 0.1, 0.2]) as shock), (select unnest(['BTC', 'ETH', 'SOL']) as asset);

insert into deficit_daily
select day, venue, shock, usd, 1, usd * 0.01, usd * 0.02, usd * 0.03, usd * 0.02,
  case when venue <> 'hyperliquid' then usd * 0.015 end, case when venue <> 'hyperliquid' then venue = 'binance' end,
  case when venue = 'binance' then 'USDT-margined contracts' end, case when venue <> 'hyperliquid' then usd * 0.015 end,
  case when venue <> 'hyperliquid' then usd * 0.005 end, case when venue <> 'hyperliquid' then 0.75 end, day - 2, false, '1'
from cells, (select unnest([-0.2, -0.1, -0.05, 0.05, 0.1, 0.2]) as shock) where is_seen;

insert into contagion_daily
select day, venue, usd, 1, 0.9, 0.1 * share, 0.01 * share, 0.12 * share, 1 - share, 'binance', 0.08, 0.3 * share, '1'
from (select *, usd / market_usd as share from cells where is_seen);

insert into contagion_pairs_daily
select a.day, a.venue, b.venue, 0.2 * a.usd / a.market_usd * (1 + b.back % 3), '1'
from cells as a inner join cells as b on b.back = a.back and b.venue <> a.venue where a.is_seen and b.is_seen;

insert into tier_changes
select getvariable('last_day')::date - 3, getvariable('odd_venue'), 'BTC-PERP', getvariable('last_day')::date - 5,
  0.004, 0.005, 125, 100, '1';

insert into liquidations_daily (day, venue, asset, low_usd, estimate_usd, is_censored)
select day, venue, 'BTC', 2e7, 3e7, venue = 'okx' from cells where is_seen and venue in ('okx', 'bybit');

insert into reference_bands values
  ('L04', 'open_interest', 'global futures open interest', '2025-12-31', 145.1e9, 60e9, 60 / 145.1, 'CoinGlass',
   'it holds more venues', '1'),
  ('L04', 'open_interest', 'of a later day', '2026-06-30', 1, 1, 1, 'CoinGlass', 'it is later', '1');

insert into scoreboard
select signal, rule, horizon, signal = 'funding', 6, 4, '2025-06-01', '2026-02-28', 0.71, 0.6, 0.8, 0.05, 0.4, 0.5, 2.5,
  9, null, 12, '1'
from (select unnest(['crowding', 'funding']) as signal), (select unnest(['R1', 'R2']) as rule),
  (select unnest([7, 14]) as horizon);

insert into explosive_episodes
select scope_type, scope, 'coins', 1, 365, getvariable('last_day')::date - 364, getvariable('last_day')::date, 3.1, 2.28, true,
  getvariable('last_day')::date - 30, getvariable('last_day')::date, true, 40, 1
from (values ('market', 'all'), ('asset', 'BTC')) as scopes (scope_type, scope);
