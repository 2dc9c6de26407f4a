//! Remedies with the port and the addresses of the service that they are for.

use std::net::IpAddr;

use super::super::evidence::Evidence;
use super::super::port::scope;
use super::super::service::Service;
use crate::model::network::Network;
use crate::runtime::Scope;

/// What stands for the placeholders of a remedy.
#[derive(Default)]
pub(super) struct Fill {
    port: String,
    ipv4: String,
    ipv6: String,
}

impl Fill {
    /// The port and the addresses that keep the scope of a service.
    pub(super) fn new(service: &Service<'_>, evidence: &Evidence<'_>) -> Self {
        let port = match service.ports.as_slice() {
            [port] => port.to_string(),
            _ => "PORT".to_owned(),
        };
        let (ipv4, ipv6) = match service.scope() {
            Scope::Any => ("0.0.0.0".to_owned(), "::".to_owned()),
            Scope::Loopback => ("127.0.0.1".to_owned(), "::1".to_owned()),
            Scope::One => {
                let network = evidence.network(service.netns);
                (address(service, network, 4), address(service, network, 6))
            }
        };
        Self { port, ipv4, ipv6 }
    }

    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("{port}", &self.port).replace("{ipv4}", &self.ipv4).replace("{ipv6}", &self.ipv6)
    }
}

/// The address of one version of IP that stands for the addresses which the service is bound to: its own, or else the
/// only one of the same device.
fn address(service: &Service<'_>, network: Option<&Network>, version: u8) -> String {
    let is_of_version = |ip: &IpAddr| ip.is_ipv4() == (version == 4);
    let own = service.listeners.iter().filter(|listener| scope(**listener) == Scope::One);
    let own: Vec<_> = own.map(|listener| listener.local.ip()).collect();
    let mut of_version: Vec<_> = own.iter().copied().filter(is_of_version).collect();
    of_version.sort_unstable();
    of_version.dedup();
    if of_version.is_empty() {
        let addresses = || network.iter().flat_map(|network| network.addresses.iter().flatten());
        let devices: Vec<_> =
            addresses().filter(|address| own.contains(&address.ip)).map(|address| address.device).collect();
        let is_link_local = |ip: IpAddr| matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
        let same = addresses().filter(|address| devices.contains(&address.device)).map(|address| address.ip);
        of_version = same.filter(|ip| is_of_version(ip) && !is_link_local(*ip)).collect();
    }
    match of_version.as_slice() {
        [one] => one.to_string(),
        _ => format!("«the IPv{version} address of the same interface»"),
    }
}
