//! What the demo's customers and agents say.

/// A product and its price, in hundredths.
pub(super) const PRODUCTS: [(&str, i64); 10] = [
    ("Bookshelf speakers", 24_900),
    ("Turntable", 39_950),
    ("Integrated amplifier", 59_900),
    ("Over-ear headphones", 17_999),
    ("Speaker cable, 5 m", 3_490),
    ("Soundbar", 44_900),
    ("Wireless microphone", 12_900),
    ("Record brush", 1_450),
    ("Subwoofer", 52_500),
    ("Portable radio", 8_995),
];

/// What an e-mail thread is about: the subject, then what is written in turn, the customer first.
pub(super) const THREADS: [(&str, [&str; 4]); 6] = [
    (
        "Which amplifier fits my speakers?",
        [
            "Hello, I have a pair of older 4-ohm bookshelf speakers and want a new amplifier. Which of yours would you take? It should have an input for a turntable.",
            "Thank you for writing. For 4 ohms I would take the integrated amplifier: it has a phono input and enough power for a room of 30 square metres.",
            "That sounds good. Is it in stock, and could you deliver on a Saturday?",
            "It is in stock, and Saturday works between nine and one. Shall I send you a quote?",
        ],
    ),
    (
        "My parcel has not arrived",
        [
            "The tracking page has said \"out for delivery\" for three days. Can you find out where my parcel is? I need it by Friday.",
            "I am sorry about that. I have opened a case with the carrier and will write as soon as they answer, tomorrow at the latest.",
            "Thank you. If it does not come by Friday I would rather have my money back.",
            "Good news: the parcel was found and is delivered tomorrow. I have refunded the delivery fee.",
        ],
    ),
    (
        "Invoice with our VAT number",
        [
            "Could you please send the invoice again with our VAT number on it? Our bookkeeper insists.",
            "Of course. Which number should it be? I will send the corrected invoice within the hour.",
            "It is the one in our customer account. Thanks a lot, that is quick!",
            "The corrected invoice is attached. Have a good day.",
        ],
    ),
    (
        "Left channel crackles",
        [
            "The left channel of my new turntable crackles as soon as I turn it up. I have tried another cable. I am quite disappointed.",
            "That should not happen. Please check that the weight on the cartridge is off; if it still crackles, we exchange it at once.",
            "The weight was on. It works now, and it sounds wonderful. Sorry for the trouble!",
            "No trouble at all. Enjoy your records.",
        ],
    ),
    (
        "Offer for a small venue",
        [
            "We are furnishing a room for about 60 people and need speakers, two wireless microphones and cabling. Can you make us an offer?",
            "Gladly. May I call you this week to talk about the room? Ceiling height matters more than the number of seats.",
            "Thursday after two is fine.",
            "I will call on Thursday at half past two. You will have the offer on Friday.",
        ],
    ),
    (
        "Returning the headphones",
        [
            "The headphones are fine, but too heavy for me. How do I send them back?",
            "You have 30 days. The label is attached; any parcel shop takes it.",
            "Sent this morning. When will I see the refund?",
            "It arrived today, and the refund is on its way; your bank takes two or three days.",
        ],
    ),
];

pub(super) const SMS_SENT: [&str; 5] = [
    "Your order is on its way and arrives tomorrow between 9 and 13.",
    "Hi, this is Alex from the audio shop. I tried to call; when would suit you?",
    "Your quote is ready: you find it in your account. It holds for 14 days.",
    "Your repair is done and can be picked up.",
    "How was our service? Answer with 1 (poor) to 5 (great).",
];
pub(super) const SMS_RECEIVED: [&str; 6] = [
    "Great, thank you!",
    "Can you deliver to the office instead?",
    "Tomorrow after 4 please",
    "5",
    "Still waiting. This is the second time.",
    "Yes please",
];

pub(super) const POSTS: [(&str, &str, f64); 5] = [
    (
        "mention",
        "New speakers from @audioshop and the living room is a concert hall now.",
        0.86,
    ),
    ("comment", "Do you still have the walnut version?", 0.05),
    (
        "dm",
        "Hi, your site will not take my card. Can I order by phone?",
        -0.22,
    ),
    (
        "review",
        "Friendly people, fair prices, and they know what they sell.",
        0.91,
    ),
    (
        "review",
        "Two weeks for a cable, and nobody answers the phone.",
        -0.78,
    ),
];
pub(super) const REPLIES: [&str; 3] = [
    "Thank you, enjoy the music!",
    "We do. Write to us and we will keep one for you.",
    "We are sorry. Please send us your order number and we will look into it today.",
];

/// What a call came to: the outcome, the notes, the summary, and whether it was a sale.
pub(super) const CALLS: [(&str, &str, &str, bool); 6] = [
    (
        "success",
        "Ordered over the phone.",
        "The customer compared two models and ordered one.",
        true,
    ),
    (
        "callback",
        "Asked to be called next week.",
        "The customer is interested but was busy.",
        false,
    ),
    ("no answer", "Rang out.", "", false),
    (
        "contacted",
        "Bought elsewhere.",
        "The customer has what they need.",
        false,
    ),
    ("voicemail", "Left a message.", "", false),
    (
        "success",
        "Question about an invoice, solved.",
        "A question about an invoice was answered.",
        false,
    ),
];

pub(super) const NOTES: [(&str, &str); 4] = [
    (
        "Site visit",
        "Measured the room: 8 by 5 metres, ceiling 2.6. Wants wall mounts, no cables visible.",
    ),
    (
        "Called at the shop",
        "Tried three headphones; will decide by the end of the month.",
    ),
    (
        "Contract renewed",
        "Service contract renewed for two years on the old terms.",
    ),
    (
        "Careful",
        "Had bad luck with two deliveries; send by express, no questions asked.",
    ),
];

pub(super) const CHAT: [&str; 4] = [
    "Do you ship abroad?",
    "Is the total with tax?",
    "Can I pay by invoice?",
    "Could I have the microphones without stands?",
];
