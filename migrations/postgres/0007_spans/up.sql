-- How long the time is that bounds an object's instances: up to a day, up to 32, up to 400, or longer. Among those of one
-- span, what overlaps a window of time ends within it or not long after it, however much is later.
ALTER TABLE calendar_objects ADD COLUMN span INTEGER NOT NULL GENERATED ALWAYS AS (
    CASE
        WHEN last_end <= first_start + 86400 THEN 0
        WHEN last_end <= first_start + 2764800 THEN 1
        WHEN last_end <= first_start + 34560000 THEN 2
        ELSE 3
    END
) STORED;
DROP INDEX calendar_objects_by_end;
CREATE INDEX calendar_objects_by_end ON calendar_objects (tenant_id, collection_id, span, last_end, name, first_start);
