/* Move of the price that forced orders cause, a fraction: Y sigma sqrt(Q / V), volume and volatility of the same day. */
create or replace macro square_root_impact(forced_usd, volume_usd, daily_sigma_ratio, coefficient) as
    coefficient * daily_sigma_ratio * sqrt(forced_usd / volume_usd);
/* What positions entered at paid (entry price over today's) owe beyond their margin at a price of moved times today's,
   over those that posted upto at most; side is -1 for a fall (longs), 1 for a rise (shorts); lists as in leverage.sql.
   A share of the notional at today's price. */
create or replace macro deficit_posting(paid, moved, side, upto, least_posted, shares, margins) as
    side * (moved - paid) * share_posting_at_most(upto, least_posted, shares)
        - paid * margin_posting_at_most(upto, least_posted, shares, margins);
/* The most margin with which a position owes there, and the most with which it is short of maintenance today: one that
   holds just that stands, whatever the last digit says. */
create or replace macro owing_posted(paid, moved, side) as side * (moved / paid - 1);
create or replace macro short_posted(paid, maintenance, side) as side * ((1 + side * maintenance) / paid - 1) - 1e-9;
