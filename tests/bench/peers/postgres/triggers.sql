-- Every touchpoint writes its line of the timeline and adds to its customer's summary.

CREATE FUNCTION call_started() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO interactions VALUES (NEW.interaction_id, NEW.customer_id, 'call', NEW.direction,
        'phone', NULL, NULL, NEW.duration_seconds, NEW.last_outcome_type, call_metadata(NEW),
        NEW.started_at);
    UPDATE customer_profiles SET total_interactions = total_interactions + 1,
        first_interaction_at = least(first_interaction_at, NEW.started_at),
        last_interaction_at = greatest(last_interaction_at, NEW.started_at),
        total_agent_calls = total_agent_calls + 1,
        agent_call_duration_total =
            agent_call_duration_total + coalesce(NEW.duration_seconds, 0)
    WHERE id = NEW.customer_id;
    RETURN NULL;
END $$;

CREATE FUNCTION call_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE interactions SET duration = NEW.duration_seconds, outcome = NEW.last_outcome_type,
        metadata = call_metadata(NEW)
    WHERE id = NEW.interaction_id;
    IF NEW.duration_seconds IS DISTINCT FROM OLD.duration_seconds THEN
        UPDATE customer_profiles SET agent_call_duration_total = agent_call_duration_total
            + coalesce(NEW.duration_seconds, 0) - coalesce(OLD.duration_seconds, 0)
        WHERE id = NEW.customer_id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION email_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO interactions VALUES (NEW.interaction_id, NEW.customer_id, 'email', NEW.direction,
        'email', NEW.subject, NEW.body, NULL, NULL,
        jsonb_build_object('email_id', NEW.email_id, 'from', NEW.from_email, 'to', NEW.to_email),
        NEW.created_at);
    UPDATE customer_profiles SET total_interactions = total_interactions + 1,
        first_interaction_at = least(first_interaction_at, NEW.created_at),
        last_interaction_at = greatest(last_interaction_at, NEW.created_at),
        total_agent_emails = total_agent_emails + (NEW.direction = 'outbound')::integer
    WHERE id = NEW.customer_id;
    RETURN NULL;
END $$;

CREATE FUNCTION sms_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO interactions VALUES (NEW.interaction_id, NEW.customer_id, 'sms', NEW.direction,
        'sms', NULL, NEW.body, NULL, NULL,
        jsonb_build_object('sms_id', NEW.sms_id, 'from', NEW.from_number, 'to', NEW.to_number),
        NEW.created_at);
    UPDATE customer_profiles SET total_interactions = total_interactions + 1,
        first_interaction_at = least(first_interaction_at, NEW.created_at),
        last_interaction_at = greatest(last_interaction_at, NEW.created_at),
        total_agent_sms = total_agent_sms + (NEW.direction = 'outbound')::integer
    WHERE id = NEW.customer_id;
    RETURN NULL;
END $$;

CREATE FUNCTION social_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO interactions VALUES (NEW.interaction_id, NEW.customer_id, 'social', 'inbound',
        'social_media', NULL, NEW.content, NULL, NULL,
        jsonb_build_object('social_id', NEW.social_id, 'platform', NEW.platform,
            'handle', NEW.handle, 'requires_response', NEW.requires_response),
        NEW.interaction_date);
    UPDATE customer_profiles SET total_interactions = total_interactions + 1,
        first_interaction_at = least(first_interaction_at, NEW.interaction_date),
        last_interaction_at = greatest(last_interaction_at, NEW.interaction_date)
    WHERE id = NEW.customer_id;
    RETURN NULL;
END $$;

CREATE FUNCTION order_placed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO interactions VALUES (NEW.interaction_id, NEW.customer_id, 'order', 'inbound',
        'other', NULL, NULL, NULL, NEW.order_status,
        jsonb_build_object('order_id', NEW.order_id, 'total', NEW.order_total,
            'currency', NEW.currency, 'items', NEW.items),
        NEW.order_date);
    UPDATE customer_profiles SET total_interactions = total_interactions + 1,
        first_interaction_at = least(first_interaction_at, NEW.order_date),
        last_interaction_at = greatest(last_interaction_at, NEW.order_date),
        total_orders = total_orders + 1,
        lifetime_value = lifetime_value + counted(NEW.order_status, NEW.order_total)
    WHERE id = NEW.customer_id;
    RETURN NULL;
END $$;

CREATE FUNCTION order_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE interactions SET outcome = NEW.order_status,
        metadata = jsonb_build_object('order_id', NEW.order_id, 'total', NEW.order_total,
            'currency', NEW.currency, 'items', NEW.items)
    WHERE id = NEW.interaction_id;
    UPDATE customer_profiles SET lifetime_value = lifetime_value
        + counted(NEW.order_status, NEW.order_total) - counted(OLD.order_status, OLD.order_total)
    WHERE id = NEW.customer_id;
    RETURN NULL;
END $$;

CREATE TRIGGER started AFTER INSERT ON call_sessions
    FOR EACH ROW EXECUTE FUNCTION call_started();
CREATE TRIGGER changed AFTER UPDATE ON call_sessions
    FOR EACH ROW EXECUTE FUNCTION call_changed();
CREATE TRIGGER logged AFTER INSERT ON email_logs
    FOR EACH ROW EXECUTE FUNCTION email_logged();
CREATE TRIGGER logged AFTER INSERT ON sms_logs
    FOR EACH ROW EXECUTE FUNCTION sms_logged();
CREATE TRIGGER logged AFTER INSERT ON social_interactions
    FOR EACH ROW EXECUTE FUNCTION social_logged();
CREATE TRIGGER placed AFTER INSERT ON opencart_orders_cache
    FOR EACH ROW EXECUTE FUNCTION order_placed();
CREATE TRIGGER changed AFTER UPDATE ON opencart_orders_cache
    FOR EACH ROW EXECUTE FUNCTION order_changed();
