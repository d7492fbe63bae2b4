-- Which months have usage, newest first: one index probe per month, however many rows there are.
with recursive found as (
    (select month from usage_cost_month where tenant_id = :tenant_id order by month desc limit 1)
    union all
    select (select older.month from usage_cost_month older
            where older.tenant_id = :tenant_id and older.month < found.month order by older.month desc limit 1)
    from found where found.month is not null
)
select month from found where month is not null order by month desc
