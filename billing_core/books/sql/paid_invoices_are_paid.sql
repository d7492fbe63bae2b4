-- What a paid invoice says was paid is what its payments paid.
with payments as (
    select connection_id, invoice_id, sum(amount_paid_minor) as amount_minor
    from invoice_payment
    where tenant_id = :tenant_id and status = 'paid'
    group by connection_id, invoice_id
)
select invoice_id as what, amount_paid_minor::text as expected, coalesce(payments.amount_minor, 0)::text as found,
       amount_paid_minor <> coalesce(payments.amount_minor, 0) as is_broken
from (
    select connection_id, invoice_id, amount_paid_minor from invoice where tenant_id = :tenant_id and status = 'paid'
) as invoice
left join payments using (connection_id, invoice_id)
