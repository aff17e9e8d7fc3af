//! What a long test is told by whoever runs it.

/// The number in a variable of the environment, or `otherwise` where there is none.
///
/// # Panics
/// When there is something else in it.
pub fn asked(variable: &str, otherwise: u64) -> u64 {
    let Some(text) = std::env::var_os(variable) else {
        return otherwise;
    };
    let number = text.to_str().and_then(|text| text.parse().ok());
    number.unwrap_or_else(|| panic!("{variable} must be a number, not {}", text.display()))
}
