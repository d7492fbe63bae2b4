"""The demo tenant: an invented company's usage, made from real traces (see NOTICE.md) and loaded like anybody's."""
