/* Move of the price that forced orders cause, a fraction: Y sigma sqrt(Q / V), volume and volatility of the same day. */
create or replace macro square_root_impact(forced_usd, volume_usd, daily_sigma_ratio, coefficient) as
    coefficient * daily_sigma_ratio * sqrt(forced_usd / volume_usd);
/* What positions entered at paid (entry price over today's) owe beyond their margin at a price of moved times today's,
   over those that posted upto at most; lists as in leverage.sql. A share of the notional at today's price. */
create or replace macro deficit_long(paid, moved, upto, least_posted, shares, margins) as
    (paid - moved) * share_posting_at_most(upto, least_posted, shares)
        - paid * margin_posting_at_most(upto, least_posted, shares, margins);
create or replace macro deficit_short(paid, moved, upto, least_posted, shares, margins) as
    (moved - paid) * share_posting_at_most(upto, least_posted, shares)
        - paid * margin_posting_at_most(upto, least_posted, shares, margins);
/* The most that a position may have posted and still owe, and the most with less than maintenance left today. */
create or replace macro owing_long(paid, moved) as 1 - moved / paid;
create or replace macro owing_short(paid, moved) as moved / paid - 1;
create or replace macro short_of_margin_long(paid, maintenance) as 1 - (1 - maintenance) / paid - 1e-9;
create or replace macro short_of_margin_short(paid, maintenance) as (1 + maintenance) / paid - 1 - 1e-9;
