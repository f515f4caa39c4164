//! Asks a running server whether it is well; for a container engine's health check, where no curl is.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Asks the server that listens on `listen` (`host:port`) for `/healthz`.
///
/// A wildcard address is asked on loopback. `limit` bounds connecting, and each read and write.
///
/// # Errors
/// When there is no connection, no answer in time, or another status than 200.
pub fn check(listen: &str, limit: Duration) -> io::Result<()> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, format!("{listen} names no address"));
    for address in listen.to_socket_addrs()? {
        match ask(reachable(address), limit) {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn ask(address: SocketAddr, limit: Duration) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut start = [0; 12];
    stream.read_exact(&mut start)?;
    if &start == b"HTTP/1.1 200" {
        return Ok(());
    }
    Err(io::Error::other(format!("{address} answered {}", String::from_utf8_lossy(&start).escape_debug())))
}

fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
