//! The command line.

use crate::config::{Flags, Slug};
use crate::transfer::To;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// The ledger of every customer touchpoint.
///
/// Calls, e-mails, SMS, social posts, orders and quotes come in over HTTP or NATS, are stored for
/// good in the order in which they were decided, and are read back as customers and timelines.
#[derive(Parser, Debug)]
#[command(
    name = "touchbook",
    version,
    after_help = "Try it: `touchbook demo` serves made-up customers and says what to look at.",
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run the service
    ///
    /// Prints `listening on http://…` once requests are answered. SIGTERM or Ctrl-C stops it: it
    /// takes no more requests, finishes those it has, writes snapshots and ends; a second one ends
    /// it at once, which loses nothing either.
    #[command(after_help = "Example: touchbook serve --dev --data-dir ./data")]
    Serve(Serve),
    /// Serve made-up or real data, to look around
    ///
    /// Serves like `serve --dev` on a directory of its own, loads 200 customers with 5,000 events
    /// of 90 days (or orders from a file), and says what to open and to try. Ctrl-C ends it.
    #[command(
        after_help = "Examples:\n  touchbook demo\n  touchbook demo --orders CDNOW_master.txt"
    )]
    Demo(Demo),
    /// Create or list tenants
    ///
    /// A tenant is a ledger of its own: customers, positions and projections belong to one tenant,
    /// and nothing of it is ever seen by another.
    #[command(subcommand, after_help = "Example: touchbook tenants create acme")]
    Tenants(Tenants),
    /// Create, list or revoke API keys
    ///
    /// A key opens one tenant, with one role. Whoever owns the data directory needs none.
    #[command(
        subcommand,
        after_help = "Examples:\n  touchbook keys create --role super_admin\n  touchbook keys \
                      create --webhook shopify --secret-file secret.txt"
    )]
    Keys(Keys),
    /// Import customers from a CSV file
    ///
    /// Hands the file to the running service and follows the import until it has ended; fails if
    /// any row did. The same file can be sent again: what is known already changes nothing. Ctrl-C
    /// cancels the import; what it has written stays, and can be undone.
    #[command(
        after_help = "Examples:\n  touchbook import customers.csv --dry-run\n  touchbook import \
                      customers.csv --errors wrong.csv"
    )]
    Import(Box<Import>),
    /// Export all customers as a CSV file
    #[command(
        after_help = "Examples:\n  touchbook export --out customers.csv\n  touchbook export \
                      --columns External_ID,Email,Total_Agent_Calls"
    )]
    Export(Box<Export>),
    /// Rebuild projections from the ledger
    ///
    /// Folds a second state beside the one that answers, which goes on answering, and swaps it in.
    /// Ctrl-C gives up and leaves everything as it was.
    #[command(
        visible_alias = "replay",
        after_help = "Examples:\n  touchbook rebuild\n  touchbook rebuild --tenant acme customers"
    )]
    Rebuild(Rebuild),
    /// Check that the ledger holds what was written
    ///
    /// Walks the whole hash chain and names the first position that is not as it was stored.
    #[command(after_help = "Example: touchbook verify --tenant acme")]
    Verify(Verify),
    /// Look after the connection to the stream
    #[command(subcommand, after_help = "Example: touchbook stream status")]
    Stream(Stream),
    /// Look at the configuration
    #[command(
        subcommand,
        after_help = "Example: touchbook config default > touchbook.toml"
    )]
    Config(Config),
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Ask nobody for credentials: the tenant is what X-Tenant-ID names, created on first use. Only
    /// on a loopback address
    #[arg(long)]
    pub(crate) dev: bool,
    #[command(flatten)]
    pub(crate) settings: Flags,
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Load real orders instead: columns customer, date YYYYMMDD, number of items, dollars
    #[arg(long, value_name = "FILE")]
    pub(crate) orders: Option<PathBuf>,
    /// Where the made-up data begins; the same number makes the same customers
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// End once everything is loaded
    #[arg(long)]
    pub(crate) exit_after_load: bool,
    #[command(flatten)]
    pub(crate) settings: Flags,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Tenants {
    /// Create a tenant, unless it is there
    #[command(after_help = "Example: touchbook tenants create acme")]
    Create {
        /// Its name: 1 to 40 of the characters a-z, 0-9 and -
        tenant: Slug,
        #[command(flatten)]
        settings: Flags,
    },
    /// List the tenants and how many records each has
    #[command(after_help = "Example: touchbook tenants list")]
    List {
        #[command(flatten)]
        settings: Flags,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum Keys {
    /// Create a key and print it, this once; only its hash is kept
    #[command(
        after_help = "Example: touchbook keys create --role producer --name 'shop connector'"
    )]
    Create(Box<CreateKey>),
    /// List the keys that there ever were; none of them is told
    #[command(after_help = "Example: touchbook keys list --tenant acme")]
    List {
        /// Whose [default: the default tenant]
        #[arg(long)]
        tenant: Option<Slug>,
        #[command(flatten)]
        settings: Flags,
    },
    /// Let a key, and the sessions that began with it, open nothing any more
    #[command(after_help = "Example: touchbook keys revoke 3f9c1a2b4d5e")]
    Revoke {
        /// Its prefix, as `keys list` shows it
        prefix: String,
        /// Whose [default: the default tenant]
        #[arg(long)]
        tenant: Option<Slug>,
        #[command(flatten)]
        settings: Flags,
    },
}

#[derive(Args, Debug)]
pub(crate) struct CreateKey {
    /// What it may do: customer_self, agent, manager, compliance, super_admin or producer
    #[arg(long, required_unless_present = "webhook")]
    pub(crate) role: Option<String>,
    /// What people call it
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The user whose it is, as defined with PUT /api/v1/users/{user_id}
    #[arg(long, value_name = "USER_ID")]
    pub(crate) user: Option<String>,
    /// The one webhook that it opens: timeline, call_system, meta or shopify
    #[arg(long, value_name = "KIND", conflicts_with_all = ["role", "user"])]
    pub(crate) webhook: Option<String>,
    /// File with the secret that the webhook's sender signs with; - reads it from stdin
    #[arg(long, value_name = "FILE", requires = "webhook")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Whose [default: the default tenant, which begins with its first key]
    #[arg(long)]
    pub(crate) tenant: Option<Slug>,
    #[command(flatten)]
    pub(crate) settings: Flags,
}

#[derive(Args, Debug)]
pub(crate) struct Import {
    /// The file; GET /api/v1/customers/import/columns describes its columns
    pub(crate) file: PathBuf,
    /// Count and check, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write nothing if any row is wrong in itself
    #[arg(long)]
    pub(crate) atomic: bool,
    /// Totals in the file leave out what it has as history too
    #[arg(long)]
    pub(crate) excludes_history: bool,
    /// Where to save the rows that failed, to be corrected and imported again
    #[arg(long, value_name = "FILE")]
    pub(crate) errors: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) to: To,
    #[command(flatten)]
    pub(crate) settings: Flags,
}

#[derive(Args, Debug)]
pub(crate) struct Export {
    /// Where to write it [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Only these columns, in this order, apart by commas [default: all]
    #[arg(long)]
    pub(crate) columns: Option<String>,
    /// How columns are spelled: readable or snake [default: readable]
    #[arg(long, value_parser = ["readable", "snake"])]
    pub(crate) headers: Option<String>,
    #[command(flatten)]
    pub(crate) to: To,
    #[command(flatten)]
    pub(crate) settings: Flags,
}

#[derive(Args, Debug)]
pub(crate) struct Rebuild {
    /// Projections to rebuild [default: all]
    #[arg(value_name = "PROJECTION")]
    pub(crate) projections: Vec<String>,
    /// Whose [default: the default tenant]
    #[arg(long)]
    pub(crate) tenant: Option<Slug>,
    #[command(flatten)]
    pub(crate) settings: Flags,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// Whose [default: every tenant's]
    #[arg(long)]
    pub(crate) tenant: Option<Slug>,
    #[command(flatten)]
    pub(crate) settings: Flags,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Stream {
    /// Show whether events flow, and if not, why
    #[command(after_help = "Example: touchbook stream status")]
    Status {
        #[command(flatten)]
        settings: Flags,
    },
    /// Accept the stream that reading has stopped at
    ///
    /// Reading stops with `stream_rewound` or `stream_gap` when the stream is not the one that was
    /// read before: restored from a backup, made anew, or expired beyond what was read. What the
    /// stream has lost stays lost; what the ledger has already is recognised and not taken twice.
    #[command(after_help = "Example: touchbook stream adopt")]
    Adopt {
        #[command(flatten)]
        settings: Flags,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum Config {
    /// Print the effective configuration and where each value comes from, without secrets
    #[command(after_help = "Example: touchbook config print --config /etc/touchbook.toml")]
    Print {
        #[command(flatten)]
        settings: Box<Flags>,
    },
    /// Print a configuration file with every setting, its default, and what it means
    #[command(after_help = "Example: touchbook config default > touchbook.toml")]
    Default,
}

impl Command {
    /// The settings that come along.
    pub(crate) fn settings(&self) -> Option<&Flags> {
        match self {
            Self::Serve(Serve { settings, .. })
            | Self::Demo(Demo { settings, .. })
            | Self::Tenants(Tenants::Create { settings, .. } | Tenants::List { settings })
            | Self::Keys(Keys::List { settings, .. } | Keys::Revoke { settings, .. })
            | Self::Rebuild(Rebuild { settings, .. })
            | Self::Verify(Verify { settings, .. })
            | Self::Stream(Stream::Status { settings } | Stream::Adopt { settings }) => {
                Some(settings)
            }
            Self::Keys(Keys::Create(key)) => Some(&key.settings),
            Self::Import(import) => Some(&import.settings),
            Self::Export(export) => Some(&export.settings),
            Self::Config(Config::Print { settings }) => Some(settings),
            Self::Config(Config::Default) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn replay_is_another_name_of_rebuild() {
        let cli = Cli::parse_from(["touchbook", "replay", "--tenant", "acme", "customers"]);
        let Command::Rebuild(rebuild) = cli.command else {
            panic!("{cli:?}")
        };
        assert_eq!(rebuild.tenant, Some(Slug("acme".to_owned())));
        assert_eq!(rebuild.projections, ["customers"]);
    }

    #[test]
    fn every_command_shows_an_example() {
        fn check(command: &clap::Command) {
            let name = command.get_name();
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(help.contains("touchbook "), "{name} has no example");
            assert!(
                command.get_about().is_some(),
                "{name} says not what it does"
            );
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn a_tenant_is_checked_before_anything_is_opened() {
        let refused = Cli::try_parse_from(["touchbook", "tenants", "create", "Acme!"]);
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("a-z, 0-9 and -"), "{text}");
    }
}
