/* Instants and UTC days in whole microseconds: the calendar functions of a time zone cost twenty times as much. */
create or replace macro utc_day(t) as date '1970-01-01' + (epoch_us(t) // 86400000000)::integer;
create or replace macro end_of(d) as make_timestamptz((d - date '1970-01-01' + 1) * 86400000000);
create or replace macro hours_between(a, b) as abs(epoch_us(a) - epoch_us(b)) / 3.6e9;
create or replace macro nearest_minute(t) as make_timestamptz((epoch_us(t) + 30000000) // 60000000 * 60000000);
/* The two days whose end an instant may stand for, and the one whose end is nearest. */
create or replace macro candidate_days(t) as [utc_day(t) - 1, utc_day(t)];
create or replace macro day_ending_nearest(t) as date '1970-01-01' + ((epoch_us(t) + 43200000000) // 86400000000 - 1)::integer;
/* How far an instant is from the nearest midnight: what is further than its tolerance stands for no day at all. */
create or replace macro hours_from_midnight(t) as
    abs((epoch_us(t) + 43200000000) % 86400000000 - 43200000000) / 3.6e9;
/* The last instant at which what was known of a day counts as known then; hours comes from int_vintages. */
create or replace macro heard_until(d, hours) as end_of(d) + to_seconds(hours * 3600);
