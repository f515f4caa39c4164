ALTER TABLE collections DROP CONSTRAINT collections_kind_check;
ALTER TABLE collections ADD CONSTRAINT collections_kind_check
    CHECK (kind IN ('person', 'resource', 'team', 'calendar', 'time_off'));

-- What the person a booking's object belongs to added to it for themselves: content lines, kept when the booking changes.
ALTER TABLE objects ADD COLUMN personal TEXT;
CREATE INDEX objects_by_change ON objects (tenant_id, collection_id, change);

-- Passwords for one client each. Only a keyed hash of each is here.
CREATE TABLE app_passwords (
    tenant_id BIGINT NOT NULL,
    password_id BYTEA NOT NULL,
    person_id BYTEA NOT NULL,
    secret_hash BYTEA NOT NULL,
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, password_id)
);
CREATE INDEX app_passwords_by_person ON app_passwords (tenant_id, person_id);

-- Collections that people write into: their own calendars, and their time off. name is a segment of the URL.
CREATE TABLE calendars (
    tenant_id BIGINT NOT NULL,
    collection_id BYTEA NOT NULL,
    owner_id BYTEA NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    components TEXT NOT NULL,
    opaque BOOLEAN NOT NULL,
    timezone TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, collection_id),
    UNIQUE (tenant_id, owner_id, name)
);

-- Calendar object resources as clients wrote them. A deleted one keeps its row, without its text, so that who asks for
-- changes hears of it. first_start and last_end bound all its instances; without a bound they are the least and the
-- greatest integer. Where exact is set they are the one instance.
CREATE TABLE calendar_objects (
    tenant_id BIGINT NOT NULL,
    collection_id BYTEA NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    uid TEXT NOT NULL,
    component TEXT NOT NULL,
    etag TEXT NOT NULL,
    body TEXT NOT NULL,
    first_start BIGINT NOT NULL,
    last_end BIGINT NOT NULL,
    busy BOOLEAN NOT NULL,
    exact BOOLEAN NOT NULL,
    deleted BOOLEAN NOT NULL,
    change BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, collection_id, name)
);
CREATE UNIQUE INDEX calendar_objects_by_uid ON calendar_objects (tenant_id, collection_id, uid) WHERE NOT deleted;
CREATE INDEX calendar_objects_by_change ON calendar_objects (tenant_id, collection_id, change);
CREATE INDEX calendar_objects_by_end ON calendar_objects (tenant_id, collection_id, last_end);

-- Properties that clients set (RFC 4918 §4.2), each person's own. resource_id is a collection's id, or one derived from
-- a person's for their principal, home and inbox; member is an object's name, or empty. value is its element as XML.
CREATE TABLE dav_properties (
    tenant_id BIGINT NOT NULL,
    resource_id BYTEA NOT NULL,
    member TEXT COLLATE "C" NOT NULL,
    person_id BYTEA NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (tenant_id, resource_id, member, person_id, namespace, name)
);

-- Whom a person lets read, or also write, their calendars (calendar-proxy groups).
CREATE TABLE delegates (
    tenant_id BIGINT NOT NULL,
    owner_id BYTEA NOT NULL,
    delegate_id BYTEA NOT NULL,
    may_write BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, delegate_id)
);
CREATE INDEX delegates_by_delegate ON delegates (tenant_id, delegate_id);
