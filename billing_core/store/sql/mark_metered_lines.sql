-- A line names its price by id; whether that price is metered, the price knows.
update invoice_line as line
set is_metered = true
from stripe_price as price
where line.tenant_id = :tenant_id
    and line.connection_id = :connection_id
    and price.tenant_id = line.tenant_id
    and price.connection_id = line.connection_id
    and price.price_id = line.price_id
    and price.is_metered
    and not line.is_metered
    and (line.invoice_id = any(:invoice_ids) or line.price_id = any(:price_ids))
