//! A DHCP server for one guest: one address, one client, a lease without end. The address is the pod's business; the
//! guest only has to learn it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use smoltcp::wire::{DhcpMessageType, DhcpOption, DhcpPacket, DhcpRepr, EthernetAddress};

use crate::failure::{Context, Failure, Outcome};
use crate::spec::Dhcp;

const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;
const LEASE_SECONDS: u32 = u32::MAX;
const PACKET_BYTES_MAX: usize = 1500;
/// Clients must accept this much; more only if they say so (RFC 2131), which none needs here.
const ANSWER_BYTES_MAX: usize = 548;

const OPTION_DNS: u8 = 6;
const OPTION_HOSTNAME: u8 = 12;
const OPTION_DOMAIN: u8 = 15;
const OPTION_MTU: u8 = 26;
const OPTION_SEARCH: u8 = 119;

/// A bound server; [`Server::run`] never returns.
pub struct Server {
    socket: UdpSocket,
    lease: Lease,
}

/// A [`Dhcp`] in the form packets need.
struct Lease {
    mac: EthernetAddress,
    address: Ipv4Addr,
    mask: Ipv4Addr,
    gateway: Ipv4Addr,
    options: Vec<(u8, Vec<u8>)>,
}

impl Server {
    /// Binds in the current network namespace.
    pub fn bind(dhcp: &Dhcp) -> Outcome<Self> {
        let lease = Lease::new(dhcp)?;
        let what = || format!("serve DHCP on {}", dhcp.bridge);
        let socket = open_socket(&dhcp.bridge).context(what)?;
        Ok(Self { socket, lease })
    }

    pub fn run(&self) {
        let mut packet = [0; PACKET_BYTES_MAX];
        let mut failed = false;
        loop {
            let (count, from) = match self.socket.recv_from(&mut packet) {
                Ok(received) => received,
                Err(error) => {
                    // The bridge may go away before the process does; said once, and never a busy loop.
                    if !std::mem::replace(&mut failed, true) {
                        eprintln!("Cannot receive DHCP requests: {error}");
                    }
                    std::thread::sleep(std::time::Duration::from_secs(1));
                    continue;
                }
            };
            let Some(answer) = self.lease.answer(&packet[..count]) else { continue };
            // A client with an address may renew by unicast; one without can only hear broadcasts.
            let to = match from.ip() {
                IpAddr::V4(ip) if ip == self.lease.address => ip,
                _ => Ipv4Addr::BROADCAST,
            };
            if let Err(error) = self.socket.send_to(&answer, SocketAddr::V4(SocketAddrV4::new(to, CLIENT_PORT))) {
                eprintln!("Cannot answer a DHCP request: {error}");
            }
        }
    }
}

/// Several pods' worth of bridges may share one namespace, so the socket is tied to its bridge before it is bound.
fn open_socket(bridge: &str) -> std::io::Result<UdpSocket> {
    use std::os::fd::FromRawFd;
    // SAFETY: plain socket(2); the descriptor is checked and then owned by the UdpSocket alone.
    let socket = unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        if fd < 0 {
            return Err(std::io::Error::last_os_error());
        }
        UdpSocket::from_raw_fd(fd)
    };
    set_option(&socket, libc::SO_REUSEADDR, &1i32.to_ne_bytes())?;
    set_option(&socket, libc::SO_BINDTODEVICE, bridge.as_bytes())?;
    set_option(&socket, libc::SO_BROADCAST, &1i32.to_ne_bytes())?;
    // A checksum left to the device never gets computed on a tap, and small clients read raw packets and check it.
    set_option(&socket, libc::SO_NO_CHECK, &1i32.to_ne_bytes())?;
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: SERVER_PORT.to_be(),
        sin_addr: libc::in_addr { s_addr: 0 },
        sin_zero: [0; 8],
    };
    // SAFETY: the address is initialised and its size is given.
    let status = unsafe {
        libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size_of::<libc::sockaddr_in>() as libc::socklen_t)
    };
    if status < 0 { Err(std::io::Error::last_os_error()) } else { Ok(socket) }
}

fn set_option(socket: &UdpSocket, option: libc::c_int, value: &[u8]) -> std::io::Result<()> {
    // SAFETY: pointer and length describe `value`, which outlives the call.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            value.as_ptr().cast(),
            value.len() as libc::socklen_t,
        )
    };
    if status < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

impl Lease {
    fn new(dhcp: &Dhcp) -> Outcome<Self> {
        let refuse = |why: String| Failure::terminal(format!("Cannot serve DHCP on {}: {why}", dhcp.bridge));
        let mac =
            parse_mac(&dhcp.mac).ok_or_else(|| refuse(format!("the MAC address is not one: got {:?}", dhcp.mac)))?;
        if dhcp.prefix_length > 32 {
            return Err(refuse(format!("the prefix length must be at most 32: got {}", dhcp.prefix_length)));
        }
        let mask = u32::MAX.checked_shl(32 - u32::from(dhcp.prefix_length)).unwrap_or(0);
        let mut options = Vec::new();
        // Only IPv4 nameservers fit the option; a guest with IPv4 alone could not reach others anyway.
        let nameservers: Vec<u8> = dhcp
            .nameservers
            .iter()
            .filter_map(|ip| ip.parse::<Ipv4Addr>().ok())
            .take(8)
            .flat_map(|ip| ip.octets())
            .collect();
        if !nameservers.is_empty() {
            options.push((OPTION_DNS, nameservers));
        }
        if !dhcp.hostname.is_empty() {
            options.push((OPTION_HOSTNAME, dhcp.hostname.bytes().take(63).collect()));
        }
        if let Some(first) = dhcp.search_domains.first() {
            options.push((OPTION_DOMAIN, first.bytes().take(253).collect()));
        }
        if dhcp.mtu >= 68 {
            options.push((OPTION_MTU, dhcp.mtu.to_be_bytes().to_vec()));
        }
        let search = encode_search(&dhcp.search_domains);
        if !search.is_empty() {
            options.push((OPTION_SEARCH, search));
        }
        Ok(Self { mac, address: dhcp.address, mask: Ipv4Addr::from(mask), gateway: dhcp.gateway, options })
    }

    /// The packet to send back, if this is a question of our guest.
    fn answer(&self, request: &[u8]) -> Option<Vec<u8>> {
        let packet = DhcpPacket::new_checked(request).ok()?;
        let request = DhcpRepr::parse(&packet).ok()?;
        if request.client_hardware_address != self.mac {
            return None;
        }
        let message_type = match request.message_type {
            DhcpMessageType::Discover => DhcpMessageType::Offer,
            DhcpMessageType::Request => {
                if request.server_identifier.is_some_and(|server| server != self.gateway) {
                    return None; // it chose another server
                }
                let wanted = request.requested_ip.unwrap_or(request.client_ip);
                if wanted == self.address { DhcpMessageType::Ack } else { DhcpMessageType::Nak }
            }
            DhcpMessageType::Inform => DhcpMessageType::Ack,
            _ => return None,
        };
        self.emit(&request, message_type)
    }

    fn emit(&self, request: &DhcpRepr<'_>, message_type: DhcpMessageType) -> Option<Vec<u8>> {
        let granted = message_type != DhcpMessageType::Nak;
        let leased = granted && request.message_type != DhcpMessageType::Inform;
        let options: Vec<DhcpOption<'_>> =
            self.options.iter().map(|(kind, data)| DhcpOption { kind: *kind, data }).collect();
        let answer = DhcpRepr {
            message_type,
            transaction_id: request.transaction_id,
            secs: 0,
            client_hardware_address: self.mac,
            client_ip: if granted { request.client_ip } else { Ipv4Addr::UNSPECIFIED },
            your_ip: if leased { self.address } else { Ipv4Addr::UNSPECIFIED },
            server_ip: self.gateway,
            router: granted.then_some(self.gateway),
            subnet_mask: granted.then_some(self.mask),
            relay_agent_ip: request.relay_agent_ip,
            broadcast: request.broadcast,
            requested_ip: None,
            client_identifier: None,
            server_identifier: Some(self.gateway),
            parameter_request_list: None,
            dns_servers: None,
            max_size: None,
            lease_duration: leased.then_some(LEASE_SECONDS),
            renew_duration: None,
            rebind_duration: None,
            additional_options: if granted { &options } else { &[] },
        };
        let mut bytes = vec![0; answer.buffer_len().max(300)];
        answer.emit(&mut DhcpPacket::new_unchecked(&mut bytes)).ok()?;
        (bytes.len() <= ANSWER_BYTES_MAX).then_some(bytes)
    }
}

fn parse_mac(text: &str) -> Option<EthernetAddress> {
    let octets: Vec<u8> = text.split(':').map(|part| u8::from_str_radix(part, 16)).collect::<Result<_, _>>().ok()?;
    Some(EthernetAddress(octets.try_into().ok()?))
}

/// RFC 3397 without compression; domains that do not fit are left out, whole.
fn encode_search(domains: &[String]) -> Vec<u8> {
    const SEARCH_BYTES_MAX: usize = 200;
    let mut encoded = Vec::new();
    for domain in domains {
        let mut one = Vec::new();
        for label in domain.trim_end_matches('.').split('.') {
            if label.is_empty() || label.len() > 63 {
                one.clear();
                break;
            }
            one.push(label.len() as u8);
            one.extend_from_slice(label.as_bytes());
        }
        if one.is_empty() || encoded.len() + one.len() + 1 > SEARCH_BYTES_MAX {
            continue;
        }
        encoded.append(&mut one);
        encoded.push(0);
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: EthernetAddress = EthernetAddress([2, 0, 0, 0, 0, 7]);

    fn lease() -> Lease {
        Lease::new(&Dhcp {
            bridge: "k6t-eth0".into(),
            mac: "02:00:00:00:00:07".into(),
            address: Ipv4Addr::new(10, 0, 2, 2),
            prefix_length: 24,
            gateway: Ipv4Addr::new(10, 0, 2, 1),
            nameservers: vec!["10.96.0.10".into(), "fd00::1".into()],
            search_domains: vec!["default.svc.cluster.local".into(), "cluster.local".into()],
            mtu: 1450,
            hostname: "vm".into(),
        })
        .unwrap()
    }

    fn request(message_type: DhcpMessageType, change: impl FnOnce(&mut DhcpRepr<'_>)) -> Vec<u8> {
        let mut repr = DhcpRepr {
            message_type,
            transaction_id: 0xdecaf,
            secs: 0,
            client_hardware_address: MAC,
            client_ip: Ipv4Addr::UNSPECIFIED,
            your_ip: Ipv4Addr::UNSPECIFIED,
            server_ip: Ipv4Addr::UNSPECIFIED,
            router: None,
            subnet_mask: None,
            relay_agent_ip: Ipv4Addr::UNSPECIFIED,
            broadcast: false,
            requested_ip: None,
            client_identifier: Some(MAC),
            server_identifier: None,
            parameter_request_list: Some(&[1, 3, 6]),
            dns_servers: None,
            max_size: None,
            lease_duration: None,
            renew_duration: None,
            rebind_duration: None,
            additional_options: &[],
        };
        change(&mut repr);
        let mut bytes = vec![0; repr.buffer_len()];
        repr.emit(&mut DhcpPacket::new_unchecked(&mut bytes)).unwrap();
        bytes
    }

    fn option(packet: &[u8], kind: u8) -> Option<Vec<u8>> {
        let packet = DhcpPacket::new_checked(packet).unwrap();
        packet.options().find(|option| option.kind == kind).map(|option| option.data.to_vec())
    }

    #[test]
    fn answer_offers_the_address_with_everything_the_pod_knows() {
        let answer = lease().answer(&request(DhcpMessageType::Discover, |_| {})).unwrap();
        let packet = DhcpPacket::new_checked(&answer[..]).unwrap();
        assert_eq!(packet.your_ip(), Ipv4Addr::new(10, 0, 2, 2));
        assert_eq!(packet.transaction_id(), 0xdecaf);
        assert_eq!(option(&answer, 53), Some(vec![2]));
        assert_eq!(option(&answer, 1), Some(vec![255, 255, 255, 0]));
        assert_eq!(option(&answer, 3), Some(vec![10, 0, 2, 1]));
        assert_eq!(option(&answer, 6), Some(vec![10, 96, 0, 10]));
        assert_eq!(option(&answer, 12), Some(b"vm".to_vec()));
        assert_eq!(option(&answer, 26), Some(1450u16.to_be_bytes().to_vec()));
        assert_eq!(option(&answer, 51), Some(vec![255; 4]));
        assert_eq!(option(&answer, 54), Some(vec![10, 0, 2, 1]));
        assert_eq!(
            option(&answer, 119),
            Some(b"\x07default\x03svc\x07cluster\x05local\0\x07cluster\x05local\0".to_vec())
        );
    }

    #[test]
    fn answer_acknowledges_only_the_address_it_gives() {
        let acked =
            lease().answer(&request(DhcpMessageType::Request, |r| r.requested_ip = Some(Ipv4Addr::new(10, 0, 2, 2))));
        assert_eq!(option(&acked.unwrap(), 53), Some(vec![5]));
        let other =
            lease().answer(&request(DhcpMessageType::Request, |r| r.requested_ip = Some(Ipv4Addr::new(10, 0, 2, 9))));
        assert_eq!(option(&other.unwrap(), 53), Some(vec![6]));
        let elsewhere = request(DhcpMessageType::Request, |r| {
            r.requested_ip = Some(Ipv4Addr::new(10, 0, 2, 2));
            r.server_identifier = Some(Ipv4Addr::new(10, 0, 2, 254));
        });
        assert_eq!(lease().answer(&elsewhere), None);
    }

    #[test]
    fn answer_ignores_strangers_and_garbage() {
        let stranger =
            request(DhcpMessageType::Discover, |r| r.client_hardware_address = EthernetAddress([2, 0, 0, 0, 0, 8]));
        assert_eq!(lease().answer(&stranger), None);
        let valid = request(DhcpMessageType::Discover, |_| {});
        for end in 0..valid.len() {
            let _ = lease().answer(&valid[..end]);
        }
        assert_eq!(lease().answer(&[0xff; 600]), None);
    }
}
