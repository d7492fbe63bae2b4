"""What several pages draw alike: money as text, charts, filters, tables, chips."""
