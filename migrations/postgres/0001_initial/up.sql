CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE tenants (
    tenant_id BIGINT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    timezone TEXT NOT NULL,
    email TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
);

CREATE TABLE settings (
    tenant_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE api_tokens (
    tenant_id BIGINT NOT NULL,
    token_id BYTEA NOT NULL,
    token_hash BYTEA NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, token_id),
    UNIQUE (tenant_id, token_hash)
);

CREATE TABLE idempotency_keys (
    tenant_id BIGINT NOT NULL,
    token_id BYTEA NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, token_id, idempotency_key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Managers, staff and customers. identity_key (customers only) makes "the same name and address" one row.
CREATE TABLE people (
    tenant_id BIGINT NOT NULL,
    person_id BYTEA NOT NULL,
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
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (tenant_id, person_id),
    UNIQUE (tenant_id, username),
    UNIQUE (tenant_id, identity_key),
    UNIQUE (tenant_id, external_ref)
);
CREATE INDEX people_by_username ON people (username);

CREATE TABLE resources (
    tenant_id BIGINT NOT NULL,
    resource_id BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('room', 'vehicle', 'equipment', 'product')),
    name TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 1000),
    timezone TEXT,
    external_ref TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (tenant_id, resource_id),
    UNIQUE (tenant_id, external_ref)
);

CREATE TABLE services (
    tenant_id BIGINT NOT NULL,
    service_id BYTEA NOT NULL,
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
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (tenant_id, service_id),
    UNIQUE (tenant_id, external_ref)
);

-- Who and what can serve a service: staff (people) and resources alike. No row: anyone, anything.
CREATE TABLE service_providers (
    tenant_id BIGINT NOT NULL,
    service_id BYTEA NOT NULL,
    provider_id BYTEA NOT NULL,
    provider_kind TEXT NOT NULL CHECK (provider_kind IN ('staff', 'resource')),
    PRIMARY KEY (tenant_id, service_id, provider_id)
);
CREATE INDEX service_providers_by_provider ON service_providers (tenant_id, provider_id);

-- start_local and end_local on the clocks of timezone are the truth; start_at and end_at are derived from them.
-- fold is 1 when the later of two equal local start times is meant; end_fold the same for the end.
-- For a series, start and end are those of its first occurrence and last_end is the end of its last.
CREATE TABLE bookings (
    tenant_id BIGINT NOT NULL,
    booking_id BYTEA NOT NULL,
    uid TEXT COLLATE "C" NOT NULL,
    sequence INTEGER NOT NULL,
    version BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('tentative', 'confirmed', 'completed', 'no_show', 'cancelled')),
    kind TEXT NOT NULL CHECK (kind IN ('appointment', 'rental', 'maintenance', 'delivery', 'class')),
    service_id BYTEA NOT NULL,
    staff_id BYTEA,
    resource_ids BYTEA NOT NULL,
    customer_id BYTEA,
    start_local TEXT NOT NULL,
    end_local TEXT NOT NULL,
    fold SMALLINT NOT NULL,
    end_fold SMALLINT NOT NULL,
    timezone TEXT NOT NULL,
    all_day BOOLEAN NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    last_end BIGINT NOT NULL,
    rrule TEXT,
    buffer_before_minutes INTEGER NOT NULL,
    buffer_after_minutes INTEGER NOT NULL,
    location TEXT,
    stop INTEGER,
    notes TEXT,
    external_ref TEXT,
    order_id BYTEA,
    cancel_reason TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, booking_id),
    UNIQUE (tenant_id, uid),
    UNIQUE (tenant_id, external_ref),
    CHECK (start_at < end_at AND end_at <= last_end)
);
CREATE INDEX bookings_by_start ON bookings (tenant_id, start_at, booking_id);
CREATE INDEX bookings_by_staff ON bookings (tenant_id, staff_id, start_at);
CREATE INDEX bookings_by_customer ON bookings (tenant_id, customer_id, start_at);
CREATE INDEX bookings_by_service ON bookings (tenant_id, service_id, last_end);

-- Occurrences of a series that differ from its rule (RFC 5545 RECURRENCE-ID), by their original local start.
CREATE TABLE occurrence_overrides (
    tenant_id BIGINT NOT NULL,
    booking_id BYTEA NOT NULL,
    recurrence_id TEXT NOT NULL,
    cancelled BOOLEAN NOT NULL,
    start_local TEXT NOT NULL,
    end_local TEXT NOT NULL,
    PRIMARY KEY (tenant_id, booking_id, recurrence_id)
);

-- Append-only: who changed what, when, from what to what.
CREATE TABLE booking_history (
    tenant_id BIGINT NOT NULL,
    booking_id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    changes TEXT NOT NULL,
    PRIMARY KEY (tenant_id, booking_id, version)
);

-- The busy time (buffers included) of one unit of a person or resource, which the database keeps from overlapping.
-- A session is what may share a unit: one occurrence of one booking, or all seats of one class.
CREATE TABLE allocations (
    tenant_id BIGINT NOT NULL,
    booking_id BYTEA NOT NULL,
    occurrence BIGINT NOT NULL,
    resource_id BYTEA NOT NULL,
    unit INTEGER NOT NULL,
    session BYTEA NOT NULL,
    seat INTEGER NOT NULL,
    busy_from BIGINT NOT NULL,
    busy_until BIGINT NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, booking_id, occurrence, resource_id, unit),
    UNIQUE (tenant_id, resource_id, unit, session, seat),
    CHECK (busy_from <= start_at AND start_at < end_at AND end_at <= busy_until),
    CONSTRAINT allocations_do_not_overlap EXCLUDE USING gist (
        tenant_id WITH =, resource_id WITH =, unit WITH =, session WITH <>, int8range(busy_from, busy_until) WITH &&
    )
);
CREATE INDEX allocations_by_unit ON allocations (tenant_id, resource_id, unit, busy_until);

-- One row per reader's calendar. change grows by one with every change of its content, in the same transaction;
-- epoch is new after a restore, so that what was handed out before it is not trusted.
CREATE TABLE collections (
    tenant_id BIGINT NOT NULL,
    collection_id BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'resource', 'team')),
    epoch BIGINT NOT NULL,
    change BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, collection_id)
);

-- A booking as one reader sees it: the VEVENTs rendered for that collection's role.
CREATE TABLE objects (
    tenant_id BIGINT NOT NULL,
    collection_id BYTEA NOT NULL,
    object_id BYTEA NOT NULL,
    uid TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    cancelled BOOLEAN NOT NULL,
    timezone TEXT,
    first_start BIGINT NOT NULL,
    last_end BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    change BIGINT NOT NULL,
    component TEXT NOT NULL,
    PRIMARY KEY (tenant_id, collection_id, object_id)
);
CREATE INDEX objects_by_end ON objects (tenant_id, collection_id, last_end, object_id);

CREATE TABLE feeds (
    tenant_id BIGINT NOT NULL,
    feed_id BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('staff', 'customer', 'resource', 'team', 'route', 'maintenance', 'busy')),
    collection_id BYTEA NOT NULL,
    subject_id BYTEA,
    name TEXT NOT NULL,
    options TEXT NOT NULL,
    generation INTEGER NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_fetched_at BIGINT,
    last_fetched_by TEXT,
    PRIMARY KEY (tenant_id, feed_id)
);

-- Only hashes. A revoked token keeps its row so that its subscribers are told (410) instead of puzzled (404).
CREATE TABLE feed_tokens (
    tenant_id BIGINT NOT NULL,
    token_hash BYTEA NOT NULL,
    feed_id BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, token_hash)
);
CREATE INDEX feed_tokens_by_feed ON feed_tokens (tenant_id, feed_id);

CREATE FUNCTION refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER booking_history_is_append_only BEFORE UPDATE ON booking_history
    FOR EACH ROW EXECUTE FUNCTION refuse_update();
