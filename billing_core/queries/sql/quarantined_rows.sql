-- Rows that could not be read as usage, each with its sentence, newest first.
select encode(int8send(quarantine.source_id) || int8send(quarantine.row_hash), 'hex') as row_id,
       usage_source.name as source, quarantine.origin, quarantine.line_number, quarantine.reason, quarantine.sentence,
       quarantine.fields, quarantine.recorded_at
from quarantine
left join usage_source using (tenant_id, source_id)
where tenant_id = :tenant_id
order by quarantine.recorded_at desc, quarantine.origin, quarantine.line_number, quarantine.row_hash
limit cast(:count_max as bigint)
