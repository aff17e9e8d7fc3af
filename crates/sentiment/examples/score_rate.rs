//! Scores texts of several lengths and says what each costs; build with `--release`.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

use std::hint::black_box;
use std::time::Instant;
use touchbook_sentiment::{Scorer, Vader};

const SENTENCE: &str = "Delivery was late AGAIN, but I love the new amplifier, thank you so much! ";
/// A chat message, an e-mail, a transcript.
const SENTENCES: [usize; 4] = [1, 4, 20, 400];
/// Sentences that are scored of each length.
const TOTAL: usize = 40_000;

fn main() {
    let vader = Vader::new();
    for sentences in SENTENCES {
        let text = SENTENCE.repeat(sentences);
        let texts = TOTAL / sentences;
        let started = Instant::now();
        for _ in 0..texts {
            black_box(vader.score(black_box(&text)));
        }
        let micros = started.elapsed().as_secs_f64() * 1e6 / texts as f64;
        println!("{} bytes: {micros:.1} µs a text", text.len());
    }
}
