//! From a command line to what it does.

use crate::cli::{self, Cli, Command};
use crate::config::{self, Config};
use crate::control::{self, Request};
use crate::progress::say;
use crate::{demo, service, telemetry};
use anyhow::Context;
use rustix::fs::Mode;
use std::future::Future;

/// Files are made without any right for group and others.
const OTHERS_MAY_NOT: u32 = 0o077;

pub(crate) fn run(cli: Cli) -> anyhow::Result<()> {
    let Some(flags) = cli.command.settings() else {
        say(config::DEFAULT_TOML.trim_end());
        return Ok(());
    };
    let mut config = Config::load(flags).context("the configuration is not usable")?;
    if !matches!(cli.command, Command::Serve(_)) {
        // A command answers on the terminal; what it does inside is only of interest if asked for.
        config.log.quieten();
    }
    // What customers wrote is for the user who runs this alone.
    rustix::process::umask(Mode::from_raw_mode(OTHERS_MAY_NOT));
    if !matches!(cli.command, Command::Config(_)) {
        telemetry::log(&config.log);
        telemetry::log_panics();
    }
    match cli.command {
        Command::Serve(serve) => block_on(service::serve(&config, serve.dev)),
        Command::Demo(options) => block_on(demo::run(config, &options)),
        Command::Config(_) => {
            say(config::print(&config).trim_end());
            Ok(())
        }
        other => {
            let request = request(other, &config).expect("the rest are commands to a node");
            block_on(control::ask(&config, request))
        }
    }
}

/// What a command asks of the node.
fn request(command: Command, config: &Config) -> Option<Request> {
    let default_tenant = || config.tenants.default_tenant.0.clone();
    Some(match command {
        Command::Tenants(cli::Tenants::Create { tenant, .. }) => {
            Request::CreateTenant { tenant: tenant.0 }
        }
        Command::Tenants(cli::Tenants::List { .. }) => Request::ListTenants,
        Command::Rebuild(rebuild) => Request::Rebuild {
            tenant: rebuild
                .tenant
                .map_or_else(default_tenant, |tenant| tenant.0),
            projections: rebuild.projections,
        },
        Command::Verify(verify) => Request::Verify {
            tenant: verify.tenant.map(|tenant| tenant.0),
        },
        Command::Stream(cli::Stream::Status { .. }) => Request::StreamStatus,
        Command::Stream(cli::Stream::Adopt { .. }) => Request::AdoptStream,
        Command::Serve(_) | Command::Demo(_) | Command::Config(_) => return None,
    })
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime
        .context("could not start the runtime")?
        .block_on(work)
}
