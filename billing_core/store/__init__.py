"""Everything that touches PostgreSQL: settings, the embedded server, tables, tenancy, ledger."""
