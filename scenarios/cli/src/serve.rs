//! `squall serve`: the broker on real sockets, until Ctrl-C or SIGTERM.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use squall_core::{BrokerConfig, ConnectionId, Fact, Identity, Source};
use squall_logs::ServiceLog;
use squall_profile::switch::SWITCHES;
use squall_profile::{LIMITS, Profile, profile_names};
use squall_services::policy::Account;
use squall_shell::{Observer, Shell, ShellOptions, TokioRuntime};
use squall_types::{Chance, Now, Seed};
use tokio::sync::oneshot;

use crate::exit::Exit;
use crate::interrupt;
use crate::log::LogFile;

/// Arguments of `squall serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Prints one line once it listens, such as
  ready mqtt=127.0.0.1:40123
and serves until Ctrl-C or SIGTERM, which ends every connection in an orderly way.

Exit codes:
  0    stopped as asked
  2    the command line was wrong, or the address could not be had
  130  stopped by a second Ctrl-C before all connections had ended")]
pub(crate) struct ServeArguments {
    /// Listen for MQTT 3.1.1 and 5 over plain TCP on a loopback address, such as 127.0.0.1:1883; port 0 takes any
    /// that is free. Nothing is encrypted and everybody is let in
    #[arg(long, value_name = "HOST:PORT")]
    insecure_mqtt: Option<String>,

    /// Limits and disputed behaviours to serve with
    #[arg(long, value_name = "NAME", default_value_t = default_profile())]
    profile: String,

    /// Set a limit or a switch of the profile, such as limits.session_expiry_seconds=60 (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,

    /// Seed of what the service draws, such as assigned client ids; otherwise the system gives one
    #[arg(long, value_name = "N")]
    seed: Option<Seed>,

    /// Write what the service logs to FILE, a JSON object a line, while it serves
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    /// Say on standard error who comes, who goes and why
    #[arg(long, short)]
    verbose: bool,
}

fn default_profile() -> String {
    profile_names().next().unwrap_or_default().to_owned()
}

pub(crate) fn serve(arguments: &ServeArguments) -> anyhow::Result<Exit> {
    let address = arguments.insecure_mqtt.as_deref().context(
        "nothing to listen on: give --insecure-mqtt HOST:PORT, such as --insecure-mqtt 127.0.0.1:1883",
    )?;
    let address = resolve(address).with_context(|| format!("--insecure-mqtt {address}"))?;
    let mut profile = Profile::named(&arguments.profile)?;
    for set in &arguments.sets {
        apply(&mut profile, set).with_context(|| format!("--set {set}"))?;
    }
    let seed = arguments.seed.unwrap_or_else(system_seed);
    let config = BrokerConfig::new(profile, seed);
    let log = arguments.log.as_deref().map(|path| ServedLog::create(path, seed)).transpose()?;

    allow_many_connections();
    let (stop, stopped) = oneshot::channel();
    let mut stop = Some(stop);
    interrupt::listen_and(move || {
        // Whoever waited for it may be gone, and so is the reason to tell.
        let _ = stop.take().map(|stop| stop.send(()));
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut shell = Shell::new(TokioRuntime::new(), config, ShellOptions::default());
        let address = shell.listen_insecure(address).await.context("--insecure-mqtt")?;
        tell(format_args!(
            "WARNING: --insecure-mqtt encrypts nothing and lets everybody in; it is for tests on this machine"
        ));
        tell(format_args!("profile {}, seed {seed}", arguments.profile));
        let mut observer = Watcher { verbose: arguments.verbose, last_warning: None, log };
        writeln!(io::stdout(), "ready mqtt={address}").and_then(|()| io::stdout().flush())?;
        let stop = async {
            // A handler that went away stops nothing.
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        shell.run(stop, &mut observer).await;
        Ok(Exit::Held)
    })
}

/// An address as `IP:PORT` or `localhost:PORT`; other names would have to be asked for on a network.
fn resolve(text: &str) -> anyhow::Result<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if text.strip_prefix("localhost:").is_some_and(|port| port.parse::<u16>().is_ok()) {
        let mut addresses = text.to_socket_addrs()?;
        return addresses.next().ok_or_else(|| anyhow!("localhost has no address"));
    }
    bail!("not an address; allowed are IP:PORT and localhost:PORT, such as 127.0.0.1:1883 or [::1]:0")
}

fn apply(profile: &mut Profile, set: &str) -> anyhow::Result<()> {
    let (key, value) = set.split_once('=').context("not KEY=VALUE, such as limits.topic_bytes=64")?;
    if let Some(name) = key.strip_prefix("limits.") {
        let number = value.replace('_', "");
        let number = number.parse().map_err(|_| anyhow!("'{value}' is no whole number below 2^32"))?;
        if !profile.limits.set(name, number) {
            bail!("no limit is called '{name}'{}", near(name, LIMITS.iter().map(|limit| limit.name)));
        }
        return Ok(());
    }
    let Some(name) = key.strip_prefix("switches.") else {
        bail!("'{key}' is no key of a profile; keys begin with 'limits.' or 'switches.'");
    };
    profile.switches.set(name, value).map_err(|allowed| match allowed {
        Some(allowed) => anyhow!("'{value}' is not allowed; allowed are {}", allowed.join(", ")),
        None => anyhow!("no switch is called '{name}'{}", near(name, SWITCHES.iter().copied())),
    })
}

/// What was probably meant, and else all that there is.
fn near<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let nearest = known
        .clone()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 3);
    match nearest {
        Some((_, known)) => format!("; did you mean '{known}'?"),
        None => format!("; there are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// A number that differs from run to run: the standard library seeds its hash maps from the system's randomness.
fn system_seed() -> Seed {
    Seed(RandomState::new().build_hasher().finish())
}

/// A connection is an open file, and the usual limit of 1,024 is one that a process may raise itself.
#[cfg(unix)]
fn allow_many_connections() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Without it there are fewer connections, and accepting the next one says so.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

#[cfg(not(unix))]
fn allow_many_connections() {}

/// What a person at the terminal is told.
struct Watcher {
    verbose: bool,
    last_warning: Option<Instant>,
    log: Option<ServedLog>,
}

/// The file of `--log`, and what goes there.
struct ServedLog {
    records: ServiceLog,
    file: LogFile,
}

impl ServedLog {
    fn create(path: &Path, seed: Seed) -> anyhow::Result<Self> {
        let records = ServiceLog::new(Account::DEFAULT_ID, Chance::new(seed));
        Ok(Self { records, file: LogFile::create(path)? })
    }
}

impl Observer for Watcher {
    fn opened(&mut self, connection: ConnectionId, identity: &Identity<'_>, source: Source) {
        if let Some(log) = &mut self.log {
            log.records.opened(connection, identity, source);
        }
    }

    fn closed(&mut self, connection: ConnectionId) {
        if let Some(log) = &mut self.log {
            log.records.closed(connection);
        }
    }

    fn handled(&mut self) {
        if let Some(log) = &mut self.log
            && !log.records.is_empty()
            && let Err(error) = log.file.write(&log.records.take())
        {
            tell(format_args!("warning: {error:#}; from here on nothing is logged"));
            self.log = None;
        }
    }

    fn fact(&mut self, now: Now, fact: Fact<'_>) {
        if let Some(log) = &mut self.log {
            log.records.fact(now, &fact);
        }
        if !self.verbose {
            return;
        }
        let millis = now.mono.as_millis();
        let at = format!("{:>6}.{:03}", millis / 1_000, millis % 1_000);
        match fact {
            Fact::Connected { connection, client_id, version, session_present, .. } => {
                let session = if session_present { "session resumed" } else { "new session" };
                tell(format_args!("{at} #{} connected: {client_id}, {version}, {session}", connection.0));
            }
            Fact::ConnectRefused { connection, why, .. } => {
                tell(format_args!("{at} #{} refused: {why:?}", connection.0));
            }
            Fact::Disconnected { connection, client_id, reason, .. } => {
                tell(format_args!("{at} #{} disconnected: {client_id}, {reason}", connection.0));
            }
            Fact::Discarded { client_id, topic, rule, .. } => {
                tell(format_args!("{at} discarded: {topic} for {client_id}, {}", rule.as_str()));
            }
            Fact::NotModelled { feature, .. } => {
                tell(format_args!("{at} not modelled: {}", feature.as_str()));
            }
            _ => {}
        }
    }

    fn accept_failed(&mut self, error: &io::Error) {
        const QUIET: Duration = Duration::from_secs(10);
        if self.last_warning.is_none_or(|last| last.elapsed() > QUIET) {
            self.last_warning = Some(Instant::now());
            tell(format_args!("warning: cannot accept a connection: {error}"));
        }
    }
}

/// To standard error. A service goes on where nobody hears it.
fn tell(what: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{what}");
}
