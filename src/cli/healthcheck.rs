//! `onaccount healthcheck`: whether a server on this machine lives, for container engines that have no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;

use super::CliError;

const ANSWER_WAIT_MAX: Duration = Duration::from_secs(2);

/// Which server.
#[derive(Debug, Clone, Args)]
pub struct HealthcheckOptions {
    /// Where it listens, as `serve` was told
    #[arg(long, env = "ONACCOUNT_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Ask whether it can serve requests (/readyz), not only whether it lives (/livez)
    #[arg(long)]
    ready: bool,
}

/// Asks the server; the error is why it is not well.
pub(super) fn healthcheck(options: &HealthcheckOptions) -> Result<(), CliError> {
    let path = if options.ready { "readyz" } else { "livez" };
    let url = format!("http://{}/{path}", reachable(options.listen));
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(ANSWER_WAIT_MAX))
        .build();
    ureq::Agent::from(config)
        .get(&url)
        .call()
        .map_err(|error| format!("{url}: {error}"))?;
    Ok(())
}

/// A server that listens everywhere is reached by loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:80", "[::1]:80"),
            ("10.1.2.3:8080", "10.1.2.3:8080"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), asked);
        }
    }

    #[test]
    fn a_port_where_nobody_listens_is_not_well() {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let error = healthcheck(&HealthcheckOptions {
            listen: port,
            ready: false,
        })
        .unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("http://{port}/livez: ")),
            "{error}"
        );
    }
}
