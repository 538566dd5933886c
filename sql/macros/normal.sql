/* The standard normal distribution function, to about 1e-14: Hart's rational form as printed by West (2005),
   "Better approximations to cumulative normal functions", Wilmott magazine. Beyond 37 it is 0 or 1. */
create or replace macro normal_upper_tail(x) as case
    when x > 37 then 0.0
    when x < 7.07106781186547 then exp(-x * x / 2)
        * ((((((0.0352624965998911 * x + 0.700383064443688) * x + 6.37396220353165) * x + 33.912866078383) * x
            + 112.079291497871) * x + 221.213596169931) * x + 220.206867912376)
        / (((((((0.0883883476483184 * x + 1.75566716318264) * x + 16.064177579207) * x + 86.7807322029461) * x
            + 296.564248779674) * x + 637.333633378831) * x + 793.826512519948) * x + 440.413735824752)
    else exp(-x * x / 2) / 2.506628274631
        / (x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))))) end;
create or replace macro normal_below(z) as case
    when z > 0 then 1 - normal_upper_tail(z::double) else normal_upper_tail(-z::double) end;
/* Probability that a driftless price touches a barrier that many daily sigmas away within some days. least() passes
   over a NULL, and an unknown distance is no certain call. */
create or replace macro first_passage(sigmas, days) as
    case when sigmas is not null then least(1.0, 2 * normal_below(-sigmas / sqrt(days))) end;
/* Sizes spread lognormally, weighted by what they hold: the share of all in sizes up to one, and the mean of 1 / size
   over that part. */
create or replace macro lognormal_share(upto, median, sigma) as
    case when upto > 0 then normal_below(ln(upto / median) / sigma) else 0.0 end;
create or replace macro lognormal_inverse(upto, median, sigma) as
    case when upto > 0 then exp(sigma * sigma / 2) / median * normal_below(ln(upto / median) / sigma + sigma)
        else 0.0 end;
