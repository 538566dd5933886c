/* The end of a UTC day, how far an instant is from it, and the two days whose end an instant may stand for. */
create or replace macro end_of(d) as (d + 1)::timestamp at time zone 'UTC';
create or replace macro hours_between(a, b) as abs(epoch_us(a) - epoch_us(b)) / 3.6e9;
create or replace macro candidate_days(t) as [(t at time zone 'UTC')::date - 1, (t at time zone 'UTC')::date];
