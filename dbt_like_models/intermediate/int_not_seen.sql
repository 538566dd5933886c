/*
title: Classes of debt that are known to exist and that nothing here sees, with their dated size
grain: [day, class, member]
columns:
  day: UTC date whose end (00:00 of the next day) the row stands for
  class: cefi (lenders), defi (money markets), cdp (stablecoin vaults), cme (regulated futures) or options
  member: who is meant within the class
  size_usd: size at size_as_of, US dollars; NULL where no dated source gives one
  size_as_of: UTC date of the size, NULL without one
  basis: where the size comes from and of when it is
checks:
  rows_if: intermediate.int_days
  not_null: [basis]
  range: {size_usd: [0, null]}
  values: {class: [cefi, defi, cdp, cme, options]}
*/
select
    d.day, u.debt_class as class, u.member, u.size_usd::double as size_usd, u.as_of::date as size_as_of,
    'not seen: ' || u.source
        || coalesce(', ' || u.as_of::date || case when u.as_of::date > d.day then ', after this day' else '' end, '')
        as basis
from intermediate.int_days as d
cross join seeds.known_universe as u
where d.day >= $from_day::date and not u.is_collected::boolean
