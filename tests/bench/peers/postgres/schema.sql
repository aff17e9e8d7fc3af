-- What a team would build on Postgres instead of running this service: a table for each channel,
-- triggers that keep one table of interactions (the timeline) and a summary of each customer.
--
-- Where there was a choice, it is in Postgres' favour: natural keys instead of a ledger and its
-- history, counters that are added to instead of computed again, no foreign keys, no tenant in the
-- keys, and only the indexes that a timeline page and the search for a customer need.

CREATE TABLE customer_profiles (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_id text NOT NULL UNIQUE,
    name text,
    email text,
    phone text,
    company text,
    status text NOT NULL DEFAULT 'active',
    total_interactions integer NOT NULL DEFAULT 0,
    first_interaction_at timestamptz,
    last_interaction_at timestamptz,
    total_agent_calls integer NOT NULL DEFAULT 0,
    total_agent_emails integer NOT NULL DEFAULT 0,
    total_agent_sms integer NOT NULL DEFAULT 0,
    agent_call_duration_total integer NOT NULL DEFAULT 0,
    total_orders integer NOT NULL DEFAULT 0,
    lifetime_value numeric NOT NULL DEFAULT 0
) WITH (fillfactor = 80); -- room for the next version of a row beside it

CREATE INDEX ON customer_profiles (lower(name) text_pattern_ops);
CREATE INDEX ON customer_profiles (lower(email) text_pattern_ops);
CREATE INDEX ON customer_profiles (phone text_pattern_ops);

CREATE SEQUENCE interaction_ids CACHE 100;

CREATE TABLE interactions (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL,
    interaction_type text NOT NULL,
    direction text NOT NULL,
    contact_method text NOT NULL,
    subject text,
    description text,
    duration integer,
    outcome text,
    metadata jsonb,
    interaction_date timestamptz NOT NULL
);

CREATE INDEX interactions_timeline ON interactions (customer_id, interaction_date DESC, id DESC);

CREATE TABLE call_sessions (
    call_id text PRIMARY KEY,
    interaction_id bigint NOT NULL DEFAULT nextval('interaction_ids'),
    customer_id bigint NOT NULL,
    agent_id text,
    direction text NOT NULL,
    source_queue_type text,
    user_priority_score numeric,
    queue_position integer,
    call_source text,
    from_number text,
    to_number text,
    call_sid text,
    started_at timestamptz NOT NULL,
    duration_seconds integer,
    disposition text,
    last_outcome_type text,
    last_outcome_notes text,
    last_outcome_agent_id text,
    last_outcome_at timestamptz,
    call_score integer,
    agent_performance_score integer,
    conversion_likelihood numeric
) WITH (fillfactor = 80);

CREATE TABLE email_logs (
    email_id text PRIMARY KEY,
    interaction_id bigint NOT NULL DEFAULT nextval('interaction_ids'),
    customer_id bigint NOT NULL,
    direction text NOT NULL,
    from_email text NOT NULL,
    to_email text NOT NULL,
    subject text,
    body text,
    created_at timestamptz NOT NULL
);

CREATE TABLE sms_logs (
    sms_id text PRIMARY KEY,
    interaction_id bigint NOT NULL DEFAULT nextval('interaction_ids'),
    customer_id bigint NOT NULL,
    direction text NOT NULL,
    from_number text NOT NULL,
    to_number text NOT NULL,
    body text,
    created_at timestamptz NOT NULL
);

CREATE TABLE social_interactions (
    social_id text PRIMARY KEY,
    interaction_id bigint NOT NULL DEFAULT nextval('interaction_ids'),
    customer_id bigint NOT NULL,
    platform text NOT NULL,
    interaction_type text NOT NULL,
    handle text,
    content text,
    requires_response boolean NOT NULL,
    interaction_date timestamptz NOT NULL
);

CREATE TABLE opencart_orders_cache (
    order_id text PRIMARY KEY,
    interaction_id bigint NOT NULL DEFAULT nextval('interaction_ids'),
    customer_id bigint NOT NULL,
    order_status text NOT NULL,
    order_total numeric NOT NULL,
    currency text NOT NULL,
    payment_method text,
    shipping_method text,
    items jsonb,
    order_date timestamptz NOT NULL
) WITH (fillfactor = 80);

-- The customer whom an event names, made when nobody has that name yet.
CREATE FUNCTION customer_of(named text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
BEGIN
    SELECT id INTO found FROM customer_profiles WHERE external_id = named;
    IF found IS NULL THEN
        INSERT INTO customer_profiles (external_id) VALUES (named)
            ON CONFLICT (external_id) DO UPDATE SET external_id = excluded.external_id
            RETURNING id INTO found;
    END IF;
    RETURN found;
END $$;

-- What an order adds to its customer's lifetime value.
CREATE FUNCTION counted(order_status text, order_total numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN order_status = 'Complete' THEN order_total ELSE 0 END
$$;

CREATE FUNCTION call_metadata(call call_sessions) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('call_id', call.call_id, 'agent_id', call.agent_id,
        'queue', call.source_queue_type, 'notes', call.last_outcome_notes,
        'call_score', call.call_score, 'agent_performance_score', call.agent_performance_score,
        'conversion_likelihood', call.conversion_likelihood)
$$;

-- Every interaction of every channel, as it is derived from the tables above.
CREATE VIEW customer_timeline_unified AS
SELECT interaction_id AS id, customer_id, 'call' AS interaction_type, direction,
    'phone' AS contact_method, NULL AS subject, NULL AS description, duration_seconds AS duration,
    last_outcome_type AS outcome, call_metadata(call_sessions) AS metadata,
    started_at AS interaction_date
FROM call_sessions
UNION ALL
SELECT interaction_id, customer_id, 'email', direction, 'email', subject, body, NULL, NULL,
    jsonb_build_object('email_id', email_id, 'from', from_email, 'to', to_email), created_at
FROM email_logs
UNION ALL
SELECT interaction_id, customer_id, 'sms', direction, 'sms', NULL, body, NULL, NULL,
    jsonb_build_object('sms_id', sms_id, 'from', from_number, 'to', to_number), created_at
FROM sms_logs
UNION ALL
SELECT interaction_id, customer_id, 'social', 'inbound', 'social_media', NULL, content, NULL, NULL,
    jsonb_build_object('social_id', social_id, 'platform', platform, 'handle', handle,
        'requires_response', requires_response), interaction_date
FROM social_interactions
UNION ALL
SELECT interaction_id, customer_id, 'order', 'inbound', 'other', NULL, NULL, NULL, order_status,
    jsonb_build_object('order_id', order_id, 'total', order_total, 'currency', currency,
        'items', items), order_date
FROM opencart_orders_cache;
