-- Until when usage is known, and when that was written down: the newest event of the newest hour.
select occurred_at, recorded_at
from usage_event
where tenant_id = :tenant_id
  and occurred_at >= (select max(hour) from usage_hour where tenant_id = :tenant_id)
  and occurred_at < (select max(hour) from usage_hour where tenant_id = :tenant_id) + interval '1 hour'
order by occurred_at desc, event_id desc
limit 1
