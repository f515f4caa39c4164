CREATE TABLE tenants (
    tenant_id INTEGER NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    timezone TEXT NOT NULL,
    email TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT;

CREATE TABLE settings (
    tenant_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT;

CREATE TABLE api_tokens (
    tenant_id INTEGER NOT NULL,
    token_id BLOB NOT NULL,
    token_hash BLOB NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, token_id),
    UNIQUE (tenant_id, token_hash)
) STRICT;

CREATE TABLE idempotency_keys (
    tenant_id INTEGER NOT NULL,
    token_id BLOB NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, token_id, idempotency_key)
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Managers, staff and customers. identity_key (customers only) makes "the same name and address" one row.
CREATE TABLE people (
    tenant_id INTEGER NOT NULL,
    person_id BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('manager', 'staff', 'customer')),
    name TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    username TEXT,
    password_hash TEXT,
    timezone TEXT,
    locale TEXT,
    external_ref TEXT,
    identity_key TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant_id, person_id),
    UNIQUE (tenant_id, username),
    UNIQUE (tenant_id, identity_key),
    UNIQUE (tenant_id, external_ref)
) STRICT;
CREATE INDEX people_by_username ON people (username);

CREATE TABLE resources (
    tenant_id INTEGER NOT NULL,
    resource_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('room', 'vehicle', 'equipment', 'product')),
    name TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 1000),
    timezone TEXT,
    external_ref TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant_id, resource_id),
    UNIQUE (tenant_id, external_ref)
) STRICT;

CREATE TABLE services (
    tenant_id INTEGER NOT NULL,
    service_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('appointment', 'rental', 'maintenance', 'delivery', 'class')),
    name TEXT NOT NULL,
    duration_minutes INTEGER NOT NULL,
    buffer_before_minutes INTEGER NOT NULL,
    buffer_after_minutes INTEGER NOT NULL,
    slot_step_minutes INTEGER,
    min_notice_minutes INTEGER,
    max_advance_days INTEGER,
    capacity INTEGER NOT NULL CHECK (capacity BETWEEN 1 AND 1000),
    color TEXT,
    reminders_minutes TEXT NOT NULL,
    cancellation_window_minutes INTEGER,
    external_ref TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant_id, service_id),
    UNIQUE (tenant_id, external_ref)
) STRICT;

-- Who and what can serve a service: staff (people) and resources alike. No row: anyone, anything.
CREATE TABLE service_providers (
    tenant_id INTEGER NOT NULL,
    service_id BLOB NOT NULL,
    provider_id BLOB NOT NULL,
    provider_kind TEXT NOT NULL CHECK (provider_kind IN ('staff', 'resource')),
    PRIMARY KEY (tenant_id, service_id, provider_id)
) STRICT;
CREATE INDEX service_providers_by_provider ON service_providers (tenant_id, provider_id);

-- start_local and end_local on the clocks of timezone are the truth; start_at and end_at are derived from them.
-- fold is 1 when the later of two equal local start times is meant; end_fold the same for the end.
-- For a series, start and end are those of its first occurrence and last_end is the end of its last.
CREATE TABLE bookings (
    tenant_id INTEGER NOT NULL,
    booking_id BLOB NOT NULL,
    uid TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('tentative', 'confirmed', 'completed', 'no_show', 'cancelled')),
    kind TEXT NOT NULL CHECK (kind IN ('appointment', 'rental', 'maintenance', 'delivery', 'class')),
    service_id BLOB NOT NULL,
    staff_id BLOB,
    resource_ids BLOB NOT NULL,
    customer_id BLOB,
    start_local TEXT NOT NULL,
    end_local TEXT NOT NULL,
    fold INTEGER NOT NULL,
    end_fold INTEGER NOT NULL,
    timezone TEXT NOT NULL,
    all_day INTEGER NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    last_end INTEGER NOT NULL,
    rrule TEXT,
    buffer_before_minutes INTEGER NOT NULL,
    buffer_after_minutes INTEGER NOT NULL,
    location TEXT,
    stop INTEGER,
    notes TEXT,
    external_ref TEXT,
    order_id BLOB,
    cancel_reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, booking_id),
    UNIQUE (tenant_id, uid),
    UNIQUE (tenant_id, external_ref),
    CHECK (start_at < end_at AND end_at <= last_end)
) STRICT;
CREATE INDEX bookings_by_start ON bookings (tenant_id, start_at, booking_id);
CREATE INDEX bookings_by_staff ON bookings (tenant_id, staff_id, start_at);
CREATE INDEX bookings_by_customer ON bookings (tenant_id, customer_id, start_at);
CREATE INDEX bookings_by_service ON bookings (tenant_id, service_id, last_end);

-- Occurrences of a series that differ from its rule (RFC 5545 RECURRENCE-ID), by their original local start.
CREATE TABLE occurrence_overrides (
    tenant_id INTEGER NOT NULL,
    booking_id BLOB NOT NULL,
    recurrence_id TEXT NOT NULL,
    cancelled INTEGER NOT NULL,
    start_local TEXT NOT NULL,
    end_local TEXT NOT NULL,
    PRIMARY KEY (tenant_id, booking_id, recurrence_id)
) STRICT;

-- Append-only: who changed what, when, from what to what.
CREATE TABLE booking_history (
    tenant_id INTEGER NOT NULL,
    booking_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    changes TEXT NOT NULL,
    PRIMARY KEY (tenant_id, booking_id, version)
) STRICT;

-- The busy time (buffers included) of one unit of a person or resource, which the database keeps from overlapping.
-- A session is what may share a unit: one occurrence of one booking, or all seats of one class.
CREATE TABLE allocations (
    tenant_id INTEGER NOT NULL,
    booking_id BLOB NOT NULL,
    occurrence INTEGER NOT NULL,
    resource_id BLOB NOT NULL,
    unit INTEGER NOT NULL,
    session BLOB NOT NULL,
    seat INTEGER NOT NULL,
    busy_from INTEGER NOT NULL,
    busy_until INTEGER NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, booking_id, occurrence, resource_id, unit),
    UNIQUE (tenant_id, resource_id, unit, session, seat),
    CHECK (busy_from <= start_at AND start_at < end_at AND end_at <= busy_until)
) STRICT;
CREATE INDEX allocations_by_unit ON allocations (tenant_id, resource_id, unit, busy_until);

-- One row per reader's calendar. change grows by one with every change of its content, in the same transaction;
-- epoch is new after a restore, so that what was handed out before it is not trusted.
CREATE TABLE collections (
    tenant_id INTEGER NOT NULL,
    collection_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'resource', 'team')),
    epoch INTEGER NOT NULL,
    change INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, collection_id)
) STRICT;

-- A booking as one reader sees it: the VEVENTs rendered for that collection's role.
CREATE TABLE objects (
    tenant_id INTEGER NOT NULL,
    collection_id BLOB NOT NULL,
    object_id BLOB NOT NULL,
    uid TEXT NOT NULL,
    kind TEXT NOT NULL,
    cancelled INTEGER NOT NULL,
    timezone TEXT,
    first_start INTEGER NOT NULL,
    last_end INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    change INTEGER NOT NULL,
    component TEXT NOT NULL,
    PRIMARY KEY (tenant_id, collection_id, object_id)
) STRICT;
CREATE INDEX objects_by_end ON objects (tenant_id, collection_id, last_end, object_id);

CREATE TABLE feeds (
    tenant_id INTEGER NOT NULL,
    feed_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('staff', 'customer', 'resource', 'team', 'route', 'maintenance', 'busy')),
    collection_id BLOB NOT NULL,
    subject_id BLOB,
    name TEXT NOT NULL,
    options TEXT NOT NULL,
    generation INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_fetched_at INTEGER,
    last_fetched_by TEXT,
    PRIMARY KEY (tenant_id, feed_id)
) STRICT;

-- Only hashes. A revoked token keeps its row so that its subscribers are told (410) instead of puzzled (404).
CREATE TABLE feed_tokens (
    tenant_id INTEGER NOT NULL,
    token_hash BLOB NOT NULL,
    feed_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, token_hash)
) STRICT;
CREATE INDEX feed_tokens_by_feed ON feed_tokens (tenant_id, feed_id);

-- The second wall on SQLite, behind the check inside the single writer's transaction.
CREATE TRIGGER allocations_do_not_overlap BEFORE INSERT ON allocations
WHEN EXISTS (
    SELECT 1 FROM (
        SELECT busy_from FROM allocations a
        WHERE a.tenant_id = NEW.tenant_id AND a.resource_id = NEW.resource_id AND a.unit = NEW.unit
          AND a.busy_until > NEW.busy_from AND a.session <> NEW.session
        ORDER BY a.busy_until LIMIT 1
    ) nearest WHERE nearest.busy_from < NEW.busy_until
)
BEGIN
    SELECT RAISE(ABORT, 'allocations_do_not_overlap');
END;
CREATE TRIGGER allocations_are_not_updated BEFORE UPDATE ON allocations
BEGIN
    SELECT RAISE(ABORT, 'allocations are deleted and inserted, never updated');
END;
CREATE TRIGGER booking_history_is_append_only BEFORE UPDATE ON booking_history
BEGIN
    SELECT RAISE(ABORT, 'booking_history is append-only');
END;
