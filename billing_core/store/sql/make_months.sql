-- One partition a month, made by the owner on our behalf; those that exist are left alone.
select make_month_partitions(cast(month as date))
from generate_series(date_trunc('month', cast(:first_at as timestamptz) at time zone 'UTC'),
                     cast(:last_at as timestamptz) at time zone 'UTC', interval '1 month') as month
where to_regclass('marginbook.usage_event_' || to_char(month, 'YYYYMM')) is null
   or to_regclass('marginbook.usage_raw_' || to_char(month, 'YYYYMM')) is null
