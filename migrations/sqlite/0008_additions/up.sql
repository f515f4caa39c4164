-- Who added something to a booking: all of them, when its dates become others.
CREATE INDEX objects_with_additions ON objects (tenant_id, object_id) WHERE personal IS NOT NULL;
