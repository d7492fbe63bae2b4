-- A customer's invoices, newest first, a page at a time.
-- Whose Stripe customers: the newest match holds.
with own as (
    select connection_id, stripe_customer_id
    from (
        select distinct on (connection_id, stripe_customer_id) connection_id, stripe_customer_id, customer_id
        from stripe_customer_match
        where tenant_id = :tenant_id
          and (connection_id, stripe_customer_id) in (select connection_id, stripe_customer_id from stripe_customer_match
                                                      where tenant_id = :tenant_id and customer_id = :customer_id)
        order by connection_id, stripe_customer_id, match_number desc
    ) newest
    where customer_id = :customer_id
)
select connection_id, invoice_id, stripe_customer_id, number, status, currency, subtotal_minor, discount_minor, tax_minor,
       total_minor, credited.credited_minor, amount_paid_minor, amount_remaining_minor, billing_reason, attempt_count, created_at, finalized_at,
       paid_at, due_at, lines.starts_at, lines.ends_at
from invoice
join own using (connection_id, stripe_customer_id)
left join lateral (
    select min(starts_at) as starts_at, max(ends_at) as ends_at
    from invoice_line
    where invoice_line.tenant_id = :tenant_id and invoice_line.connection_id = invoice.connection_id
      and invoice_line.invoice_id = invoice.invoice_id
) lines on true
left join lateral (
    select coalesce(sum(credit_note.total_minor), 0)::bigint as credited_minor
    from credit_note
    where credit_note.tenant_id = :tenant_id and credit_note.connection_id = invoice.connection_id
      and credit_note.invoice_id = invoice.invoice_id and credit_note.status <> 'void'
) credited on true
where tenant_id = :tenant_id
  and (cast(:before_at as timestamptz) is null
       or (created_at, invoice_id) < (cast(:before_at as timestamptz), cast(:before_id as text)))
order by created_at desc, invoice_id desc
limit cast(:count_max as bigint)
