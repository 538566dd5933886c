/* Rates to a simple fraction a year. An unknown unit stops the build: nothing is scaled by default. */
create or replace macro funding_to_apr(rate, interval_hours) as rate * 8760 / interval_hours;
create or replace macro borrow_to_apr(rate, unit) as case unit
    when 'rate_per_day' then rate * 365
    when 'rate_per_hour' then rate * 8760
    when 'rate_per_year' then rate
    when 'rate_per_day_over_365' then rate * 365 * 365
    else error('unknown rate unit ' || unit) end;
/* The settlement interval a time difference shows, NULL if it is none a venue uses. */
create or replace macro snapped_hours(h) as case
    when abs(h - 1) < 0.05 then 1 when abs(h - 2) < 0.05 then 2 when abs(h - 4) < 0.1 then 4
    when abs(h - 6) < 0.1 then 6 when abs(h - 8) < 0.1 then 8 when abs(h - 12) < 0.1 then 12
    when abs(h - 24) < 0.1 then 24 end;
