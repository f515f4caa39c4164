-- When somebody or something works, or the business is open (owner_id 0x00…00). rules is JSON as the API has it:
-- it is only ever read and written whole.
CREATE TABLE working_hours (
    tenant_id BIGINT NOT NULL,
    owner_id BYTEA NOT NULL,
    rules TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, owner_id)
);

-- Time off, holidays, maintenance and other closed times. Local times and zone are the truth; last_end is the end of
-- the last occurrence, 9223372036854775807 when there is none. exdates are local starts that do not take place.
CREATE TABLE blocks (
    tenant_id BIGINT NOT NULL,
    block_id BYTEA NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('time_off', 'holiday', 'maintenance', 'block')),
    summary TEXT,
    start_local TEXT NOT NULL,
    end_local TEXT NOT NULL,
    timezone TEXT NOT NULL,
    all_day BOOLEAN NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    last_end BIGINT NOT NULL,
    rrule TEXT,
    exdates TEXT,
    rdates TEXT,
    external_ref TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, block_id),
    UNIQUE (tenant_id, external_ref),
    CHECK (start_at < end_at AND end_at <= last_end)
);

-- Whose time a block takes: people and resources, or the whole business (owner_id 0x00…00).
CREATE TABLE block_owners (
    tenant_id BIGINT NOT NULL,
    owner_id BYTEA NOT NULL,
    last_end BIGINT NOT NULL,
    block_id BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, last_end, block_id)
);
CREATE INDEX block_owners_by_block ON block_owners (tenant_id, block_id);

-- A time kept for somebody who is still deciding. It has allocations of its own, under its id, until it expires.
CREATE TABLE holds (
    tenant_id BIGINT NOT NULL,
    hold_id BYTEA NOT NULL,
    service_id BYTEA NOT NULL,
    staff_id BYTEA,
    resource_ids BYTEA NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    timezone TEXT NOT NULL,
    all_day BOOLEAN NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hold_id)
);
CREATE INDEX holds_by_expiry ON holds (tenant_id, expires_at);

-- Several items that are booked together or not at all. items is JSON: what was asked for, and after the confirmation
-- the booking of each.
CREATE TABLE orders (
    tenant_id BIGINT NOT NULL,
    order_id BYTEA NOT NULL,
    customer_id BYTEA NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'confirmed', 'cancelled')),
    items TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, order_id)
);
