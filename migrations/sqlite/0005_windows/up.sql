-- A window of time is found without a look at the rows that are over before it or begin after it.
DROP INDEX calendar_objects_by_end;
CREATE INDEX calendar_objects_by_end ON calendar_objects (tenant_id, collection_id, last_end, first_start);
