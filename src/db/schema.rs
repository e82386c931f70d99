//! The tables, once for both databases. Written by hand after `migrations/`; a test compares the two.

#![allow(
    clippy::wildcard_imports,
    reason = "diesel's table! wants the SQL types in scope under their own names"
)]

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    tenants (id) {
        id -> SqlId,
        number -> BigInt,
        name -> Text,
        currency -> Text,
        time_zone -> Text,
        locale -> Text,
        business_day_start_min -> Integer,
        accept_sales_days -> Integer,
        accept_sales_from -> Nullable<Date>,
        shows_available_on_till -> Bool,
        accepts_offline_sales -> Bool,
        offline_sale_minor_max -> Nullable<BigInt>,
        revenue_at -> Text,
        invoice_prefix -> Text,
        street -> Text,
        postcode -> Text,
        city -> Text,
        country -> Text,
        vat_number -> Text,
        iban -> Text,
        version -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    users (id) {
        id -> SqlId,
        email -> Text,
        email_key -> Text,
        name -> Text,
        name_key -> Text,
        password_hash -> Text,
        is_portal_admin -> Bool,
        is_active -> Bool,
        language -> Text,
        version -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    user_roles (tenant_id, user_id, role) {
        tenant_id -> SqlId,
        user_id -> SqlId,
        role -> Text,
        granted_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    sessions (id) {
        id -> SqlId,
        user_id -> SqlId,
        tenant_id -> Nullable<SqlId>,
        refresh_hash -> Binary,
        previous_refresh_hash -> Nullable<Binary>,
        created_at -> Timestamp,
        refreshed_at -> Timestamp,
        expires_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
        viewed_customer_id -> Nullable<SqlId>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    sign_in_failures (subject_hash) {
        subject_hash -> Binary,
        failures -> Integer,
        last_failed_at -> Timestamp,
        blocked_until -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    terminals (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        name -> Text,
        is_active -> Bool,
        version -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    api_keys (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        terminal_id -> Nullable<SqlId>,
        name -> Text,
        key_hash -> Binary,
        permissions -> Text,
        created_by -> SqlId,
        created_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    agreement_acceptances (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        version -> Text,
        user_id -> SqlId,
        user_name -> Text,
        accepted_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    audit_entries (tenant_id, subject_kind, subject_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        subject_kind -> Text,
        subject_id -> SqlId,
        actor_kind -> Text,
        actor_id -> SqlId,
        actor_name -> Text,
        recorded_at -> Timestamp,
        field -> Text,
        old_value -> Nullable<Text>,
        new_value -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    jobs (id) {
        id -> SqlId,
        tenant_id -> SqlId,
        kind -> Text,
        subject_id -> SqlId,
        status -> Text,
        owner -> Nullable<Text>,
        locked_until -> Nullable<Timestamp>,
        fencing_token -> BigInt,
        cancel_asked -> Bool,
        progress_done -> BigInt,
        progress_total -> BigInt,
        result_path -> Nullable<Text>,
        error_problem -> Nullable<Text>,
        actor_kind -> Text,
        actor_id -> SqlId,
        actor_name -> Text,
        created_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        finished_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    outbox (id) {
        id -> SqlId,
        tenant_id -> SqlId,
        kind -> Text,
        recipient -> Text,
        language -> Text,
        parameters -> Text,
        link_nonce -> Nullable<Binary>,
        status -> Text,
        attempts -> Integer,
        fencing_token -> BigInt,
        next_attempt_at -> Timestamp,
        last_error -> Nullable<Text>,
        created_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    customers (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        kind -> Text,
        first_name -> Text,
        last_name -> Text,
        company_name -> Text,
        name -> Text,
        name_key -> Text,
        customer_number -> Nullable<Text>,
        email -> Text,
        email_is_fictional -> Bool,
        phone -> Text,
        street -> Text,
        postcode -> Text,
        city -> Text,
        country -> Text,
        vat_number -> Text,
        iban -> Text,
        language -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        enterprise_number -> Text,
        bic -> Text,
        contact_name -> Text,
        contact_language -> Text,
        recipient_emails -> Text,
        access -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    invitations (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        customer_id -> SqlId,
        email_key -> Text,
        token_hash -> Binary,
        mail_id -> SqlId,
        status -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    customer_users (tenant_id, customer_id) {
        tenant_id -> SqlId,
        customer_id -> SqlId,
        user_id -> SqlId,
        linked_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    document_sharing (tenant_id, customer_id) {
        tenant_id -> SqlId,
        customer_id -> SqlId,
        delivery -> Text,
        accountant_id -> Nullable<SqlId>,
        accountant_email -> Text,
        shared_since -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    shared_documents (tenant_id, user_id, invoice_id) {
        tenant_id -> SqlId,
        user_id -> SqlId,
        invoice_id -> SqlId,
        customer_id -> SqlId,
        shared_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    accounts (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        number -> Text,
        status -> Text,
        on_account_allowed -> Bool,
        shown_on_till -> Bool,
        name -> Text,
        name_key -> Text,
        balance_minor -> BigInt,
        credit_limit_minor -> BigInt,
        last_seq -> BigInt,
        credits_standing -> Integer,
        settings_version -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    account_holders (tenant_id, account_id, customer_id) {
        tenant_id -> SqlId,
        account_id -> SqlId,
        customer_id -> SqlId,
        kind -> Text,
        linked_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    number_series (tenant_id, series) {
        tenant_id -> SqlId,
        series -> Text,
        next_value -> BigInt,
        last_used_on -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    entries (tenant_id, account_id, seq) {
        tenant_id -> SqlId,
        account_id -> SqlId,
        seq -> BigInt,
        id -> SqlId,
        kind -> Text,
        balance_change_minor -> BigInt,
        limit_change_minor -> BigInt,
        balance_after_minor -> BigInt,
        limit_after_minor -> BigInt,
        business_date -> Date,
        occurred_at -> Timestamp,
        posted_at -> Timestamp,
        actor_kind -> Text,
        actor_id -> SqlId,
        actor_name -> Text,
        refers_to -> Nullable<SqlId>,
        run_id -> Nullable<SqlId>,
        reason -> Nullable<Text>,
        flags -> Text,
        is_offline -> Bool,
        receipt_number -> Nullable<Text>,
        operator -> Nullable<Text>,
        reference -> Nullable<Text>,
        line_count -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    entry_lines (tenant_id, account_id, business_date, entry_seq, line_no) {
        tenant_id -> SqlId,
        account_id -> SqlId,
        entry_seq -> BigInt,
        line_no -> Integer,
        business_date -> Date,
        product_code -> Text,
        product_name -> Text,
        category -> Text,
        quantity_milli -> BigInt,
        amount_minor -> BigInt,
        vat_rate -> Integer,
        unit_price -> Nullable<BigInt>,
        sale_line_no -> Nullable<Integer>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    request_keys (tenant_id, key) {
        tenant_id -> SqlId,
        key -> SqlId,
        operation -> Text,
        hash_version -> Integer,
        request_hash -> Binary,
        state -> Text,
        account_id -> Nullable<SqlId>,
        result_kind -> Text,
        decline_code -> Nullable<Text>,
        amount_minor -> Nullable<BigInt>,
        available_minor -> Nullable<BigInt>,
        credit_limit_minor -> Nullable<BigInt>,
        actor_id -> SqlId,
        occurred_at -> Nullable<Timestamp>,
        recorded_at -> Timestamp,
        refers_to -> Nullable<SqlId>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    invoice_runs (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        job_id -> SqlId,
        reversal_job_id -> Nullable<SqlId>,
        from_date -> Date,
        to_date -> Date,
        invoice_date -> Date,
        reset_type -> Text,
        late -> Text,
        selection -> Text,
        status -> Text,
        actor_kind -> Text,
        actor_id -> SqlId,
        actor_name -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    invoice_run_accounts (tenant_id, run_id, ordinal) {
        tenant_id -> SqlId,
        run_id -> SqlId,
        ordinal -> BigInt,
        account_id -> SqlId,
        state -> Text,
        skip_code -> Nullable<Text>,
        invoice_id -> Nullable<SqlId>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    invoices (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        kind -> Text,
        status -> Text,
        run_id -> SqlId,
        account_id -> SqlId,
        account_number -> Text,
        number -> Text,
        series_year -> Integer,
        series_value -> BigInt,
        invoice_date -> Date,
        from_date -> Date,
        to_date -> Date,
        reset_type -> Text,
        total_minor -> BigInt,
        reverses_id -> Nullable<SqlId>,
        reversed_by_id -> Nullable<SqlId>,
        reset_entry_id -> SqlId,
        limit_taken_minor -> BigInt,
        limit_returned_minor -> BigInt,
        payer_id -> SqlId,
        payer_name -> Text,
        payer_snapshot -> Text,
        tenant_snapshot -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    invoice_stretches (tenant_id, invoice_id, first_seq) {
        tenant_id -> SqlId,
        invoice_id -> SqlId,
        account_id -> SqlId,
        first_seq -> BigInt,
        last_seq -> BigInt,
        reset_type -> Text,
        origin_invoice_id -> Nullable<SqlId>,
        is_late -> Bool,
        is_standing -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    invoice_lines (tenant_id, invoice_id, line_no) {
        tenant_id -> SqlId,
        invoice_id -> SqlId,
        line_no -> Integer,
        business_date -> Date,
        product_code -> Text,
        product_name -> Text,
        category -> Text,
        quantity_milli -> BigInt,
        amount_minor -> BigInt,
        vat_rate -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    invoice_vat (tenant_id, invoice_id, vat_rate) {
        tenant_id -> SqlId,
        invoice_id -> SqlId,
        vat_rate -> Integer,
        gross_minor -> BigInt,
        net_minor -> BigInt,
        vat_minor -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    invoice_limit_returns (tenant_id, invoice_id, origin_invoice_id) {
        tenant_id -> SqlId,
        invoice_id -> SqlId,
        origin_invoice_id -> SqlId,
        amount_minor -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    imports (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        kind -> Text,
        status -> Text,
        file_name -> Text,
        file_hash -> Text,
        file_bytes -> BigInt,
        file_format -> Text,
        sheet -> Text,
        header_row -> BigInt,
        header_signature -> Text,
        headings -> Text,
        mapping -> Text,
        preview -> Text,
        attempt -> BigInt,
        row_count -> BigInt,
        error_count -> BigInt,
        warning_count -> BigInt,
        created_count -> BigInt,
        updated_count -> BigInt,
        unchanged_count -> BigInt,
        job_id -> Nullable<SqlId>,
        actor_name -> Text,
        created_at -> Timestamp,
        committed_at -> Nullable<Timestamp>,
        left_out_count -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    import_files (tenant_id, import_id) {
        tenant_id -> SqlId,
        import_id -> SqlId,
        content -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    import_mappings (tenant_id, id) {
        tenant_id -> SqlId,
        id -> SqlId,
        kind -> Text,
        name -> Text,
        header_signature -> Text,
        headings -> Text,
        mapping -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    import_findings (tenant_id, import_id, attempt, row_no, column_no, code) {
        tenant_id -> SqlId,
        import_id -> SqlId,
        attempt -> BigInt,
        row_no -> BigInt,
        column_no -> Integer,
        code -> Text,
        severity -> Text,
        field -> Text,
        found -> Text,
        detail -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    import_customers (tenant_id, import_id, attempt, row_no) {
        tenant_id -> SqlId,
        import_id -> SqlId,
        attempt -> BigInt,
        row_no -> BigInt,
        customer_id -> SqlId,
        audit_id -> SqlId,
        outcome -> Text,
        kind -> Text,
        first_name -> Text,
        last_name -> Text,
        company_name -> Text,
        name -> Text,
        name_key -> Text,
        customer_number -> Nullable<Text>,
        email -> Text,
        email_is_fictional -> Bool,
        phone -> Text,
        street -> Text,
        postcode -> Text,
        city -> Text,
        country -> Text,
        vat_number -> Text,
        iban -> Text,
        language -> Text,
        enterprise_number -> Text,
        bic -> Text,
        contact_name -> Text,
        contact_language -> Text,
        recipient_emails -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    import_accounts (tenant_id, import_id, attempt, row_no, ordinal) {
        tenant_id -> SqlId,
        import_id -> SqlId,
        attempt -> BigInt,
        row_no -> BigInt,
        ordinal -> Integer,
        account_id -> SqlId,
        outcome -> Text,
        name -> Text,
        name_key -> Text,
        limit_minor -> BigInt,
        row_identity -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    payment_types (tenant_id, name_key) {
        tenant_id -> SqlId,
        name_key -> Text,
        name -> Text,
        account_id -> Nullable<SqlId>,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::id::SqlId;

    import_sales (tenant_id, import_id, attempt, row_no) {
        tenant_id -> SqlId,
        import_id -> SqlId,
        attempt -> BigInt,
        row_no -> BigInt,
        sale_id -> SqlId,
        request_hash -> Binary,
        outcome -> Text,
        payment_type -> Text,
        payment_type_key -> Text,
        account_id -> Nullable<SqlId>,
        occurred_at -> Timestamp,
        product_code -> Text,
        product_name -> Text,
        quantity_milli -> BigInt,
        amount_minor -> BigInt,
        vat_rate -> Integer,
        unit_price -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    chores (name) {
        name -> Text,
        due_at -> Timestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    tenants,
    users,
    user_roles,
    sessions,
    sign_in_failures,
    terminals,
    api_keys,
    agreement_acceptances,
    audit_entries,
    jobs,
    outbox,
    customers,
    invitations,
    customer_users,
    document_sharing,
    shared_documents,
    accounts,
    account_holders,
    number_series,
    entries,
    entry_lines,
    request_keys,
    invoice_runs,
    invoice_run_accounts,
    invoices,
    invoice_stretches,
    invoice_lines,
    invoice_vat,
    invoice_limit_returns,
    imports,
    import_files,
    import_mappings,
    import_findings,
    import_customers,
    import_accounts,
    payment_types,
    import_sales,
    chores,
);
