//! The embedded scorer: VADER, the rules and the lexicon of Hutto and Gilbert (ICWSM-14).

use crate::scorer::Scorer;
use crate::sentences::sentences;
use touchbook_events::Score;
use vader_parity::SentimentIntensityAnalyzer;

/// Up to so many characters a text is scored as a whole, as the authors' examples are: their rules
/// were made for posts of this length.
const SHORT_CHARS_MAX: usize = 280;
/// VADER's own scores have four decimals.
const UNITS_PER_ONE: f64 = 10_000.0;
const MILLIONTHS_PER_UNIT: i64 = 100;

/// VADER's compound score, for English alone.
///
/// It knows words, emoticons and emoji, and takes what it doesn't know for neutral. It can't tell
/// another language: there a word counts that looks like an English one, so the Afrikaans and
/// German article "die" counts as death.
///
/// A long text is cut into sentences, and its score is their mean, as VADER's authors do it: the
/// compound of a whole transcript would be −1 or 1 whatever was said. Cutting takes one pass and a
/// sentence has a longest length, so the time grows with the text and no faster.
///
/// Each compound is computed with the four operations and one square root, which IEEE 754 rounds
/// alike on every machine, and rounded to four decimals as in Python; from there on all is
/// integers, and the mean is rounded to the nearest millionth, halves up.
pub struct Vader {
    analyzer: SentimentIntensityAnalyzer,
}

impl Vader {
    pub const NAME: &str = "vader";
    /// That of the rules and the lexicon, then that of what is done with long texts.
    pub const VERSION: &str = "3.3.2-1";

    /// Reads the lexicon, which is part of the program: make one and keep it.
    pub fn new() -> Self {
        Self {
            analyzer: SentimentIntensityAnalyzer::new(),
        }
    }

    /// In ten-thousandths.
    fn compound(&self, text: &str) -> i64 {
        let compound = self.analyzer.polarity_scores(text).compound;
        (compound * UNITS_PER_ONE).round() as i64
    }

    fn mean_of_sentences(&self, text: &str) -> i64 {
        let (mut sum, mut count) = (0, 0);
        for sentence in sentences(text) {
            sum += self.compound(sentence) * MILLIONTHS_PER_UNIT;
            count += 1;
        }
        rounded_mean(sum, count)
    }
}

impl Default for Vader {
    fn default() -> Self {
        Self::new()
    }
}

impl Scorer for Vader {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> &'static str {
        Self::VERSION
    }

    fn score(&self, text: &str) -> Score {
        let is_short = text.chars().nth(SHORT_CHARS_MAX).is_none();
        Score::from_millionths(match is_short {
            true => self.compound(text) * MILLIONTHS_PER_UNIT,
            false => self.mean_of_sentences(text),
        })
    }
}

/// The nearest integer to `sum / count`, halves up; 0 of nothing.
fn rounded_mean(sum: i64, count: i64) -> i64 {
    (2 * sum + count).checked_div_euclid(2 * count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;
    use std::time::{Duration, Instant};
    use touchbook_events::score::Sentiment;

    /// Longest transcript, in characters.
    const TRANSCRIPT_CHARS_MAX: usize = 200_000;
    /// Far more than it takes in a build without optimisation, far less than anything that grows
    /// faster than its text.
    const TIME_MAX: Duration = Duration::from_secs(20);

    static VADERS: LazyLock<[Vader; 2]> = LazyLock::new(Default::default);

    fn millionths(text: &str) -> i64 {
        VADERS[0].score(text).millionths()
    }

    /// ecosystem.md: what Python's vaderSentiment 3.3.2 says of the examples in its README, in
    /// ten-thousandths. (The README prints 7003 for the emoji, which an older version said.)
    #[test]
    fn published_examples_are_scored_as_they_are_in_python() {
        for (text, want) in [
            ("VADER is smart, handsome, and funny.", 8316),
            ("VADER is smart, handsome, and funny!", 8439),
            ("VADER is very smart, handsome, and funny.", 8545),
            ("VADER is VERY SMART, handsome, and FUNNY.", 9227),
            ("VADER is VERY SMART, handsome, and FUNNY!!!", 9342),
            (
                "VADER is VERY SMART, uber handsome, and FRIGGIN FUNNY!!!",
                9469,
            ),
            ("VADER is not smart, handsome, nor funny.", -7424),
            ("The book was good.", 4404),
            ("At least it isn't a horrible book.", 4310),
            ("The book was only kind of good.", 3832),
            (
                "The plot was good, but the characters are uncompelling \
                 and the dialog is not great.",
                -7042,
            ),
            ("Today SUX!", -5461),
            ("Today only kinda sux! But I'll get by, lol", 5249),
            ("Make sure you :) or :D today!", 8633),
            ("Catch utf-8 emoji such as such as 💘 and 💋 and 😁", 8750),
            ("Not bad at all", 4310),
        ] {
            assert_eq!(millionths(text), want * 100, "{text}");
        }
    }

    /// Our own sentences, as Python's vaderSentiment 3.3.2 scores them.
    #[test]
    fn what_customers_write_is_scored_as_it_is_in_python() {
        for (text, want) in PYTHON {
            assert_eq!(millionths(text), want * 100, "{text}");
        }
    }

    #[rustfmt::skip]
    const PYTHON: [(&str, i64); 34] = [
        ("Hi, I'd like a quote for two amplifiers.", 3612),
        ("I love the new amplifier, thank you so much!", 7901),
        ("Delivery was late AGAIN and nobody called me back.", 0),
        ("It's okay, I guess.", 2263),
        ("I am not happy with the service.", -4585),
        ("I'm extremely disappointed!!", -6094),
        ("The sound is barely acceptable.", 2516),
        ("Could you please call me tomorrow?", 3182),
        ("This is the worst support I have ever had.", -3400),
        ("Great price, but the delivery was terrible.", -3818),
        ("Terrible delivery, but the price is great!", 7088),
        ("We won't be ordering from you again.", 0),
        ("never been so happy", 6948),
        ("WOW, AMAZING WORK", 8225),
        ("no problem at all :)", 6437),
        ("What??? Are you kidding me???", 3313),
        ("The team was friendly, helpful and fast.", 7184),
        ("It hardly works and I want my money back.", 772),
        ("Without doubt the best shop in town", 7438),
        ("You're the bomb!", -5411),
        ("at least the box was not damaged", 3412),
        ("It broke my heart 💔", 5423),
        ("Kind of slow, sort of pricey, mostly fine", 2023),
        ("NOT good", -3412),
        ("Isn't it wonderful?", -4585),
        ("Your invoice 4711 is attached.", 0),
        ("I can't complain, everything arrived safely", 6497),
        ("Thanks, but no thanks.", -2867),
        ("lol ok :D", 8415),
        ("The charger caught fire and burned my desk", -3400),
        ("Please cancel my order immediately.", 772),
        ("very very very bad", -6525),
        ("cool cool cool!!!!!", 7946),
        ("Honestly the least helpful agent so far", 1700),
    ];

    /// S1-112: a transcript's score is the mean of its sentences'.
    #[test]
    fn a_long_text_is_the_mean_of_its_sentences() {
        let (good, bad) = ("The book was good.", "Today SUX!");
        let text = format!("{good} {bad} {good}\n").repeat(10);
        let mean = (440_400 * 2 - 546_100_i64) as f64 / 3.0;
        assert_eq!(millionths(&text), mean.round() as i64);
        let silence = format!("{good} {}", "Nothing was said. ".repeat(20));
        assert_eq!(millionths(&silence), 20_971, "440400 / 21");
    }

    #[test]
    fn means_are_rounded_to_the_nearest_halves_up() {
        for (sum, count, want) in [(0, 0, 0), (7, 2, 4), (-7, 2, -3), (10, 3, 3), (-11, 3, -4)] {
            assert_eq!(rounded_mean(sum, count), want, "{sum} / {count}");
        }
    }

    #[test]
    fn what_says_nothing_in_english_is_neutral() {
        for text in ["", " \n", "...", "Is?", "Goeiemôre, Jan hier."] {
            assert_eq!(millionths(text), 0, "{text}");
        }
        let afrikaans = "Ek wil graag die toonbank sien";
        assert!(
            millionths(afrikaans) < -500_000,
            "it is not told from English"
        );
    }

    #[test]
    fn a_hostile_transcript_is_scored_in_bounded_time() {
        let words = [
            "!",
            "?",
            "a",
            "💘",
            "but ",
            "good ",
            "kind of ",
            "GOOD not ",
            ". ",
            "a\n",
        ];
        for word in words {
            let text = word.repeat(TRANSCRIPT_CHARS_MAX / word.chars().count());
            let started = Instant::now();
            let score = VADERS[0].score(&text);
            assert!(started.elapsed() < TIME_MAX, "{word}");
            assert!(Sentiment::new(score).is_some(), "{word}: {score}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_one_score_from_minus_one_to_one(
            text in prop_oneof![
                any::<String>(),
                "[A-Za-z !?.,:;()'💘\n-]{0,600}",
                "((not|very|good|BAD|but|kind|of|the|least|lol|:\\))[ !?.\n]){0,200}",
            ],
        ) {
            let [score, again] = [&VADERS[0], &VADERS[1]].map(|vader| vader.score(&text));
            prop_assert!(Sentiment::new(score).is_some());
            prop_assert_eq!(again, score);
        }
    }
}
