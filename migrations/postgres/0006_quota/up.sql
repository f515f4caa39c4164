-- How many octets the objects of a collection have together, counted with every change.
ALTER TABLE collections ADD COLUMN octets BIGINT NOT NULL DEFAULT 0;
UPDATE collections SET octets = (
    SELECT COALESCE(SUM(octet_length(o.body)), 0) FROM calendar_objects o
    WHERE o.tenant_id = collections.tenant_id AND o.collection_id = collections.collection_id
) WHERE kind IN ('calendar', 'time_off');
