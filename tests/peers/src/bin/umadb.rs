//! UmaDB's own server, as its own program starts it.

use std::error::Error;
use umadb::{parse_cli_options, start_server_with_cli_options};

fn main() -> Result<(), Box<dyn Error>> {
    start_server_with_cli_options(parse_cli_options(std::env::args())?)
}
