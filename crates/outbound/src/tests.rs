//! The poller against a real server in this process.

mod failing;
mod paging;
mod support;
