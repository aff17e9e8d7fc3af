//! Messages: e-mail, SMS and chat.

use super::sentiment::Scorer;
use super::typed::Object;
use crate::customer_ref::CustomerRef;
use crate::member::Member;
use crate::text::{Address, AgentId, Body, Code, Name, OwnKey, Reference, Text, Url, Word};
use crate::time::Moment;

event_object! {
    /// What an e-mail answers (RFC 5322).
    personal Thread {
        /// The mail system's own name for the thread.
        id: Option<OwnKey>,
        in_reply_to: Option<Text<1000>>,
        references: Vec<Text<1000>>,
    }
}

event_object! {
    /// A file that came with a message; the file itself is elsewhere.
    personal Attachment {
        name: Option<Name>,
        content_type: Option<Code<200>>,
        bytes: Option<u64>,
        url: Option<Url>,
    }
}

event_data! {
    /// A customer's e-mail arrives (⟳).
    EmailReceived: EmailReceivedFacts, EmailReceivedPersonal {
        facts {
            agent_id: Member<AgentId>,
            category: Member<Word>,
            /// The mail system's own word for it (C6).
            status: Member<Word>,
            created_at: Member<Moment>,
            source_log: Member<Word>,
        }
        personal {
            customer: Option<CustomerRef>,
            /// Its Message-ID, or the mail system's own name for it.
            email_id: Option<Text<1000>>,
            from: Member<Address>,
            from_name: Member<Name>,
            to: Member<Vec<Address>>,
            cc: Member<Vec<Address>>,
            /// Which of our mailboxes.
            mailbox: Member<Address>,
            thread: Member<Thread>,
            subject: Member<Text<1000>>,
            body: Member<Body>,
            attachments: Member<Vec<Attachment>>,
            metadata: Member<Object>,
        }
    }
}

event_data! {
    /// An e-mail goes to a customer (⟳).
    EmailSent: EmailSentFacts, EmailSentPersonal {
        facts {
            agent_id: Member<AgentId>,
            category: Member<Word>,
            /// The mail system's own word for it (C6).
            status: Member<Word>,
            created_at: Member<Moment>,
            source_log: Member<Word>,
        }
        personal {
            customer: Option<CustomerRef>,
            /// Its Message-ID, or the mail system's own name for it.
            email_id: Option<Text<1000>>,
            from: Member<Address>,
            from_name: Member<Name>,
            to: Member<Vec<Address>>,
            cc: Member<Vec<Address>>,
            /// Which of our mailboxes.
            mailbox: Member<Address>,
            thread: Member<Thread>,
            subject: Member<Text<1000>>,
            body: Member<Body>,
            attachments: Member<Vec<Attachment>>,
            metadata: Member<Object>,
        }
    }
}

event_data! {
    /// An e-mail is sorted.
    EmailClassified: EmailClassifiedFacts, EmailClassifiedPersonal {
        facts {
            category: Option<Word>,
            status: Option<Word>,
            classifier: Option<Scorer>,
        }
        personal {
            email_id: Option<Text<1000>>,
        }
    }
}

event_data! {
    /// A customer's SMS arrives.
    SmsReceived: SmsReceivedFacts, SmsReceivedPersonal {
        facts {
            agent_id: Option<AgentId>,
            source_log: Option<Word>,
        }
        personal {
            customer: Option<CustomerRef>,
            from: Option<Address>,
            to: Option<Address>,
            body: Option<Text<10_000>>,
        }
    }
}

event_data! {
    /// An SMS goes to a customer.
    SmsSent: SmsSentFacts, SmsSentPersonal {
        facts {
            agent_id: Option<AgentId>,
            source_log: Option<Word>,
        }
        personal {
            customer: Option<CustomerRef>,
            from: Option<Address>,
            to: Option<Address>,
            body: Option<Text<10_000>>,
        }
    }
}

event_data! {
    /// A customer writes in a chat.
    ChatReceived: ChatReceivedFacts, ChatReceivedPersonal {
        facts {
            /// The quote session or conversation that it belongs to.
            session: Option<Reference>,
            agent_id: Option<AgentId>,
        }
        personal {
            customer: Option<CustomerRef>,
            message_id: Option<OwnKey>,
            body: Option<Body>,
        }
    }
}

event_data! {
    /// We write in a chat.
    ChatSent: ChatSentFacts, ChatSentPersonal {
        facts {
            /// The quote session or conversation that it belongs to.
            session: Option<Reference>,
            agent_id: Option<AgentId>,
        }
        personal {
            customer: Option<CustomerRef>,
            message_id: Option<OwnKey>,
            body: Option<Body>,
        }
    }
}
