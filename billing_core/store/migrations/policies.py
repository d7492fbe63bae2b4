"""Who may do what with a table: its rows, one policy per command, one grant per policy."""

EVERYBODY = ("owner", "finance", "support", "viewer", "service")
PEOPLE_WHO_IMPORT = ("owner", "finance", "service")
SERVICE = ("service",)
INSTALLATION = "nullif(current_setting('app.tenant_id', true), '')::bigint = 0"
OWN_TENANT = "tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint"


def protect(table: str, rows: str, allowed: dict[str, tuple[str, ...]], *, also_seen: str | None = None) -> list[str]:
    """Return the statements that shut a table and open it to those named; `also_seen` are rows read, never written."""
    statements = [f"alter table {table} enable row level security", f"alter table {table} force row level security"]
    for command, roles in allowed.items():
        seen = f"({rows} or {also_seen})" if command == "select" and also_seen else rows
        statements += [_policy(table, command, seen, roles), f"grant {command} on {table} to marginbook_app"]
    return statements


def _policy(table: str, command: str, rows: str, roles: tuple[str, ...]) -> str:
    """One policy for one command; writing always asks for the role, so that no page has to be trusted with it."""
    listed = ", ".join(f"'{role}'" for role in roles)
    everybody_reads = (command, roles) == ("select", EVERYBODY)
    condition = rows if everybody_reads else f"{rows} and current_setting('app.role', true) in ({listed})"
    clause = {
        "select": f"using ({condition})",
        "insert": f"with check ({condition})",
        "update": f"using ({condition}) with check ({condition})",
        "delete": f"using ({condition})",
    }[command]
    return f"create policy {table}_{command} on {table} for {command} to marginbook_app {clause}"
