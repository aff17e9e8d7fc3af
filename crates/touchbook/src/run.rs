//! From a command line to what it does.

use crate::access::Mode as AccessMode;
use crate::cli::{self, Cli, Command};
use crate::config::{self, Config, Slug};
use crate::control::{self, KeyRequest, Request, Secret};
use crate::progress::{note, say};
use crate::{demo, service, telemetry, transfer};
use anyhow::{Context, bail};
use rustix::fs::Mode;
use std::future::Future;
use std::path::Path;

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
        Command::Serve(serve) => {
            let mode = match serve.dev {
                true => AccessMode::Dev,
                false => AccessMode::Accounts,
            };
            block_on(service::serve(&config, mode))
        }
        Command::Demo(options) => block_on(demo::run(config, &options)),
        Command::Config(_) => {
            say(config::print(&config).trim_end());
            Ok(())
        }
        Command::Import(options) => block_on(transfer::import(&config, *options)),
        Command::Export(options) => block_on(transfer::export(&config, *options)),
        other => {
            let request = request(other, &config)?;
            let is_new_key = matches!(request, Request::CreateKey(_));
            block_on(control::ask(&config, request))?;
            if is_new_key {
                note("keep it: it is shown this once, and only its hash is stored");
            }
            Ok(())
        }
    }
}

/// What a command asks of the node.
fn request(command: Command, config: &Config) -> anyhow::Result<Request> {
    let default_tenant = || config.tenants.default_tenant.0.clone();
    Ok(match command {
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
        Command::Keys(keys) => request_of_keys(keys, &default_tenant())?,
        Command::Serve(_)
        | Command::Demo(_)
        | Command::Config(_)
        | Command::Import(_)
        | Command::Export(_) => {
            bail!("this is no command to a node")
        }
    })
}

fn request_of_keys(keys: cli::Keys, default_tenant: &str) -> anyhow::Result<Request> {
    let of = |tenant: Option<Slug>| tenant.map_or_else(|| default_tenant.to_owned(), |own| own.0);
    Ok(match keys {
        cli::Keys::Create(key) => {
            let tenant = of(key.tenant);
            Request::CreateKey(KeyRequest {
                creates_tenant: tenant == default_tenant,
                tenant,
                role: key.role,
                name: key.name,
                user: key.user,
                webhook: key.webhook,
                secret: key.secret_file.as_deref().map(secret).transpose()?,
            })
        }
        cli::Keys::List { tenant, .. } => Request::ListKeys { tenant: of(tenant) },
        cli::Keys::Revoke { tenant, prefix, .. } => Request::RevokeKey {
            tenant: of(tenant),
            prefix,
        },
    })
}

/// A secret is no flag, since everybody on the machine sees a command line.
fn secret(path: &Path) -> anyhow::Result<Secret> {
    let text = match path.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin()).context("could not read stdin")?,
        _ => std::fs::read_to_string(path)
            .with_context(|| format!("could not read {}", path.display()))?,
    };
    match text.trim() {
        "" => bail!("{} holds no secret", path.display()),
        text => Ok(Secret(text.to_owned())),
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime
        .context("could not start the runtime")?
        .block_on(work)
}
