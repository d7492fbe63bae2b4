-- Which rows of the batch won their key.
create temp table usage_claimed (event_id bigint primary key) on commit drop
