//! Messages: e-mail, SMS, chat and social media.

use crate::customer_ref::CustomerRef;
use crate::text::{Code, Text};

event_data! {
    /// A customer's SMS arrives.
    SmsReceived: SmsReceivedFacts, SmsReceivedPersonal {
        facts {
            agent_id: Option<Code<128>>,
            source_log: Option<Code<50>>,
        }
        personal {
            customer: Option<CustomerRef>,
            from: Option<Text<320>>,
            to: Option<Text<320>>,
            body: Option<Text<10000>>,
        }
    }
}

event_data! {
    /// An SMS goes to a customer.
    SmsSent: SmsSentFacts, SmsSentPersonal {
        facts {
            agent_id: Option<Code<128>>,
            source_log: Option<Code<50>>,
        }
        personal {
            customer: Option<CustomerRef>,
            from: Option<Text<320>>,
            to: Option<Text<320>>,
            body: Option<Text<10000>>,
        }
    }
}
