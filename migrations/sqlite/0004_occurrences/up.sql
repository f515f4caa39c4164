-- One occurrence of a series may have the later of two equal local times, and somebody or something else to serve it:
-- none means the series' own.
ALTER TABLE occurrence_overrides ADD COLUMN fold INTEGER NOT NULL DEFAULT 0;
ALTER TABLE occurrence_overrides ADD COLUMN end_fold INTEGER NOT NULL DEFAULT 0;
ALTER TABLE occurrence_overrides ADD COLUMN staff_id BLOB;
ALTER TABLE occurrence_overrides ADD COLUMN resource_ids BLOB;
CREATE INDEX occurrence_overrides_by_staff ON occurrence_overrides (tenant_id, staff_id, booking_id)
    WHERE staff_id IS NOT NULL;

-- The series whose later occurrences this booking took over.
ALTER TABLE bookings ADD COLUMN continues BLOB;
