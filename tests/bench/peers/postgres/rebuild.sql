-- Everything that the triggers keep, made again from the tables of the channels, set by set.

BEGIN;
DROP INDEX interactions_timeline;
ALTER TABLE interactions DROP CONSTRAINT interactions_pkey;
TRUNCATE interactions;
INSERT INTO interactions SELECT * FROM customer_timeline_unified;
ALTER TABLE interactions ADD PRIMARY KEY (id);
CREATE INDEX interactions_timeline ON interactions (customer_id, interaction_date DESC, id DESC);

UPDATE customer_profiles AS customer SET
    total_interactions = entries.total,
    first_interaction_at = entries.first_at,
    last_interaction_at = entries.last_at,
    total_agent_calls = entries.calls,
    total_agent_emails = entries.emails,
    total_agent_sms = entries.sms,
    agent_call_duration_total = entries.duration,
    total_orders = entries.orders
FROM (
    SELECT customer_id, count(*) AS total,
        min(interaction_date) AS first_at, max(interaction_date) AS last_at,
        count(*) FILTER (WHERE interaction_type = 'call') AS calls,
        count(*) FILTER (WHERE interaction_type = 'email' AND direction = 'outbound') AS emails,
        count(*) FILTER (WHERE interaction_type = 'sms' AND direction = 'outbound') AS sms,
        coalesce(sum(duration), 0) AS duration,
        count(*) FILTER (WHERE interaction_type = 'order') AS orders
    FROM interactions GROUP BY customer_id
) AS entries
WHERE customer.id = entries.customer_id;

UPDATE customer_profiles AS customer SET lifetime_value = orders.value
FROM (
    SELECT customer_id, sum(counted(order_status, order_total)) AS value
    FROM opencart_orders_cache GROUP BY customer_id
) AS orders
WHERE customer.id = orders.customer_id;
COMMIT;
