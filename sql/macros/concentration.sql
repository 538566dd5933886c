/* Concentration of shares that add up to one. Theil terms are in nats; n counts zeros too. */
create or replace macro hhi(share) as exact_sum(share * share);
create or replace macro entropy_term(share) as case when share > 0 then share * ln(share) else 0 end;
create or replace macro theil_of(entropy_sum, n) as ln(n) + entropy_sum;
