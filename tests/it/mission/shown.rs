//! What document 001 shows, word for word; where it leaves out (`[...]`), something small stands.

pub(super) const ORDER: &str = r#"{
  "action": "sync_opencart_order",
  "data": {
    "order_id": 12345,
    "customer_id": 67890,
    "customer_name": "John Doe",
    "customer_email": "john@example.com",
    "customer_phone": "+27123456789",
    "order_status": "Complete",
    "order_total": 1299.99,
    "currency": "ZAR",
    "payment_method": "Credit Card",
    "shipping_method": "Standard Shipping",
    "items": [{"name": "Lamp", "quantity": 1}],
    "shipping_address": {"city": "Cape Town"},
    "order_date": "2024-01-15T10:30:00Z"
  }
}"#;

pub(super) const SOCIAL: &str = r#"{
  "action": "sync_social_interaction",
  "data": {
    "platform": "instagram",
    "interaction_type": "mention",
    "customer_name": "Jane Smith",
    "customer_email": "jane@example.com",
    "customer_handle": "@janesmith",
    "content": "Love your products!",
    "sentiment": "positive",
    "post_url": "https://instagram.com/p/abc123",
    "requires_response": false,
    "interaction_date": "2024-01-15T14:20:00Z",
    "metadata": {}
  }
}"#;

pub(super) const QUOTE: &str = r#"{
  "action": "sync_quote_session",
  "data": {
    "session_id": "qs_abc123",
    "customer_name": "Bob Wilson",
    "customer_email": "bob@example.com",
    "customer_phone": "+27987654321",
    "company_name": "Wilson Corp",
    "status": "quote_sent",
    "total_amount": 5499.99,
    "currency": "ZAR",
    "quote_items": [{"name": "Lamp", "quantity": 4}],
    "created_at": "2024-01-15T09:00:00Z",
    "last_activity_at": "2024-01-15T11:30:00Z",
    "metadata": {}
  }
}"#;

pub(super) const EMAIL: &str = r#"{
  "action": "sync_email_thread",
  "data": {
    "email_id": "msg_xyz789",
    "from_email": "customer@example.com",
    "from_name": "Customer Name",
    "subject": "Product inquiry",
    "body": "I'm interested in...",
    "category": "inquiry",
    "status": "classified",
    "sentiment": "neutral",
    "created_at": "2024-01-15T08:45:00Z",
    "metadata": {}
  }
}"#;

pub(super) const PROFILES: &str = r#"{
  "action": "bulk_update_profiles",
  "data": {
    "customer_ids": ["email1@example.com", "email2@example.com"]
  }
}"#;

pub(super) const UPDATE_PROFILE: &str = r#"{
  "action": "update_profile",
  "customerId": "customer@example.com"
}"#;

/// What `/api/webhooks/timeline` takes, by type.
pub(super) const WEBHOOKS: [(&str, &str); 4] = [
    (
        "quote_session_update",
        r#"{
  "type": "quote_session_update",
  "data": {
    "session_id": "qs_abc123",
    "customer_name": "John Doe",
    "customer_email": "john@example.com",
    "customer_phone": "+27123456789",
    "company_name": "Doe Enterprises",
    "status": "active",
    "total_amount": 2499.99,
    "currency": "ZAR",
    "quote_items": [],
    "created_at": "2024-01-15T10:00:00Z",
    "last_activity_at": "2024-01-15T10:30:00Z",
    "metadata": {}
  }
}"#,
    ),
    (
        "social_interaction",
        r#"{
  "type": "social_interaction",
  "data": {
    "platform": "twitter",
    "interaction_type": "mention",
    "customer_name": "Jane Doe",
    "customer_handle": "@janedoe",
    "content": "Great service!",
    "sentiment": "positive",
    "post_url": "https://twitter.com/user/status/123",
    "requires_response": false,
    "interaction_date": "2024-01-15T11:00:00Z"
  }
}"#,
    ),
    (
        "opencart_order",
        r#"{
  "type": "opencart_order",
  "data": {
    "order_id": 12345,
    "customer_id": 67890,
    "customer_name": "Bob Smith",
    "customer_email": "bob@example.com",
    "order_status": "Complete",
    "order_total": 899.99,
    "currency": "ZAR",
    "order_date": "2024-01-15T09:30:00Z"
  }
}"#,
    ),
    (
        "email_thread",
        r#"{
  "type": "email_thread",
  "data": {
    "email_id": "msg_abc123",
    "from_email": "customer@example.com",
    "from_name": "Customer Name",
    "subject": "Support request",
    "body": "I need help with...",
    "category": "support",
    "status": "unread",
    "sentiment": "neutral",
    "created_at": "2024-01-15T12:00:00Z"
  }
}"#,
    ),
];

/// The document names what a call brings and shows no body; this has every member.
pub(super) const CALL: &str = r#"{
  "call_id": "call_42",
  "customer_phone": "+27123456789",
  "customer_email": "john@example.com",
  "agent_id": "alex",
  "direction": "inbound",
  "started_at": "2024-01-16T10:00:00Z",
  "ended_at": "2024-01-16T10:05:00Z",
  "duration_seconds": 300,
  "outcome": "resolved",
  "notes": "Wants a second lamp",
  "transcript": "Hello. I love the lamp, it is great!",
  "summary": "Happy with the lamp",
  "recording_url": "https://calls.example.com/42.mp3",
  "sentiment": "positive"
}"#;
