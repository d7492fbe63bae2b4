-- The newest result of every check of the books, what is broken first.
select name, checked_at, outcome, expected, found, rows
from (
    select distinct on (name) name, checked_at, outcome, expected, found, rows
    from books_check
    where tenant_id = :tenant_id
    order by name, checked_at desc
) newest
order by array_position(array['broken', 'unknown', 'holds'], outcome), name
