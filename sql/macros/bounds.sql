/* The number, NULL where nothing can be that small or large: what cannot be is not known, and raw keeps it as sent. */
create or replace macro if_possible(x, least, most) as case when x >= least and x <= most then x end;
