//! Who may come in, and what each may do.
//!
//! Owns the form of API keys ([`KeyText`]), the deciding state of keys and users
//! ([`AccountsDecider`]) with the plain value that readers have of it ([`Accounts`]), and the one
//! table of roles and actions ([`Action`]).
//!
//! **Never** keeps a key that opens anything: only its hash. **Never** knows a route, a header or a
//! token: whoever serves those asks here what they may do.

mod accounts;
mod action;
mod decider;
mod key;

pub use accounts::{Accounts, Key, User};
pub use action::{Action, Scope};
pub use decider::AccountsDecider;
pub use key::{KeyText, NotAKey, PREFIX_BYTES, SECRET_BYTES};
