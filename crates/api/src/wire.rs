//! What the service reads and writes, as JSON.

pub(crate) mod accounts;
pub(crate) mod call;
pub(crate) mod customer;
pub(crate) mod dead_letter;
pub(crate) mod delivery;
pub(crate) mod details;
pub(crate) mod event;
pub(crate) mod event_type;
pub(crate) mod group;
pub(crate) mod imports;
pub(crate) mod insight;
pub(crate) mod ops;
pub(crate) mod policy;
pub(crate) mod problem;
pub(crate) mod reference;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod scorer;
pub(crate) mod standing;
pub(crate) mod stream;
pub(crate) mod suggestion;
pub(crate) mod summary;
pub(crate) mod timeline;
pub(crate) mod transfer;
pub(crate) mod view;
