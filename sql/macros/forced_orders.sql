/* Orders over seconds shown, for an hour of a feed that shows at most one a second: -s ln(1 - k/s) / k. An hour
   with one in each second says nothing of the rest and is counted as one second short of it. */
create or replace macro orders_behind_ratio(seconds_shown) as
    -3600 * ln(1 - least(seconds_shown, 3599) / 3600) / least(seconds_shown, 3599);
