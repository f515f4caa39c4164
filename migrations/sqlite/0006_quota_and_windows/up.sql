-- How many octets the objects of a collection have together, counted with every change.
ALTER TABLE collections ADD COLUMN octets INTEGER NOT NULL DEFAULT 0;
UPDATE collections SET octets = (
    SELECT COALESCE(SUM(octet_length(o.body)), 0) FROM calendar_objects o
    WHERE o.tenant_id = collections.tenant_id AND o.collection_id = collections.collection_id
) WHERE kind IN ('calendar', 'time_off');

-- A window of time is read in the order in which it is listed, without sorting.
DROP INDEX calendar_objects_by_end;
CREATE INDEX calendar_objects_by_end ON calendar_objects (tenant_id, collection_id, last_end, name, first_start);
