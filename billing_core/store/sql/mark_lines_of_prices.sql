-- The lines that were there before their metered price was.
update invoice_line
set is_metered = true
where tenant_id = :tenant_id
    and connection_id = :connection_id
    and price_id = any(:price_ids)
    and not is_metered
