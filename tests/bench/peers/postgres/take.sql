-- on call.started
INSERT INTO call_sessions (call_id, customer_id, agent_id, direction, source_queue_type,
    user_priority_score, queue_position, call_source, from_number, to_number, call_sid, started_at)
SELECT data->>'call_id', customer_of(data#>>'{customer,external_id}'), data->>'agent_id',
    data->>'direction', data#>>'{queue,type}', (data#>>'{queue,priority_score}')::numeric,
    (data#>>'{queue,position}')::integer, data->>'call_source', data->>'from', data->>'to',
    data#>>'{aliases,call_sid}', time
FROM jsonb_to_recordset($1::text::jsonb) AS event(time timestamptz, data jsonb)
ON CONFLICT (call_id) DO NOTHING
-- on call.ended
UPDATE call_sessions AS call SET duration_seconds = (data->>'duration_seconds')::integer,
    disposition = data->>'disposition'
FROM jsonb_to_recordset($1::text::jsonb) AS event(data jsonb)
WHERE call.call_id = data->>'call_id'
-- on call.outcome_recorded
UPDATE call_sessions AS call SET last_outcome_type = data->>'outcome',
    last_outcome_notes = data->>'notes', last_outcome_agent_id = data->>'agent_id',
    last_outcome_at = time
FROM jsonb_to_recordset($1::text::jsonb) AS event(time timestamptz, data jsonb)
WHERE call.call_id = data->>'call_id'
-- on call.scored
UPDATE call_sessions AS call SET call_score = (data->>'call_score')::integer,
    agent_performance_score = (data->>'agent_performance_score')::integer,
    conversion_likelihood = (data->>'conversion_likelihood')::numeric
FROM jsonb_to_recordset($1::text::jsonb) AS event(data jsonb)
WHERE call.call_id = data->>'call_id'
-- on email
INSERT INTO email_logs (email_id, customer_id, direction, from_email, to_email, subject, body,
    created_at)
SELECT data->>'email_id', customer_of(data#>>'{customer,external_id}'),
    CASE type WHEN 'email.sent' THEN 'outbound' ELSE 'inbound' END, data->>'from', data#>>'{to,0}',
    data->>'subject', data->>'body', time
FROM jsonb_to_recordset($1::text::jsonb) AS event(type text, time timestamptz, data jsonb)
ON CONFLICT (email_id) DO NOTHING
-- on sms
INSERT INTO sms_logs (sms_id, customer_id, direction, from_number, to_number, body, created_at)
SELECT id, customer_of(data#>>'{customer,external_id}'),
    CASE type WHEN 'sms.sent' THEN 'outbound' ELSE 'inbound' END, data->>'from', data->>'to',
    data->>'body', time
FROM jsonb_to_recordset($1::text::jsonb) AS event(id text, type text, time timestamptz, data jsonb)
ON CONFLICT (sms_id) DO NOTHING
-- on social
INSERT INTO social_interactions (social_id, customer_id, platform, interaction_type, handle,
    content, requires_response, interaction_date)
SELECT data->>'social_id', customer_of(data#>>'{customer,external_id}'), data->>'platform',
    data->>'interaction_type', data->>'handle', data->>'content',
    (data->>'requires_response')::boolean, time
FROM jsonb_to_recordset($1::text::jsonb) AS event(time timestamptz, data jsonb)
ON CONFLICT (social_id) DO NOTHING
-- on order
INSERT INTO opencart_orders_cache (order_id, customer_id, order_status, order_total, currency,
    payment_method, shipping_method, items, order_date)
SELECT DISTINCT ON (data->>'order_id') data->>'order_id',
    customer_of(data#>>'{customer,external_id}'), data->>'status',
    (data#>>'{total,amount}')::numeric, data#>>'{total,currency}', data->>'payment_method',
    data->>'shipping_method', data->'items', time
FROM jsonb_to_recordset($1::text::jsonb) AS event(time timestamptz, data jsonb)
ORDER BY data->>'order_id', time DESC
ON CONFLICT (order_id) DO UPDATE SET order_status = excluded.order_status,
    order_total = excluded.order_total, items = excluded.items
