-- Whose session this is, with the role that the membership gives now, while it is neither over nor revoked.
select sign_in_session.user_id, membership.role, tenant.name as tenant_name, tenant.is_demo
from sign_in_session
join membership using (tenant_id, user_id)
join tenant using (tenant_id)
where tenant_id = :tenant_id and session_hash = :session_hash
  and sign_in_session.revoked_at is null and sign_in_session.expires_at > :now
