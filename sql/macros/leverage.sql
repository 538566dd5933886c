/* A mixture of leverages held as two lists: by n, the share of positions at n times and more, and the margin
   that these posted. Margin posted is a fraction of the entry notional, never below the least a venue asks. */
create or replace macro at_least_times(posted) as case
    when posted <= 1.0 / 126 then 126 when posted >= 1 then 1 else ceil(1 / posted)::integer end;
create or replace macro share_posting_at_most(posted, least_posted, shares) as case
    when posted < least_posted then 0 else shares[at_least_times(posted)] end;
create or replace macro margin_posting_at_most(posted, least_posted, shares, margins) as case
    when posted < least_posted then 0
    else margins[at_least_times(posted)] - margins[at_least_times(least_posted)]
        + least_posted * shares[at_least_times(least_posted)] end;
/* Mean distance to a call of positions entered at paid (entry price over today's), called ones at zero. */
create or replace macro distance_long(paid, maintenance, least_posted, shares, margins) as
    (1 - paid / (1 - maintenance))
        * (1 - share_posting_at_most(1 - (1 - maintenance) / paid, least_posted, shares))
    + paid / (1 - maintenance) * (
        margin_posting_at_most(1.0, least_posted, shares, margins)
        - margin_posting_at_most(1 - (1 - maintenance) / paid, least_posted, shares, margins));
create or replace macro distance_short(paid, maintenance, least_posted, shares, margins) as
    (paid / (1 + maintenance) - 1)
        * (1 - share_posting_at_most((1 + maintenance) / paid - 1, least_posted, shares))
    + paid / (1 + maintenance) * (
        margin_posting_at_most(1.0, least_posted, shares, margins)
        - margin_posting_at_most((1 + maintenance) / paid - 1, least_posted, shares, margins));
/* Share of positions that a price of moved times today's calls. */
create or replace macro called_long(paid, moved, maintenance, least_posted, shares) as
    share_posting_at_most(1 - moved * (1 - maintenance) / paid, least_posted, shares);
create or replace macro called_short(paid, moved, maintenance, least_posted, shares) as
    share_posting_at_most(moved * (1 + maintenance) / paid - 1, least_posted, shares);
