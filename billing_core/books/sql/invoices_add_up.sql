-- An invoice's total is its lines, less their discounts, plus their tax.
with lines as (
    select connection_id, invoice_id, sum(amount_minor - discount_minor + tax_minor) as total_minor
    from invoice_line
    where tenant_id = :tenant_id
    group by connection_id, invoice_id
)
select invoice_id as what, invoice.total_minor::text as expected, coalesce(lines.total_minor, 0)::text as found,
       invoice.total_minor <> coalesce(lines.total_minor, 0) as is_broken
from (
    select connection_id, invoice_id, total_minor from invoice where tenant_id = :tenant_id and status <> 'draft'
) as invoice
left join lines using (connection_id, invoice_id)
