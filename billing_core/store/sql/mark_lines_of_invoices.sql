-- A line names its price by id; whether that price is metered, the price knows.
update invoice_line
set is_metered = true
where tenant_id = :tenant_id
    and connection_id = :connection_id
    and invoice_id = any(:invoice_ids)
    and price_id in (
        select price_id
        from stripe_price
        where tenant_id = :tenant_id and connection_id = :connection_id and is_metered
    )
