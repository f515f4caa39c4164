//! The tables as diesel sees them; the truth is in `migrations/`.

diesel::table! {
    tenants (tenant_id) {
        tenant_id -> BigInt,
        slug -> Text,
        name -> Text,
        timezone -> Text,
        email -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    settings (tenant_id, name) {
        tenant_id -> BigInt,
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    api_tokens (tenant_id, token_id) {
        tenant_id -> BigInt,
        token_id -> Binary,
        token_hash -> Binary,
        scope -> Text,
        label -> Text,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    idempotency_keys (tenant_id, token_id, idempotency_key) {
        tenant_id -> BigInt,
        token_id -> Binary,
        idempotency_key -> Text,
        fingerprint -> Binary,
        status -> Integer,
        body -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    people (tenant_id, person_id) {
        tenant_id -> BigInt,
        person_id -> Binary,
        role -> Text,
        name -> Text,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        username -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        timezone -> Nullable<Text>,
        locale -> Nullable<Text>,
        external_ref -> Nullable<Text>,
        identity_key -> Nullable<Text>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    resources (tenant_id, resource_id) {
        tenant_id -> BigInt,
        resource_id -> Binary,
        kind -> Text,
        name -> Text,
        quantity -> Integer,
        timezone -> Nullable<Text>,
        external_ref -> Nullable<Text>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    services (tenant_id, service_id) {
        tenant_id -> BigInt,
        service_id -> Binary,
        kind -> Text,
        name -> Text,
        duration_minutes -> Integer,
        buffer_before_minutes -> Integer,
        buffer_after_minutes -> Integer,
        slot_step_minutes -> Nullable<Integer>,
        min_notice_minutes -> Nullable<Integer>,
        max_advance_days -> Nullable<Integer>,
        capacity -> Integer,
        color -> Nullable<Text>,
        reminders_minutes -> Text,
        cancellation_window_minutes -> Nullable<Integer>,
        external_ref -> Nullable<Text>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    service_providers (tenant_id, service_id, provider_id) {
        tenant_id -> BigInt,
        service_id -> Binary,
        provider_id -> Binary,
        provider_kind -> Text,
    }
}

diesel::table! {
    bookings (tenant_id, booking_id) {
        tenant_id -> BigInt,
        booking_id -> Binary,
        uid -> Text,
        sequence -> Integer,
        version -> BigInt,
        status -> Text,
        kind -> Text,
        service_id -> Binary,
        staff_id -> Nullable<Binary>,
        resource_ids -> Binary,
        customer_id -> Nullable<Binary>,
        start_local -> Text,
        end_local -> Text,
        fold -> SmallInt,
        end_fold -> SmallInt,
        timezone -> Text,
        all_day -> Bool,
        start_at -> BigInt,
        end_at -> BigInt,
        last_end -> BigInt,
        rrule -> Nullable<Text>,
        buffer_before_minutes -> Integer,
        buffer_after_minutes -> Integer,
        location -> Nullable<Text>,
        stop -> Nullable<Integer>,
        notes -> Nullable<Text>,
        external_ref -> Nullable<Text>,
        order_id -> Nullable<Binary>,
        cancel_reason -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
        continues -> Nullable<Binary>,
    }
}

diesel::table! {
    occurrence_overrides (tenant_id, booking_id, recurrence_id) {
        tenant_id -> BigInt,
        booking_id -> Binary,
        recurrence_id -> Text,
        cancelled -> Bool,
        start_local -> Text,
        end_local -> Text,
        fold -> SmallInt,
        end_fold -> SmallInt,
        staff_id -> Nullable<Binary>,
        resource_ids -> Nullable<Binary>,
    }
}

diesel::table! {
    booking_history (tenant_id, booking_id, version) {
        tenant_id -> BigInt,
        booking_id -> Binary,
        version -> BigInt,
        at -> BigInt,
        actor -> Text,
        action -> Text,
        changes -> Text,
    }
}

diesel::table! {
    allocations (tenant_id, booking_id, occurrence, resource_id, unit) {
        tenant_id -> BigInt,
        booking_id -> Binary,
        occurrence -> BigInt,
        resource_id -> Binary,
        unit -> Integer,
        session -> Binary,
        seat -> Integer,
        busy_from -> BigInt,
        busy_until -> BigInt,
        start_at -> BigInt,
        end_at -> BigInt,
    }
}

diesel::table! {
    collections (tenant_id, collection_id) {
        tenant_id -> BigInt,
        collection_id -> Binary,
        kind -> Text,
        epoch -> BigInt,
        change -> BigInt,
        changed_at -> BigInt,
        octets -> BigInt,
    }
}

diesel::table! {
    objects (tenant_id, collection_id, object_id) {
        tenant_id -> BigInt,
        collection_id -> Binary,
        object_id -> Binary,
        uid -> Text,
        kind -> Text,
        cancelled -> Bool,
        timezone -> Nullable<Text>,
        first_start -> BigInt,
        last_end -> BigInt,
        modified_at -> BigInt,
        change -> BigInt,
        component -> Text,
        personal -> Nullable<Text>,
    }
}

diesel::table! {
    feeds (tenant_id, feed_id) {
        tenant_id -> BigInt,
        feed_id -> Binary,
        kind -> Text,
        collection_id -> Binary,
        subject_id -> Nullable<Binary>,
        name -> Text,
        options -> Text,
        generation -> Integer,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        last_fetched_at -> Nullable<BigInt>,
        last_fetched_by -> Nullable<Text>,
    }
}

diesel::table! {
    feed_tokens (tenant_id, token_hash) {
        tenant_id -> BigInt,
        token_hash -> Binary,
        feed_id -> Binary,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    working_hours (tenant_id, owner_id) {
        tenant_id -> BigInt,
        owner_id -> Binary,
        rules -> Text,
        version -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    blocks (tenant_id, block_id) {
        tenant_id -> BigInt,
        block_id -> Binary,
        kind -> Text,
        summary -> Nullable<Text>,
        start_local -> Text,
        end_local -> Text,
        timezone -> Text,
        all_day -> Bool,
        start_at -> BigInt,
        end_at -> BigInt,
        last_end -> BigInt,
        rrule -> Nullable<Text>,
        exdates -> Nullable<Text>,
        rdates -> Nullable<Text>,
        external_ref -> Nullable<Text>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    block_owners (tenant_id, owner_id, last_end, block_id) {
        tenant_id -> BigInt,
        owner_id -> Binary,
        last_end -> BigInt,
        block_id -> Binary,
    }
}

diesel::table! {
    holds (tenant_id, hold_id) {
        tenant_id -> BigInt,
        hold_id -> Binary,
        service_id -> Binary,
        staff_id -> Nullable<Binary>,
        resource_ids -> Binary,
        start_at -> BigInt,
        end_at -> BigInt,
        timezone -> Text,
        all_day -> Bool,
        expires_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    orders (tenant_id, order_id) {
        tenant_id -> BigInt,
        order_id -> Binary,
        customer_id -> Binary,
        status -> Text,
        items -> Text,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    app_passwords (tenant_id, password_id) {
        tenant_id -> BigInt,
        password_id -> Binary,
        person_id -> Binary,
        secret_hash -> Binary,
        label -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    calendars (tenant_id, collection_id) {
        tenant_id -> BigInt,
        collection_id -> Binary,
        owner_id -> Binary,
        name -> Text,
        components -> Text,
        opaque -> Bool,
        timezone -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    calendar_objects (tenant_id, collection_id, name) {
        tenant_id -> BigInt,
        collection_id -> Binary,
        name -> Text,
        uid -> Text,
        component -> Text,
        etag -> Text,
        body -> Text,
        first_start -> BigInt,
        last_end -> BigInt,
        busy -> Bool,
        exact -> Bool,
        deleted -> Bool,
        change -> BigInt,
        created_at -> BigInt,
        modified_at -> BigInt,
    }
}

diesel::table! {
    dav_properties (tenant_id, resource_id, member, person_id, namespace, name) {
        tenant_id -> BigInt,
        resource_id -> Binary,
        member -> Text,
        person_id -> Binary,
        namespace -> Text,
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    delegates (tenant_id, owner_id, delegate_id) {
        tenant_id -> BigInt,
        owner_id -> Binary,
        delegate_id -> Binary,
        may_write -> Bool,
    }
}

diesel::allow_tables_to_appear_in_same_query!(allocations, bookings);
diesel::allow_tables_to_appear_in_same_query!(bookings, occurrence_overrides);
diesel::allow_tables_to_appear_in_same_query!(block_owners, blocks);
diesel::allow_tables_to_appear_in_same_query!(calendars, collections);
