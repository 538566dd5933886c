/* Sums that do not depend on the order of the rows: a parallel sum of doubles differs from run to run. */
create or replace macro exact_sum(x) as sum(x::decimal(38, 12))::double;
create or replace macro safe_ratio(a, b) as case when b > 0 then a / b end;
