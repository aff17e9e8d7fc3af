SELECT row_to_json(entry)::text
FROM (
    SELECT id, interaction_type, direction, contact_method, subject, description, duration, outcome,
        metadata, interaction_date
    FROM interactions
    WHERE customer_id = (SELECT id FROM customer_profiles WHERE external_id = $1)
    ORDER BY interaction_date DESC, id DESC
    LIMIT 50
) AS entry
