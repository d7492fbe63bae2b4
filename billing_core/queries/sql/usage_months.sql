-- Which months have usage or bookings, newest first: two index probes per month, however many rows there are.
-- Revenue is booked for months to come: those are left out.
with recursive found as (
    select greatest(
        (select month from usage_cost_month where tenant_id = :tenant_id order by month desc limit 1),
        (select month from booked_month
         where tenant_id = :tenant_id and month <= (cast(:now as timestamptz) at time zone 'UTC')::date order by month desc limit 1)
    ) as month
    union all
    select greatest(
        (select month from usage_cost_month older
         where older.tenant_id = :tenant_id and older.month < found.month order by older.month desc limit 1),
        (select month from booked_month older
         where older.tenant_id = :tenant_id and older.month < found.month order by older.month desc limit 1)
    )
    from found
    where found.month is not null
)
select month from found where month is not null order by month desc
